//! MariaDB, and the parts shared with [MySQL](crate::mysql).

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

/// Runs a server until the shell's input ends, which happens when the process that started the
/// shell ends for any reason. Then removes the directory unless it contains a file `keep`.
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
    /// Additional server arguments.
    pub arguments: Vec<String>,
}

/// A server in its own directory, removed when dropped or when the process ends.
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
    /// The server program.
    pub(crate) server: Vec<OsString>,
    /// Additional server arguments.
    pub(crate) arguments: Vec<OsString>,
    /// The command-line client.
    pub(crate) client: Vec<OsString>,
}

/// Starts a server whose user `root` has all privileges over TCP with [`PASSWORD`].
///
/// # Errors
/// Returns an error if MariaDB cannot be installed or does not start.
pub fn start(options: &Options) -> Result<Server> {
    let programs = Programs {
        server: vec![install("mariadbd", "mariadb-server", &[])?.into()],
        arguments: Vec::new(),
        client: vec![install("mariadb", "mariadb-client", &[])?.into()],
    };
    Server::start(options, programs, "osiris-mariadb-", initialise)
}

impl Server {
    /// Starts a server. `initialise` gets the server's directory and creates the system tables in
    /// its subdirectory `data`.
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

    /// Returns the path of the certificate of the server's authority, which exists if the server
    /// offers TLS. `server.pem` and `server.key` next to it are the server's own certificate and
    /// key.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Returns the paths of a client certificate of the same authority and of its key.
    #[must_use]
    pub fn client_files(&self) -> [PathBuf; 2] {
        ["client.pem", "client.key"].map(|name| self.folder.path().join(name))
    }

    /// Returns the path of the certificate of another authority, which signed no certificate.
    #[must_use]
    pub fn other_ca_file(&self) -> PathBuf {
        self.folder.path().join("other.pem")
    }

    /// Creates an empty database, after dropping any database of this name.
    ///
    /// # Errors
    /// Returns an error if a statement fails.
    pub fn database(&self, name: &str) -> Result<()> {
        self.sql("", &format!("DROP DATABASE IF EXISTS `{name}`; CREATE DATABASE `{name}`"))?;
        Ok(())
    }

    /// Creates a database, runs statements in it, and returns the connection of a step.
    ///
    /// # Panics
    /// Panics if a statement fails.
    #[must_use]
    pub fn new_database(&self, name: &str, statements: &str) -> Value {
        self.database(name).expect("a database");
        self.sql(name, statements).expect("tables");
        self.connection(name)
    }

    /// Returns the connection of a step to a database, as `root`.
    #[must_use]
    pub fn connection(&self, database: &str) -> Value {
        json!({
            "host": "127.0.0.1", "port": self.port, "database": database, "user": "root",
            "password": PASSWORD
        })
    }

    /// Returns the command of the server's own client, connected to a database.
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

    /// Runs statements with the server's own client and returns the printed rows: one per line,
    /// with tabs between the cells.
    ///
    /// # Errors
    /// Returns the client's error message.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String> {
        let mut client = self
            .client(database)
            .args(["--raw", "--skip-column-names"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut input = client.stdin.take().context("a pipe")?;
        // A client that ends early reports the reason itself.
        let _ = input.write_all(statements.as_bytes());
        drop(input);
        let output = client.wait_with_output()?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
    }

    /// Kills the server, as a power failure would. The data remains.
    ///
    /// # Errors
    /// Returns an error if the directory cannot be marked for keeping.
    pub fn kill(&mut self) -> Result<()> {
        fs::write(self.folder.path().join("keep"), "")?;
        self.stop();
        Ok(())
    }

    /// Kills the server and starts it again with the same data.
    ///
    /// # Errors
    /// Returns an error if the server does not start.
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
        let result = wait(
            self.port,
            || match keeper.try_wait()? {
                Some(_) => bail!("the server ended:\n{}", read(&log)),
                None => Ok(()),
            },
            || self.sql("", "SELECT 1").is_ok(),
        );
        self.keeper = Some(keeper);
        result.with_context(|| format!("the server did not start:\n{}", read(&log)))
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

/// Creates the directories and the system tables.
fn initialise(folder: &Path) -> Result<()> {
    let program = install("mariadb-install-db", "mariadb-server", &[])?;
    run(Command::new(program)
        .args(["--no-defaults", "--user=root", "--auth-root-authentication-method=normal"])
        .args(["--skip-test-db", "--skip-name-resolve"])
        .arg(format!("--datadir={}", folder.join("data").display()))
        .arg(format!("--tmpdir={}", folder.join("tmp").display())))
}

/// Creates two authorities, and certificates signed by the first one.
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
