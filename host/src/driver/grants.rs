//! What one step's driver may touch: what its spec declares, as far as the host
//! allows it.

use std::io;
use std::path::{Component, Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use serde_json::Value;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use super::files::{Files, is_reserved};
use super::folders::Folders;
use super::limits::Limits;
use super::network::{Endpoint, Network, endpoints};
use super::spec::Spec;

/// The rights of one call.
#[derive(Debug, Clone)]
pub struct Grants {
    /// The folder that the driver sees as `/`.
    pub base: PathBuf,
    /// What it may read there, relative to the base path.
    pub reads: Vec<String>,
    /// What it may write there, relative to the base path.
    pub writes: Vec<String>,
    /// A folder for whatever it likes, below the base path.
    pub artifacts: Option<PathBuf>,
    /// What it may dial.
    pub network: Vec<Endpoint>,
    /// Folders that it does not see before it makes them.
    pub folders: Folders,
}

impl Grants {
    /// What `spec` declares and `config` names, below `base`.
    pub fn new(spec: &Spec, config: &Value, base: &Path, artifacts: Option<PathBuf>) -> Self {
        let named = |pointers| paths(config, pointers).map(str::to_owned).collect();
        Self {
            base: base.to_owned(),
            reads: named(&spec.files.read),
            writes: named(&spec.files.write),
            artifacts,
            network: endpoints(spec, config),
            folders: Folders::default(),
        }
    }

    /// The artifacts folder as the driver names it.
    pub fn artifacts_path(&self) -> String {
        let below = self.artifacts.as_deref().and_then(|path| path.strip_prefix(&self.base).ok());
        below.map(|path| format!("/{}", path.display())).unwrap_or_default()
    }

    /// Opens the base path for a driver, and the network.
    ///
    /// # Errors
    /// The base path cannot be opened.
    pub(super) fn apply(
        &self,
        wasi: &mut WasiCtxBuilder,
        limits: &Limits,
    ) -> wasmtime::Result<(Files, Network)> {
        // What is read and written there is up to the files themselves.
        if self.artifacts.is_some() || !self.writes.is_empty() {
            wasi.preopened_dir(&self.base, "/", FsPerms::ReadWrite)?;
        } else if !self.reads.is_empty() {
            wasi.preopened_dir(&self.base, "/", FsPerms::ReadOnly)?;
        }
        let base = Dir::open_ambient_dir(&self.base, ambient_authority())?;
        let files = Files::new(base, self, limits);
        let network = Network::new(self.network.clone());
        let dials = !network.is_empty();
        let check = network.clone();
        wasi.allow_tcp(dials).allow_ip_name_lookup(dials).socket_addr_check(
            move |address, usage| {
                let may = check.may_use(address, usage);
                Box::pin(async move { may })
            },
        );
        Ok((files, network))
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

/// Checks that `path` is not one of the project's own files, which no driver writes.
///
/// # Errors
/// Says that it is.
pub fn check_written(path: &str) -> Result<(), String> {
    match is_reserved(Path::new(path.trim_start_matches("./"))) {
        true => Err(format!("`{path}` is osiris's own in a project, and no driver may write it")),
        false => Ok(()),
    }
}
