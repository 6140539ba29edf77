//! PostgreSQL: the system's version, and that of Debian unstable.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::{Folder, certificate, free, install, programs, spawn, wait};

/// Directories of the server's programs in Debian's packages, newest first.
const FOLDERS: [&str; 4] = [
    "/usr/lib/postgresql/18/bin",
    "/usr/lib/postgresql/17/bin",
    "/usr/lib/postgresql/16/bin",
    "/usr/lib/postgresql/15/bin",
];

/// Options of a server.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The release whose programs run the server.
    pub release: Release,
    /// Whether the server has a certificate of its own authority, and takes encrypted
    /// connections only.
    pub tls: bool,
    /// Whether that certificate is signed by itself and by no authority.
    pub self_signed: bool,
    /// Settings of `postgresql.conf`.
    pub settings: Vec<(String, String)>,
}

/// A Debian release, which determines the versions of the programs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Release {
    /// The system's own release: PostgreSQL 15 and PgBouncer 1.18 on Debian 12.
    #[default]
    System,
    /// Debian unstable, with PostgreSQL 18 and PgBouncer 1.26. Downloaded on first use.
    Unstable,
}

/// A running server with one superuser, who signs in with scram-sha-256. Without TLS, a role named
/// `trusted` needs no password, which saves time.
#[derive(Debug)]
pub struct Postgres {
    /// The port on 127.0.0.1.
    pub port: u16,
    /// The superuser.
    pub user: String,
    /// The superuser's password.
    pub password: String,
    options: Options,
    folder: Folder,
    account: Option<(u32, u32)>,
    server: Mutex<Option<Child>>,
}

impl Postgres {
    /// Creates a cluster in a temporary directory and starts its server.
    ///
    /// # Errors
    /// Returns an error if PostgreSQL cannot be installed or does not start.
    pub fn start(options: Options) -> Result<Self> {
        let folder = Folder::new("osiris-postgres-")?;
        // The server refuses to run as root, so it gets another account, which owns its directory.
        let account = if fs::metadata(folder.path())?.uid() == 0 { Some(account()?) } else { None };
        let server = Self {
            port: free()?,
            user: "osiris".to_owned(),
            password: "test".to_owned(),
            options,
            folder,
            account,
            server: Mutex::new(None),
        };
        server.make_cluster()?;
        server.restart()?;
        Ok(server)
    }

    /// Returns the system's server, shared by the tests of a process. Each test creates its own
    /// database.
    ///
    /// # Panics
    /// Panics if the server does not start.
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Postgres> =
            LazyLock::new(|| Postgres::start(Options::default()).expect("a server"));
        &SHARED
    }

    /// Returns the shared server of Debian unstable.
    ///
    /// # Panics
    /// Panics if the server does not start.
    pub fn unstable() -> &'static Self {
        static SHARED: LazyLock<Postgres> = LazyLock::new(|| {
            let options = Options { release: Release::Unstable, ..Options::default() };
            Postgres::start(options).expect("a server")
        });
        &SHARED
    }

    /// Returns the release whose programs run the server.
    #[must_use]
    pub fn release(&self) -> Release {
        self.options.release
    }

    /// Creates a database, runs `sql` in it, and returns the superuser's connection.
    ///
    /// # Panics
    /// Panics if the database exists or the SQL fails.
    pub fn database(&self, name: &str, sql: &str) -> Value {
        self.create_database(name).expect("a database");
        if !sql.is_empty() {
            self.sql(name, sql).expect("tables");
        }
        self.connection(name)
    }

    /// Returns the superuser's connection to a database, in the form of a step's configuration.
    #[must_use]
    pub fn connection(&self, database: &str) -> Value {
        json!({
            "host": "127.0.0.1", "port": self.port, "database": database,
            "user": self.user, "password": self.password,
        })
    }

    /// Returns the path of the certificate of the server's authority.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// Returns the path of a file in the server's directory: `server.crt`, or `client.crt` and
    /// `client.key` of the user `certified`, who needs no password.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns `psql` with one command for a database.
    ///
    /// # Errors
    /// Returns an error if `psql` cannot be installed.
    pub fn client(&self, database: &str, command: &str) -> Result<Command> {
        let mut client = Command::new(install_program("psql")?);
        client
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", command])
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", &self.user, database])
            .env("PGPASSWORD", &self.password);
        Ok(client)
    }

    /// Runs SQL and returns the printed rows, with `|` between fields.
    ///
    /// # Errors
    /// Returns the message of `psql`.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String> {
        let output =
            self.client(database, sql)?.args(["-A", "-t"]).stdin(Stdio::null()).output()?;
        if !output.status.success() {
            bail!("{sql}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    /// Creates an empty database.
    ///
    /// # Errors
    /// Returns an error if the database exists.
    pub fn create_database(&self, name: &str) -> Result<()> {
        self.sql("postgres", &format!("CREATE DATABASE \"{name}\" TEMPLATE template0")).map(drop)
    }

    /// Stops the server immediately, as a crash would.
    ///
    /// # Errors
    /// Returns an error if the server cannot be stopped.
    pub fn kill(&self) -> Result<()> {
        let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut child) = server.take() {
            // SIGQUIT to the postmaster ends its sessions too, without a checkpoint.
            Command::new("kill").args(["-QUIT", &child.id().to_string()]).status()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Starts the server on the same port, after killing it if it runs.
    ///
    /// # Errors
    /// Returns an error if the server does not start.
    pub fn restart(&self) -> Result<()> {
        self.kill()?;
        let log = fs::File::create(self.folder.path().join("server.log"))?;
        let mut command = self.command(&[self.program("postgres")?.into()]);
        command.arg("-D").arg(self.data()).args(["-p", &self.port.to_string()]);
        let folder = self.folder.path().display();
        for setting in [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={folder}"),
            "fsync=off".to_owned(),
            "log_line_prefix=%m [%p] %d ".to_owned(),
        ] {
            command.args(["-c", &setting]);
        }
        if self.options.tls {
            command.args(["-c", "ssl=on", "-c", &format!("ssl_cert_file={folder}/server.crt")]);
            command.args(["-c", &format!("ssl_key_file={folder}/server.key")]);
            if !self.options.self_signed {
                command.args(["-c", &format!("ssl_ca_file={folder}/ca.crt")]);
            }
        }
        for (name, value) in &self.options.settings {
            command.args(["-c", &format!("{name}={value}")]);
        }
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let mut child = spawn(command)?;
        let alive = || match child.try_wait()? {
            Some(status) => bail!("the server ended ({status}):\n{}", self.log()),
            None => Ok(()),
        };
        wait(self.port, alive, || self.sql("postgres", "SELECT 1").is_ok())?;
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        Ok(())
    }

    /// Returns the server's log since its last start, of the sessions of all databases.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }

    /// Returns the lines that sessions of one database wrote to the server's log. Other tests share
    /// the server, so a test that counts reads only these.
    #[must_use]
    pub fn log_of(&self, database: &str) -> String {
        let mark = format!("] {database} ");
        let log = self.log();
        log.lines().filter(|line| line.contains(&mark)).collect::<Vec<_>>().join("\n")
    }

    /// Returns the user and group of the server's programs, or `None` if they are those of this
    /// process.
    pub(crate) fn account(&self) -> Option<(u32, u32)> {
        self.account
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn make_cluster(&self) -> Result<()> {
        let folder = self.folder.path();
        let password = folder.join("password");
        fs::write(&password, &self.password)?;
        if self.options.tls {
            if self.options.self_signed {
                certificate::make_self_signed(folder)?;
            } else {
                certificate::make(folder, &certificate::LOCAL)?;
            }
        }
        if let Some((user, group)) = self.account {
            chown(folder, Some(user), Some(group))?;
            for entry in fs::read_dir(folder)? {
                chown(entry?.path(), Some(user), Some(group))?;
            }
        }
        let output = self
            .command(&[self.program("initdb")?.into()])
            .args(["-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"])
            .args(["-U", &self.user, "--pwfile"])
            .arg(&password)
            .arg("-D")
            .arg(self.data())
            .output()?;
        if !output.status.success() {
            bail!("initdb failed:\n{}", String::from_utf8_lossy(&output.stderr));
        }
        if !self.options.tls {
            let path = self.data().join("pg_hba.conf");
            let rules = fs::read_to_string(&path)?;
            fs::write(path, format!("host all trusted 127.0.0.1/32 trust\n{rules}"))?;
        }
        if self.options.tls {
            let rules = "hostssl all certified 127.0.0.1/32 cert\n\
                         hostssl all all 127.0.0.1/32 scram-sha-256\n";
            let rules = if self.options.self_signed {
                rules.split_inclusive('\n').next_back().unwrap_or_default()
            } else {
                rules
            };
            fs::write(self.data().join("pg_hba.conf"), rules)?;
        }
        Ok(())
    }

    fn program(&self, name: &str) -> Result<PathBuf> {
        match self.options.release {
            Release::System => install_program(name),
            Release::Unstable => programs::postgres(name),
        }
    }

    /// Returns the command of a program that runs in the server's account and ends with this
    /// process.
    pub(crate) fn command(&self, program: &[OsString]) -> Command {
        let mut command = Command::new("setpriv");
        if let Some((user, group)) = self.account {
            command.args([format!("--reuid={user}"), format!("--regid={group}")]);
            command.arg("--clear-groups");
        }
        command.args(["--pdeathsig", "KILL"]).args(program).current_dir(self.folder.path());
        command.env("LC_ALL", "C.UTF-8");
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The directory is removed next, even if this fails.
        let _ = self.kill();
    }
}

/// Runs a check on the shared servers of both versions.
pub fn on_each_server(check: impl Fn(&'static Postgres)) {
    for server in [Postgres::shared(), Postgres::unstable()] {
        eprintln!("on PostgreSQL {}:", server.sql("postgres", "SHOW server_version").expect("one"));
        check(server);
    }
}

fn install_program(name: &str) -> Result<PathBuf> {
    install(name, "postgresql", &FOLDERS)
}

/// Returns the user and group to run the server as.
fn account() -> Result<(u32, u32)> {
    let accounts = fs::read_to_string("/etc/passwd")?;
    let ids = |name: &str| {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ids("postgres").or_else(|| ids("nobody")).context("no account to run PostgreSQL in")
}
