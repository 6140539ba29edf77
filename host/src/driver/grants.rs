//! What one step's driver may touch: what its spec declares, as far as the host
//! allows it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wasmtime_wasi::WasiCtxBuilder;

use super::files::Files;
use super::folders::Folders;
use super::limits::Limits;
use super::network::{Endpoint, Network, endpoints};
use super::spec::Spec;
use crate::paths::{Others, PermissionSources, Permissions, ProjectPath, Resolver};

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
    /// Paths that the other steps of the plan read and write.
    pub others: Others,
    /// Reserved files that `osiris.yaml` opens to reading.
    pub allow_read: Vec<ProjectPath>,
    /// What it may dial.
    pub network: Vec<Endpoint>,
    /// Folders that it does not see before it makes them.
    pub folders: Folders,
    /// Addresses of hosts that are known already, by name in lower case.
    pub hosts: BTreeMap<String, Vec<IpAddr>>,
}

impl Grants {
    /// Permissions that `spec` declares and `config` names, below `base`. The configuration is as its
    /// user wrote it: a default of the driver's author opens nothing, so none may be in it.
    pub fn new(spec: &Spec, config: &Value, base: &Path, artifacts: Option<PathBuf>) -> Self {
        let named = |pointers| paths(config, pointers).map(str::to_owned).collect();
        Self {
            base: base.to_owned(),
            reads: named(&spec.files.read),
            writes: named(&spec.files.write),
            artifacts,
            others: Others::default(),
            allow_read: Vec::new(),
            network: endpoints(spec, config),
            folders: Folders::default(),
            hosts: BTreeMap::new(),
        }
    }

    /// Adds the reserved files that `osiris.yaml` opens to reading.
    #[must_use]
    pub fn allowing(self, allow_read: &[ProjectPath]) -> Self {
        Self { allow_read: allow_read.to_vec(), ..self }
    }

    /// Adds what the other steps of the plan use.
    #[must_use]
    pub fn beside(self, others: Others) -> Self {
        Self { others, ..self }
    }

    /// Adds the folders that the driver does not see before it makes them.
    #[must_use]
    pub fn hiding(self, folders: Folders) -> Self {
        Self { folders, ..self }
    }

    /// Adds addresses of hosts, by name in lower case, that are not looked up any more.
    #[must_use]
    pub fn knowing(self, hosts: BTreeMap<String, Vec<IpAddr>>) -> Self {
        Self { hosts, ..self }
    }

    /// Permissions for the paths below the base path, which is open.
    pub fn permissions(&self, resolver: &Resolver) -> Permissions {
        let artifacts = self.artifacts.as_deref();
        let sources = PermissionSources {
            reads: &self.reads,
            writes: &self.writes,
            artifacts: artifacts.and_then(|path| path.strip_prefix(&self.base).ok()),
            others: &self.others,
            allow_read: &self.allow_read,
        };
        Permissions::new(resolver, sources)
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
        let resolver = Resolver::open(&self.base)?;
        let permissions = self.permissions(&resolver);
        let files = Files::new(resolver, permissions, self.folders.clone(), limits);
        let network = Network::new(self.network.clone(), self.hosts.clone());
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
