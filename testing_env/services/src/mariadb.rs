//! MariaDB, and what it has in common with [MySQL](crate::mysql).

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{free, install, wait};

/// The password of the user `root` over TCP.
pub const PASSWORD: &str = "s3cret:p@ss/w'o\"rd%#\\ č";

/// Runs a server until this shell's input ends, which it does when the process
/// that started it does, however that ends. Then nothing of it is left.
const KEEPER: &str = r#"folder=$1; shift
"$@" >"$folder/log" 2>&1 </dev/null &
server=$!
read -r _ || true
kill -KILL "$server" 2>/dev/null
wait "$server" 2>/dev/null
[ -e "$folder/keep" ] || rm -rf "$folder""#;

/// Options of a server.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether the server offers TLS, with a certificate for `localhost` and 127.0.0.1.
    pub tls: bool,
    /// More arguments of the server.
    pub arguments: Vec<String>,
}

/// A server in a folder of its own, gone when it is dropped or the process ends.
#[derive(Debug)]
pub struct Server {
    /// The port on 127.0.0.1.
    pub port: u16,
    folder: TempDir,
    programs: Programs,
    arguments: Vec<String>,
    keeper: Option<Child>,
}

/// The programs of a server, each with its first arguments.
#[derive(Debug)]
pub(crate) struct Programs {
    /// The server.
    pub(crate) server: Vec<OsString>,
    /// More arguments of the server.
    pub(crate) arguments: Vec<OsString>,
    /// Its client for a terminal.
    pub(crate) client: Vec<OsString>,
}

/// Starts a server, whose user `root` may do all over TCP with [`PASSWORD`].
///
/// # Errors
/// It cannot be installed, or does not start.
pub fn start(options: &Options) -> Result<Server> {
    let programs = Programs {
        server: vec![install("mariadbd", "mariadb-server", &[])?.into()],
        arguments: Vec::new(),
        client: vec![install("mariadb", "mariadb-client", &[])?.into()],
    };
    Server::start(options, programs, "osiris-mariadb-", initialise)
}

impl Server {
    /// Starts a server with the system tables that `initialise` makes in `data`
    /// of a folder.
    pub(crate) fn start(
        options: &Options,
        programs: Programs,
        prefix: &str,
        initialise: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix(prefix).tempdir()?;
        let path = folder.path();
        fs::create_dir(path.join("tmp"))?;
        initialise(path)?;
        let mut arguments = options.arguments.clone();
        if options.tls {
            certificates(path)?;
            for (option, file) in
                [("ssl-ca", "ca.pem"), ("ssl-cert", "server.pem"), ("ssl-key", "server.key")]
            {
                arguments.push(format!("--{option}={}", path.join(file).display()));
            }
        }
        let mut server = Self { port: free()?, folder, programs, arguments, keeper: None };
        server.launch()?;
        let password = PASSWORD.replace('\\', "\\\\").replace('\'', "''");
        server.sql(
            "",
            &format!(
                "DROP USER IF EXISTS root@'127.0.0.1'; \
                 CREATE USER root@'127.0.0.1' IDENTIFIED BY '{password}'; \
                 GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION"
            ),
        )?;
        Ok(server)
    }

    /// The certificate that signed the server's, if it offers TLS. The server's
    /// own is `server.pem` beside it, its key `server.key`.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate for a client of the same authority, and its key.
    #[must_use]
    pub fn client_files(&self) -> [PathBuf; 2] {
        ["client.pem", "client.key"].map(|name| self.folder.path().join(name))
    }

    /// The certificate of another authority, which signed none.
    #[must_use]
    pub fn other_ca_file(&self) -> PathBuf {
        self.folder.path().join("other.pem")
    }

    /// Makes an empty database.
    ///
    /// # Errors
    /// The server refuses.
    pub fn database(&self, name: &str) -> Result<()> {
        self.sql("", &format!("DROP DATABASE IF EXISTS `{name}`; CREATE DATABASE `{name}`"))?;
        Ok(())
    }

    /// Makes a database, runs statements in it, and returns the connection of a step.
    ///
    /// # Panics
    /// If the server refuses.
    #[must_use]
    pub fn new_database(&self, name: &str, statements: &str) -> Value {
        self.database(name).expect("a database");
        self.sql(name, statements).expect("tables");
        self.connection(name)
    }

    /// The connection of a step to a database, as `root`.
    #[must_use]
    pub fn connection(&self, database: &str) -> Value {
        json!({
            "host": "127.0.0.1", "port": self.port, "database": database, "user": "root",
            "password": PASSWORD
        })
    }

    /// The server's own client, connected to a database, for what else it is to do.
    #[must_use]
    pub fn client(&self, database: &str) -> Command {
        let [program, arguments @ ..] = self.programs.client.as_slice() else {
            return Command::new("false");
        };
        let mut client = Command::new(program);
        client
            .args(arguments)
            .arg("--no-defaults")
            .arg(format!("--socket={}", self.folder.path().join("s").display()))
            .args(["--user=root", "--batch"])
            .args(["--default-character-set=utf8mb4", "--max-allowed-packet=1G", database]);
        client
    }

    /// Runs statements with the server's own client and returns what it prints:
    /// a line a row, tabs between the cells.
    ///
    /// # Errors
    /// The server's message.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String> {
        let mut client = self
            .client(database)
            .args(["--raw", "--skip-column-names"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut input = client.stdin.take().context("a pipe")?;
        // A client that ends early says why on its own.
        let _ = input.write_all(statements.as_bytes());
        drop(input);
        let output = client.wait_with_output()?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
    }

    /// Ends the server at once, as if its power were cut. Its data stays.
    ///
    /// # Errors
    /// It cannot be ended.
    pub fn kill(&mut self) -> Result<()> {
        fs::write(self.folder.path().join("keep"), "")?;
        self.stop();
        Ok(())
    }

    /// Ends the server at once and starts it with the data that it had.
    ///
    /// # Errors
    /// It does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.kill()?;
        self.launch()
    }

    fn launch(&mut self) -> Result<()> {
        let folder = self.folder.path();
        let _ = fs::remove_file(folder.join("keep"));
        let _ = fs::remove_file(folder.join("s"));
        let at = |name: &str| folder.join(name).display().to_string();
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .arg(folder)
            .args(&self.programs.server)
            .args(["--no-defaults", "--user=root", "--bind-address=127.0.0.1"])
            .args(["--skip-name-resolve", "--skip-log-bin", "--character-set-server=utf8mb4"])
            .args(["--innodb-buffer-pool-size=128M", "--innodb-flush-log-at-trx-commit=2"])
            .arg(format!("--datadir={}", at("data")))
            .arg(format!("--tmpdir={}", at("tmp")))
            .arg(format!("--socket={}", at("s")))
            .arg(format!("--pid-file={}", at("pid")))
            .arg(format!("--port={}", self.port))
            .args(&self.programs.arguments)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .spawn()
            .context("cannot run sh")?;
        let log = folder.join("log");
        let started = wait(
            self.port,
            || match keeper.try_wait()? {
                Some(_) => bail!("the server ended:\n{}", read(&log)),
                None => Ok(()),
            },
            || self.sql("", "SELECT 1").is_ok(),
        );
        self.keeper = Some(keeper);
        started.with_context(|| format!("the server did not start:\n{}", read(&log)))
    }

    fn stop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn read(log: &Path) -> String {
    fs::read_to_string(log).unwrap_or_default()
}

/// Makes the folders and the system tables.
fn initialise(folder: &Path) -> Result<()> {
    let program = install("mariadb-install-db", "mariadb-server", &[])?;
    run(Command::new(program)
        .args(["--no-defaults", "--user=root", "--auth-root-authentication-method=normal"])
        .args(["--skip-test-db", "--skip-name-resolve"])
        .arg(format!("--datadir={}", folder.join("data").display()))
        .arg(format!("--tmpdir={}", folder.join("tmp").display())))
}

/// Makes two authorities, and a certificate that the first one signed.
fn certificates(folder: &Path) -> Result<()> {
    let openssl = install("openssl", "openssl", &[])?;
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let request = |arguments: &[&str]| {
        run(Command::new(&openssl).current_dir(folder).arg("req").args(key).args(arguments))
    };
    for (name, key, file) in
        [("/CN=test CA", "ca.key", "ca.pem"), ("/CN=other CA", "other.key", "other.pem")]
    {
        request(&["-x509", "-days", "2", "-subj", name, "-keyout", key, "-out", file])?;
    }
    fs::write(folder.join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n")?;
    for (subject, name) in [("/CN=localhost", "server"), ("/CN=client", "client")] {
        let [key, csr, pem] = ["key", "csr", "pem"].map(|end| format!("{name}.{end}"));
        request(&["-subj", subject, "-keyout", &key, "-out", &csr])?;
        run(Command::new(&openssl)
            .current_dir(folder)
            .args(["x509", "-req", "-in", &csr, "-CA", "ca.pem", "-CAkey", "ca.key"])
            .args(["-CAcreateserial", "-days", "2", "-extfile", "names", "-out", &pem]))?;
    }
    Ok(())
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        bail!("{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
