//! Writes a container image from scratch: an archive with an OCI layout, whose one layer has the
//! static program. The same commit and program make the same bytes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tar::{EntryType, Header};

use crate::notices;
use crate::shell::{build_dir, command, root};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const PROGRAM: &str = "usr/local/bin/osiris";
/// User and group of processes, without a name: there is no `/etc/passwd`.
const USER: u64 = 65532;
/// Directories of the layer: path, mode and owner.
const DIRS: [(&str, u32, u64); 12] = [
    ("cache/", 0o700, USER),
    ("etc/", 0o755, 0),
    ("etc/ssl/", 0o755, 0),
    ("etc/ssl/certs/", 0o755, 0),
    ("tmp/", 0o1777, 0),
    ("usr/", 0o755, 0),
    ("usr/local/", 0o755, 0),
    ("usr/local/bin/", 0o755, 0),
    ("usr/local/share/", 0o755, 0),
    ("usr/local/share/doc/", 0o755, 0),
    ("usr/local/share/doc/osiris/", 0o755, 0),
    ("work/", 0o755, USER),
];
/// Certificates of Mozilla's list, where programs look for those of Debian. Mount others there, or
/// set `SSL_CERT_FILE`.
const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";

/// The commit of an image.
struct Commit {
    id: String,
    /// Seconds since 1970, and the same time as text.
    seconds: u64,
    time: String,
}

/// Writes `osiris-<version>-<target>.oci.tar` into a directory, and returns its name.
pub(crate) fn write(out: &Path, target: &str, program: &Path) -> Result<String> {
    let commit = commit()?;
    let mut layout = Layout::create(out, target, commit.seconds)?;
    let (layer, diff_id) = layer(program, commit.seconds)?;
    let size = layer.len();
    let layer = layout.blob("application/vnd.oci.image.layer.v1.tar+gzip", &layer)?;
    let architecture = match target.split('-').next() {
        Some("x86_64") => "amd64",
        Some("aarch64") => "arm64",
        _ => bail!("{target} is no target of images"),
    };
    let labels = json!({
        "org.opencontainers.image.title": "osiris",
        "org.opencontainers.image.description": "Runs data pipelines of sandboxed WebAssembly drivers",
        "org.opencontainers.image.version": VERSION,
        "org.opencontainers.image.revision": commit.id,
        "org.opencontainers.image.created": commit.time,
        "org.opencontainers.image.licenses": "Apache-2.0",
    });
    let config = json!({
        "created": commit.time,
        "architecture": architecture,
        "os": "linux",
        "config": {
            "User": format!("{USER}:{USER}"),
            "Env": ["PATH=/usr/local/bin", "OSIRIS_CACHE=/cache"],
            "Entrypoint": [format!("/{PROGRAM}")],
            "WorkingDir": "/work",
            "Labels": labels,
        },
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "history": [{"created": commit.time, "created_by": "cargo xtask dist --image"}],
    });
    let config =
        layout.blob("application/vnd.oci.image.config.v1+json", &serde_json::to_vec(&config)?)?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": [layer],
        "annotations": labels,
    });
    let mut manifest = layout
        .blob("application/vnd.oci.image.manifest.v1+json", &serde_json::to_vec(&manifest)?)?;
    manifest["platform"] = json!({"architecture": architecture, "os": "linux"});
    // The name that `podman load` and `docker load` give to the image.
    let name = format!("osiris:{VERSION}");
    manifest["annotations"] = json!({"org.opencontainers.image.ref.name": name});
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [manifest],
    });
    layout.file("index.json", &serde_json::to_vec(&index)?)?;
    let name = layout.finish()?;
    eprintln!("Wrote {name}: a layer of {:.1} MB", size as f64 / 1e6);
    Ok(name)
}

fn commit() -> Result<Commit> {
    let mut git = command("git", &["log", "-1", "--format=%H %ct %cd"]);
    git.arg("--date=format-local:%Y-%m-%dT%H:%M:%SZ").env("TZ", "UTC");
    let output = git.output().context("cannot start git")?;
    let text = String::from_utf8(output.stdout)?;
    let mut parts = text.split_whitespace().map(str::to_owned);
    let (Some(id), Some(seconds), Some(time)) = (parts.next(), parts.next(), parts.next()) else {
        bail!("cannot read the commit: {}", String::from_utf8_lossy(&output.stderr).trim());
    };
    Ok(Commit { id, seconds: seconds.parse()?, time })
}

/// Returns the compressed layer, and the hash of the uncompressed one.
fn layer(program: &Path, seconds: u64) -> Result<(Vec<u8>, String)> {
    notices::run()?;
    let doc = "usr/local/share/doc/osiris";
    let mut certificates = String::new();
    for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        certificates.push_str("-----BEGIN CERTIFICATE-----\n");
        for line in STANDARD.encode(certificate).as_bytes().chunks(64) {
            certificates.push_str(std::str::from_utf8(line)?);
            certificates.push('\n');
        }
        certificates.push_str("-----END CERTIFICATE-----\n");
    }
    let files = [
        (CERTIFICATES.to_owned(), 0o644, certificates.into_bytes()),
        (PROGRAM.to_owned(), 0o755, fs::read(program)?),
        (format!("{doc}/LICENSE"), 0o644, fs::read(root().join("LICENSE"))?),
        (format!("{doc}/{}", notices::FILE), 0o644, fs::read(build_dir()?.join(notices::FILE))?),
    ];
    let gzip = GzEncoder::new(Vec::new(), Compression::default());
    let mut tar = tar::Builder::new(Hashing { inner: gzip, hash: Sha256::new() });
    for (path, mode, owner) in DIRS {
        let mut header = header(EntryType::Directory, mode, owner, seconds);
        tar.append_data(&mut header, path, io::empty())?;
    }
    for (path, mode, content) in files {
        let mut header = header(EntryType::Regular, mode, 0, seconds);
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, path, &*content)?;
    }
    let Hashing { inner, hash } = tar.into_inner()?;
    Ok((inner.finish()?, digest(&hash.finalize())))
}

fn header(kind: EntryType, mode: u32, owner: u64, seconds: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(owner);
    header.set_gid(owner);
    header.set_mtime(seconds);
    header.set_size(0);
    header
}

fn digest(hash: &[u8]) -> String {
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// A writer that hashes what passes.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.inner.write(bytes)?;
        self.hash.update(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// An archive with an OCI layout.
struct Layout {
    name: String,
    tar: tar::Builder<File>,
    seconds: u64,
}

impl Layout {
    fn create(out: &Path, target: &str, seconds: u64) -> Result<Self> {
        let name = format!("osiris-{VERSION}-{target}.oci.tar");
        let tar = tar::Builder::new(File::create(out.join(&name))?);
        let mut layout = Self { name, tar, seconds };
        layout.file("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        for path in ["blobs/", "blobs/sha256/"] {
            let mut header = header(EntryType::Directory, 0o755, 0, seconds);
            layout.tar.append_data(&mut header, path, io::empty())?;
        }
        Ok(layout)
    }

    fn file(&mut self, path: &str, content: &[u8]) -> Result<()> {
        let mut header = header(EntryType::Regular, 0o644, 0, self.seconds);
        header.set_size(content.len() as u64);
        Ok(self.tar.append_data(&mut header, path, content)?)
    }

    /// Adds a blob and returns its descriptor.
    fn blob(&mut self, media_type: &str, content: &[u8]) -> Result<Value> {
        let digest = digest(&Sha256::digest(content));
        self.file(&format!("blobs/{}", digest.replace(':', "/")), content)?;
        Ok(json!({"mediaType": media_type, "digest": digest, "size": content.len()}))
    }

    fn finish(self) -> Result<String> {
        self.tar.into_inner()?.sync_all()?;
        Ok(self.name)
    }
}
