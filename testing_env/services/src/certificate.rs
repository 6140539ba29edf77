//! Certificates for tests, and the authorities that signed them.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

/// The names and the address of servers on this machine.
pub(crate) const LOCAL: [&str; 2] = ["localhost", "127.0.0.1"];
const NAME: &str = "subjectAltName=DNS:localhost";

/// Writes `server.crt` and `server.key`: a self-signed certificate, for localhost only.
pub(crate) fn make_self_signed(folder: &Path) -> Result<()> {
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let certificate = ["-x509", "-days", "30", "-subj", "/CN=osiris test server", "-addext", NAME];
    let files = ["-keyout", "server.key", "-out", "server.crt"];
    openssl(folder, &[&["req"][..], &key, &certificate, &files].concat())
}

/// Writes `ca.crt`, `server.crt` and `server.key`, and `client.crt` and `client.key` of the user
/// `certified`. The server has these names and addresses; a name may begin with `*.`.
///
/// # Errors
/// Returns an error if `openssl` is not installed, or there is no room in the folder.
pub fn make(folder: &Path, names: &[&str]) -> Result<()> {
    let alt_name = |name: &&str| match name.parse::<IpAddr>() {
        Ok(address) => format!("IP:{address}"),
        Err(_) => format!("DNS:{name}"),
    };
    let names = names.iter().map(alt_name).collect::<Vec<_>>().join(",");
    let extensions = format!("basicConstraints=CA:FALSE\nsubjectAltName={names}\n");
    fs::write(folder.join("server.ext"), extensions)?;
    fs::write(folder.join("client.ext"), "basicConstraints=CA:FALSE\n")?;
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let authority = ["-x509", "-days", "30", "-subj", "/CN=osiris test authority"];
    let files = ["-keyout", "ca.key", "-out", "ca.crt"];
    openssl(folder, &[&["req"][..], &key, &authority, &files].concat())?;
    for (name, subject) in [("server", "/CN=osiris test server"), ("client", "/CN=certified")] {
        let [key_file, request, extensions, certificate] =
            ["key", "csr", "ext", "crt"].map(|ending| format!("{name}.{ending}"));
        let files = ["-subj", subject, "-keyout", &key_file, "-out", &request];
        openssl(folder, &[&["req"][..], &key, &files].concat())?;
        let sign = ["x509", "-req", "-days", "30", "-in", &request, "-extfile", &extensions];
        let files = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-out", &certificate];
        openssl(folder, &[&sign[..], &files].concat())?;
    }
    Ok(())
}

fn openssl(folder: &Path, arguments: &[&str]) -> Result<()> {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output()?;
    if !output.status.success() {
        bail!("openssl {arguments:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
