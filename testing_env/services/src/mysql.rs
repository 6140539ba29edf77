//! MySQL, which Debian has in unstable only.

use std::ffi::OsString;
use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::mariadb::{Options, Programs, Server};
use crate::unstable::{Cache, Root, run};

/// Starts a server, whose user `root` may do all over TCP with
/// [`PASSWORD`](crate::mariadb::PASSWORD). The first start ever downloads it.
///
/// # Errors
/// It cannot be downloaded, or does not start.
pub fn start(options: &Options) -> Result<Server> {
    let cache = Cache::open("mysql", &["mysql-server-core", "mysql-client-core"])?;
    make_data(&cache)?;
    let (programs, data) = (programs(&cache.root()), cache.folder.join("data"));
    drop(cache);
    Server::start(options, programs, "osiris-mysql-", |folder| {
        run(Command::new("cp").arg("-a").arg(data).arg(folder.join("data")))
    })
}

fn programs(root: &Root) -> Programs {
    let option = |name: &str, path: &str| -> OsString {
        format!("--{name}={}", root.join(path).display()).into()
    };
    Programs {
        server: root.program("usr/sbin/mysqld"),
        arguments: vec![
            option("basedir", "usr"),
            option("lc-messages-dir", "usr/share/mysql"),
            option("plugin-dir", "usr/lib/mysql/plugin"),
            "--mysqlx=OFF".into(),
            "--secure-file-priv=".into(),
        ],
        client: root.program("usr/bin/mysql"),
    }
}

/// Makes new system tables in `data` of the cache, unless they are there.
fn make_data(cache: &Cache) -> Result<()> {
    let data = cache.folder.join("data");
    if data.exists() {
        return Ok(());
    }
    let new = cache.folder.join("data.new");
    let _ = fs::remove_dir_all(&new);
    let Programs { server, arguments, .. } = programs(&cache.root());
    run(Command::new(&server[0])
        .args(&server[1..])
        .args(["--no-defaults", "--user=root", "--initialize-insecure"])
        .args(arguments)
        .arg(format!("--datadir={}", new.display())))?;
    // Servers that run at the same time are not the same one.
    let _ = fs::remove_file(new.join("auto.cnf"));
    fs::rename(new, data)?;
    Ok(())
}
