//! What one step's driver may touch: what its spec declares, as far as the host
//! allows it.

use std::io;
use std::path::{Component, Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use serde_json::Value;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use super::network::{Endpoint, Network, endpoints};
use super::spec::Spec;

/// What a driver may do with the base path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    None,
    /// Read.
    Read,
    /// Read and write.
    Write,
}

/// The rights of one call.
#[derive(Debug, Clone)]
pub struct Grants {
    /// The folder that the driver sees as `/`.
    pub base: PathBuf,
    /// What it may do there.
    pub access: Access,
    /// A folder that it may write to, below the base path.
    pub artifacts: Option<PathBuf>,
    /// What it may dial.
    pub network: Vec<Endpoint>,
}

impl Grants {
    /// What `spec` declares and `config` names, below `base`.
    pub fn new(spec: &Spec, config: &Value, base: &Path, artifacts: Option<PathBuf>) -> Self {
        // A driver that reads a file only where one is named sees none where none is.
        let named = |pointers: &[String]| {
            pointers.iter().any(|pointer| config.pointer(pointer).is_some_and(|v| !v.is_null()))
        };
        let access = if named(&spec.files.write) {
            Access::Write
        } else if named(&spec.files.read) {
            Access::Read
        } else {
            Access::None
        };
        let network = endpoints(spec, config);
        Self { base: base.to_owned(), access, artifacts, network }
    }

    /// The artifacts folder as the driver names it.
    pub fn artifacts_path(&self) -> String {
        let below = self.artifacts.as_deref().and_then(|path| path.strip_prefix(&self.base).ok());
        below.map(|path| format!("/{}", path.display())).unwrap_or_default()
    }

    /// Opens the folders and the network for a driver.
    ///
    /// # Errors
    /// A folder cannot be opened.
    pub(super) fn apply(&self, wasi: &mut WasiCtxBuilder) -> wasmtime::Result<Network> {
        match self.access {
            Access::None => {}
            Access::Read => {
                wasi.preopened_dir(&self.base, "/", FsPerms::ReadOnly)?;
            }
            Access::Write => {
                wasi.preopened_dir(&self.base, "/", FsPerms::ReadWrite)?;
            }
        }
        if let Some(folder) = &self.artifacts {
            wasi.preopened_dir(folder, self.artifacts_path(), FsPerms::ReadWrite)?;
        }
        let network = Network::new(self.network.clone());
        let dials = !network.is_empty();
        let check = network.clone();
        wasi.allow_tcp(dials).allow_ip_name_lookup(dials).socket_addr_check(
            move |address, usage| {
                let may = check.may_use(address, usage);
                Box::pin(async move { may })
            },
        );
        Ok(network)
    }
}

/// The paths in a step's configuration that the pointers name.
pub fn paths<'a>(config: &'a Value, pointers: &'a [String]) -> impl Iterator<Item = &'a str> {
    pointers.iter().filter_map(|pointer| config.pointer(pointer)?.as_str())
}

/// Checks that `path` stays below `base` even through symbolic links. What does
/// not exist yet is fine.
///
/// # Errors
/// Says why it does not.
pub fn check_path(base: &Path, path: &str) -> Result<(), String> {
    if Path::new(path)
        .components()
        .any(|part| matches!(part, Component::RootDir | Component::Prefix(_)))
    {
        return Err(format!(
            "`{path}` is absolute; a path is relative to the base path {}",
            base.display()
        ));
    }
    let Ok(folder) = Dir::open_ambient_dir(base, ambient_authority()) else {
        return Ok(()); // Opening it for the driver will tell.
    };
    match folder.canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(format!(
            "`{path}` leads outside the base path {}; copy the file into the project",
            base.display()
        )),
        _ => Ok(()),
    }
}
