//! Serves files over HTTPS with the server that comes with OpenSSL.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Result, bail};

use crate::{Folder, certificate, free, install, spawn, wait};

/// A running server, with a certificate for `localhost` signed by its own authority.
#[derive(Debug)]
pub struct Files {
    /// The port on 127.0.0.1.
    pub port: u16,
    folder: Folder,
    server: Child,
}

impl Files {
    /// Serves the files of a directory.
    ///
    /// # Errors
    /// Returns an error if OpenSSL cannot be installed or the server does not start.
    pub fn start(root: &Path) -> Result<Self> {
        let openssl = install("openssl", "openssl", &[])?;
        let folder = Folder::new("osiris-https-")?;
        certificate::make(folder.path(), &certificate::LOCAL)?;
        let port = free()?;
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL"])
            .arg(openssl)
            .args(["s_server", "-quiet", "-WWW", "-accept", &format!("127.0.0.1:{port}"), "-cert"])
            .arg(folder.path().join("server.crt"))
            .arg("-key")
            .arg(folder.path().join("server.key"))
            .current_dir(root)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut server = spawn(command)?;
        let alive = || match server.try_wait()? {
            Some(status) => bail!("the HTTPS server ended, {status}"),
            None => Ok(()),
        };
        wait(port, alive, || true)?;
        Ok(Self { port, folder, server })
    }

    /// Returns the path of the certificate of the server's authority.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
