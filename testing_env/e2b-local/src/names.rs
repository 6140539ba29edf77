//! The host names of E2B over TLS, on port 443 of a network of their own.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use rustix::process::geteuid;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use services::{certificate, install};
use tokio_rustls::TlsAcceptor;

use crate::egress::Namespace;

/// Replaces `/etc/hosts` and becomes the command. The arguments are the other file
/// and the command.
const SEE: &str = r#"mount --bind "$0" /etc/hosts && exec "$@""#;

/// The host names of a domain, for commands that run in the emulator's network.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) domain: String,
    /// The file with the certificate of the authority that signed the server's.
    pub(crate) authority: PathBuf,
    /// The file in which commands look names up.
    hosts: PathBuf,
    namespace: Namespace,
}

/// A listener on port 443, with the certificate for all names.
pub(crate) struct Listener {
    pub(crate) tcp: TcpListener,
    pub(crate) tls: TlsAcceptor,
}

impl Names {
    /// Makes the names of a domain, with their files in a new folder.
    ///
    /// # Errors
    /// Returns an error if this machine does not allow network namespaces, or has
    /// no OpenSSL.
    pub(crate) fn start(domain: &str, folder: &Path) -> Result<(Self, Listener)> {
        if !geteuid().is_root() {
            bail!("cannot serve the names of `{domain}`: run the emulator as root");
        }
        install("openssl", "openssl", &[])?;
        install("ip", "iproute2", &[])?;
        fs::create_dir_all(folder)?;
        certificate::make(folder, &[domain, &format!("*.{domain}")])?;
        let hosts = folder.join("hosts");
        let system_hosts = fs::read_to_string("/etc/hosts").unwrap_or_default();
        let line = format!("127.0.0.1 api.{domain} sandbox.{domain}");
        fs::write(&hosts, format!("{system_hosts}\n{line}\n"))?;
        let listen = || TcpListener::bind("127.0.0.1:443").context("cannot listen on port 443");
        let (namespace, tcp) = Namespace::make(listen)?;
        tcp.set_nonblocking(true)?;
        let tls = TlsAcceptor::from(Arc::new(config(folder)?));
        let authority = folder.join("ca.crt");
        let names = Self { domain: domain.to_owned(), authority, hosts, namespace };
        Ok((names, Listener { tcp, tls }))
    }

    /// Adds the name of a sandbox.
    ///
    /// # Errors
    /// Returns an error if there is no room.
    pub(crate) fn add(&self, sandbox: &str) -> Result<()> {
        // Commands that run have this file mounted, so it must stay the same.
        let mut hosts = OpenOptions::new().append(true).open(&self.hosts)?;
        Ok(writeln!(hosts, "127.0.0.1 49983-{sandbox}.{}", self.domain)?)
    }

    /// The program and first arguments that run a command where the names are known.
    pub(crate) fn command(&self) -> Vec<String> {
        let see = ["unshare", "--mount", "/bin/sh", "-c", SEE].map(str::to_owned);
        let hosts = [self.hosts.display().to_string()];
        self.namespace.command().into_iter().chain(see).chain(hosts).collect()
    }
}

fn config(folder: &Path) -> Result<ServerConfig> {
    let chain = CertificateDer::from_pem_file(folder.join("server.crt"))?;
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key"))?;
    let mut config = ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
