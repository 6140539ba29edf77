//! MariaDB of Debian unstable, which has types that the stable version lacks.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::mariadb::{Options, Programs, Server};
use crate::unstable::{Unstable, run};

const PACKAGES: [&str; 2] = ["mariadb-server-core", "mariadb-client-core"];
/// The scripts that create the system tables.
const TABLES: [&str; 3] = [
    "mariadb_system_tables.sql",
    "mariadb_performance_tables.sql",
    "mariadb_system_tables_data.sql",
];

/// Starts a server, as [`mariadb::start`](crate::mariadb::start) does. Downloads MariaDB on first
/// use.
///
/// # Errors
/// Returns an error if MariaDB cannot be downloaded or does not start.
pub fn start(options: &Options) -> Result<Server> {
    let unstable = Unstable::open("mariadb", &PACKAGES)?;
    let server = unstable.program("usr/sbin/mariadbd");
    let arguments = vec![
        unstable.option("lc-messages-dir", "usr/share/mariadb"),
        unstable.option("plugin-dir", "usr/lib/mysql/plugin"),
    ];
    let data = unstable.data(|new| {
        let mut command = Command::new(&server[0]);
        command
            .args(&server[1..])
            .args(["--no-defaults", "--user=root", "--bootstrap", "--skip-name-resolve"])
            .args(&arguments)
            .arg(format!("--datadir={}", new.display()));
        bootstrap(&mut command, new, &unstable)
    })?;
    let programs = Programs { server, arguments, client: unstable.program("usr/bin/mariadb") };
    drop(unstable);
    Server::start(options, programs, "osiris-mariadb-", |folder| {
        run(Command::new("cp").arg("-a").arg(data).arg(folder.join("data")))
    })
}

/// Creates the system tables like the package's own script, which only finds programs installed
/// on the system.
fn bootstrap(command: &mut Command, data: &Path, unstable: &Unstable) -> Result<()> {
    fs::create_dir_all(data.join("mysql"))?;
    let log = data.join("bootstrap.log");
    let mut server =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(File::create(&log)?).spawn()?;
    let mut input = server.stdin.take().context("a pipe")?;
    input.write_all(b"CREATE DATABASE IF NOT EXISTS mysql;\nUSE mysql;\n")?;
    input.write_all(b"SET @auth_root_socket = NULL;\n")?;
    for name in TABLES {
        input.write_all(&fs::read(unstable.path(&format!("usr/share/mariadb/{name}")))?)?;
    }
    drop(input);
    if !server.wait()?.success() {
        bail!("{command:?} failed:\n{}", fs::read_to_string(&log)?);
    }
    fs::remove_file(log)?;
    Ok(())
}
