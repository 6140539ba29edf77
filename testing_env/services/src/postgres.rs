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

/// The folders of the server's programs in Debian's packages, newest first.
const FOLDERS: [&str; 4] = [
    "/usr/lib/postgresql/18/bin",
    "/usr/lib/postgresql/17/bin",
    "/usr/lib/postgresql/16/bin",
    "/usr/lib/postgresql/15/bin",
];

/// The choices for a server.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The programs of the server.
    pub release: Release,
    /// Whether the server has a certificate of its own authority, and takes encrypted
    /// connections only.
    pub tls: bool,
    /// Whether that certificate is signed by itself and by no authority.
    pub self_signed: bool,
    /// Settings of `postgresql.conf`.
    pub settings: Vec<(String, String)>,
}

/// A release of Debian, which has a version of a program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Release {
    /// The system's own, which has PostgreSQL 15 and PgBouncer 1.18 where it is Debian 12.
    #[default]
    System,
    /// Debian unstable, which has PostgreSQL 18 and PgBouncer 1.26. The first start ever downloads
    /// them.
    Unstable,
}

/// A running server with one superuser, who signs in with scram-sha-256. Without TLS, a role
/// `trusted` needs no password, which saves time.
#[derive(Debug)]
pub struct Postgres {
    /// The port on 127.0.0.1.
    pub port: u16,
    /// The superuser.
    pub user: String,
    /// Their password.
    pub password: String,
    options: Options,
    folder: Folder,
    account: Option<(u32, u32)>,
    server: Mutex<Option<Child>>,
}

impl Postgres {
    /// Makes a cluster in a temporary folder and starts its server.
    ///
    /// # Errors
    /// PostgreSQL cannot be installed or does not start.
    pub fn start(options: Options) -> Result<Self> {
        let folder = Folder::new("osiris-postgres-")?;
        // The server refuses to run as root, so it gets another account and its own folder.
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

    /// Returns the system's server that the tests of a process share; each makes a database of its
    /// own.
    ///
    /// # Panics
    /// If it does not start.
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Postgres> =
            LazyLock::new(|| Postgres::start(Options::default()).expect("a server"));
        &SHARED
    }

    /// Returns the shared server of Debian unstable.
    ///
    /// # Panics
    /// If it does not start.
    pub fn unstable() -> &'static Self {
        static SHARED: LazyLock<Postgres> = LazyLock::new(|| {
            let options = Options { release: Release::Unstable, ..Options::default() };
            Postgres::start(options).expect("a server")
        });
        &SHARED
    }

    /// Returns the release whose programs the server is made of.
    #[must_use]
    pub fn release(&self) -> Release {
        self.options.release
    }

    /// Makes a database with these tables in it, and returns the superuser's connection.
    ///
    /// # Panics
    /// If there is one of that name, or the SQL fails.
    pub fn database(&self, name: &str, sql: &str) -> Value {
        self.create_database(name).expect("a database");
        if !sql.is_empty() {
            self.sql(name, sql).expect("tables");
        }
        self.connection(name)
    }

    /// Returns the superuser's connection to a database, as a step has it.
    #[must_use]
    pub fn connection(&self, database: &str) -> Value {
        json!({
            "host": "127.0.0.1", "port": self.port, "database": database,
            "user": self.user, "password": self.password,
        })
    }

    /// The certificate of the authority that signed the server's.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// A file of the server's folder: `server.crt`, or `client.crt` and `client.key` of the user
    /// `certified`, who needs no password.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `psql` with one command for a database.
    ///
    /// # Errors
    /// There is no `psql`.
    pub fn client(&self, database: &str, command: &str) -> Result<Command> {
        let mut client = Command::new(installed("psql")?);
        client
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", command])
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", &self.user, database])
            .env("PGPASSWORD", &self.password);
        Ok(client)
    }

    /// Runs SQL and returns the rows that it prints, with `|` between fields.
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

    /// Makes an empty database.
    ///
    /// # Errors
    /// There is one of that name.
    pub fn create_database(&self, name: &str) -> Result<()> {
        self.sql("postgres", &format!("CREATE DATABASE \"{name}\" TEMPLATE template0")).map(drop)
    }

    /// Stops the server at once, as a crash would.
    ///
    /// # Errors
    /// It cannot be stopped.
    pub fn kill(&self) -> Result<()> {
        let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut child) = server.take() {
            // SIGQUIT to the postmaster ends its sessions too, without a checkpoint.
            Command::new("kill").args(["-QUIT", &child.id().to_string()]).status()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Starts the server again on the same port, after [`kill`](Self::kill) or
    /// instead of it.
    ///
    /// # Errors
    /// It does not start.
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

    /// Returns the server's log since its last start.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }

    /// Returns the user and the group that programs of the server run as, unless they are ours.
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
            Release::System => installed(name),
            Release::Unstable => programs::postgres(name),
        }
    }

    /// Returns a program that runs in the server's account and ends with this process.
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
        // The folder goes away next, whatever this says.
        let _ = self.kill();
    }
}

/// Does the same on the shared servers of both versions.
pub fn on_each_server(check: impl Fn(&'static Postgres)) {
    for server in [Postgres::shared(), Postgres::unstable()] {
        eprintln!("on PostgreSQL {}:", server.sql("postgres", "SHOW server_version").expect("one"));
        check(server);
    }
}

fn installed(name: &str) -> Result<PathBuf> {
    install(name, "postgresql", &FOLDERS)
}

/// Whom the server runs as.
fn account() -> Result<(u32, u32)> {
    let accounts = fs::read_to_string("/etc/passwd")?;
    let of = |name: &str| {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    of("postgres").or_else(|| of("nobody")).context("no account to run PostgreSQL in")
}
