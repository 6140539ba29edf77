//! A certificate for 127.0.0.1 and localhost, and the authority that signed it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

/// Writes `ca.crt`, `server.crt` and `server.key`.
pub(crate) fn make(folder: &Path) -> Result<()> {
    fs::write(
        folder.join("server.ext"),
        "basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n",
    )?;
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let authority = ["-x509", "-days", "30", "-subj", "/CN=osiris test authority"];
    let files = ["-keyout", "ca.key", "-out", "ca.crt"];
    openssl(folder, &[&["req"][..], &key, &authority, &files].concat())?;
    let server = ["-subj", "/CN=osiris test server"];
    let files = ["-keyout", "server.key", "-out", "server.csr"];
    openssl(folder, &[&["req"][..], &key, &server, &files].concat())?;
    let sign = ["x509", "-req", "-days", "30", "-in", "server.csr", "-extfile", "server.ext"];
    let files = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-out", "server.crt"];
    openssl(folder, &[&sign[..], &files].concat())
}

fn openssl(folder: &Path, arguments: &[&str]) -> Result<()> {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output()?;
    if !output.status.success() {
        bail!("openssl {arguments:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
