//! PgBouncer, in front of a PostgreSQL server.

use std::fs;
use std::os::unix::fs::chown;
use std::process::Child;
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, bail};

use crate::postgres::{Postgres, Release};
use crate::{Folder, free, install, programs, spawn, wait};

/// A pooler in transaction mode with one server connection per database, shared by all clients.
#[derive(Debug)]
pub struct PgBouncer {
    /// The port on 127.0.0.1.
    pub port: u16,
    folder: Folder,
    child: Mutex<Child>,
}

impl PgBouncer {
    /// Starts a pooler for the databases of a server. Clients sign in as the server's superuser.
    /// `settings` are lines of the configuration, such as `max_prepared_statements = 0`.
    ///
    /// # Errors
    /// Returns an error if PgBouncer cannot be installed or does not start.
    pub fn start(server: &Postgres, release: Release, settings: &str) -> Result<Self> {
        let program = match release {
            Release::System => vec![install("pgbouncer", "pgbouncer", &["/usr/sbin"])?.into()],
            Release::Unstable => programs::pgbouncer()?,
        };
        let folder = Folder::new("osiris-pgbouncer-")?;
        let port = free()?;
        let (config, users) = (folder.path().join("pgbouncer.ini"), folder.path().join("users"));
        fs::write(&users, format!("\"{}\" \"{}\"\n", server.user, server.password))?;
        fs::write(
            &config,
            format!(
                "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
                 listen_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\n\
                 auth_file = {}\npool_mode = transaction\ndefault_pool_size = 1\n{settings}\n",
                server.port,
                users.display()
            ),
        )?;
        if let Some((user, group)) = server.account() {
            for path in [folder.path(), &config, &users] {
                chown(path, Some(user), Some(group))?;
            }
        }
        let log = fs::File::create(folder.path().join("pgbouncer.log"))?;
        let mut command = server.command(&program);
        command.arg(&config).stdout(log.try_clone()?).stderr(log);
        let mut child = spawn(command)?;
        let alive = || match child.try_wait()? {
            Some(status) => bail!("PgBouncer ended ({status}):\n{}", log_of(&folder)),
            None => Ok(()),
        };
        wait(port, alive, || true)?;
        Ok(Self { port, folder, child: Mutex::new(child) })
    }

    /// Returns the log since the start.
    #[must_use]
    pub fn log(&self) -> String {
        log_of(&self.folder)
    }
}

fn log_of(folder: &Folder) -> String {
    fs::read_to_string(folder.path().join("pgbouncer.log")).unwrap_or_default()
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        // The directory is removed next, even if this fails.
        let _ = child.kill();
        let _ = child.wait();
    }
}
