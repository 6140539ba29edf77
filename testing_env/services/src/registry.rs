//! An OCI registry: Docker's own, the reference implementation of the distribution specification.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};

use anyhow::{Result, bail};

use crate::{Folder, free, install, spawn, wait};

/// The user of a registry with passwords.
pub const USER: &str = "osiris";

/// A running registry.
#[derive(Debug)]
pub struct Registry {
    /// The port on 127.0.0.1.
    pub port: u16,
    folder: Folder,
    server: Child,
}

impl Registry {
    /// Starts an empty registry. With a password, only [`USER`] may use the registry.
    ///
    /// # Errors
    /// Returns an error if the registry cannot be installed or does not start.
    pub fn start(password: Option<&str>) -> Result<Self> {
        let program = install("docker-registry", "docker-registry", &[])?;
        let folder = Folder::new("osiris-registry-")?;
        let port = free()?;
        let at = |name: &str| folder.path().join(name);
        let mut config = format!(
            "version: 0.1\nlog: {{level: warn}}\nstorage: {{filesystem: {{rootdirectory: '{}'}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n",
            at("data").display()
        );
        if let Some(password) = password {
            let htpasswd = install("htpasswd", "apache2-utils", &[])?;
            let output = Command::new(htpasswd).args(["-Bbn", USER, password]).output()?;
            if !output.status.success() {
                bail!("htpasswd: {}", String::from_utf8_lossy(&output.stderr));
            }
            fs::write(at("htpasswd"), output.stdout)?;
            config.push_str(&format!(
                "auth: {{htpasswd: {{realm: osiris, path: '{}'}}}}\n",
                at("htpasswd").display()
            ));
        }
        fs::write(at("config.yml"), config)?;
        let log = fs::File::create(at("log"))?;
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL"])
            .arg(program)
            .arg("serve")
            .arg(at("config.yml"))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let mut server = spawn(command)?;
        let alive = || match server.try_wait()? {
            Some(status) => bail!(
                "the registry ended, {status}:\n{}",
                fs::read_to_string(at("log")).unwrap_or_default()
            ),
            None => Ok(()),
        };
        wait(port, alive, || speaks_http(port))?;
        Ok(Self { port, folder, server })
    }

    /// Returns the host, as written in a reference.
    #[must_use]
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The log of the server.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Returns whether the server speaks HTTP by now, whatever it says.
fn speaks_http(port: u16) -> bool {
    let request = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.write_all(b"GET /v2/ HTTP/1.0\r\n\r\n")?;
        let mut start = [0; 5];
        stream.read_exact(&mut start)?;
        std::io::Result::Ok(start)
    };
    request().is_ok_and(|start| &start == b"HTTP/")
}
