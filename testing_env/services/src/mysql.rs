//! MySQL, which only Debian unstable has.

use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::mariadb::{Options, Programs, Server};
use crate::unstable::{Unstable, run};

const PACKAGES: [&str; 2] = ["mysql-server-core", "mysql-client-core"];

/// Starts a server whose user `root` has all privileges over TCP with
/// [`PASSWORD`](crate::mariadb::PASSWORD). Downloads MySQL on first use.
///
/// # Errors
/// Returns an error if MySQL cannot be downloaded or does not start.
pub fn start(options: &Options) -> Result<Server> {
    let unstable = Unstable::open("mysql", &PACKAGES)?;
    let server = unstable.program("usr/sbin/mysqld");
    let arguments = vec![
        unstable.option("basedir", "usr"),
        unstable.option("lc-messages-dir", "usr/share/mysql"),
        unstable.option("plugin-dir", "usr/lib/mysql/plugin"),
        "--mysqlx=OFF".into(),
        "--secure-file-priv=".into(),
    ];
    let data = unstable.data(|new| {
        run(Command::new(&server[0])
            .args(&server[1..])
            .args(["--no-defaults", "--user=root", "--initialize-insecure"])
            .args(&arguments)
            .arg(format!("--datadir={}", new.display())))?;
        // Each server must generate its own UUID.
        let _ = fs::remove_file(new.join("auto.cnf"));
        Ok(())
    })?;
    let programs = Programs { server, arguments, client: unstable.program("usr/bin/mysql") };
    drop(unstable);
    Server::start(options, programs, "osiris-mysql-", |folder| {
        run(Command::new("cp").arg("-a").arg(data).arg(folder.join("data")))
    })
}
