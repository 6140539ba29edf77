//! Permissions of one step's driver: those that its spec declares, within the limits of the host.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use osiris_core::driver::endpoints::{Endpoint, endpoints};
use osiris_core::driver::limits::Limits;
use osiris_core::driver::spec::{Spec, configured_paths};
use osiris_core::fs::project_dir::ProjectDir;
use osiris_core::paths::{
    Others, PermissionSources, Permissions, ProjectPath, Resolver, UnfinishedLog,
};
use serde_json::Value;
use wasmtime_wasi::WasiCtxBuilder;

use super::hidden_dirs::HiddenDirs;
use super::network::Network;
use super::vfs::Files;

/// The permissions of one call.
#[derive(Debug, Clone)]
pub struct Grants {
    /// The directory that the driver sees as `/`.
    pub base: PathBuf,
    /// Paths that the driver may read, relative to the base path.
    pub reads: Vec<String>,
    /// Paths that the driver may write, relative to the base path.
    pub writes: Vec<String>,
    /// A directory in which the driver may create anything, below the base path.
    pub artifacts: Option<PathBuf>,
    /// Paths that the other steps of the plan read and write.
    pub others: Others,
    /// Reserved files that `osiris.yaml` allows to read.
    pub allow_read: Vec<ProjectPath>,
    /// Endpoints that the driver may connect to.
    pub network: Vec<Endpoint>,
    /// Directories that are hidden from the driver until it creates them.
    pub folders: HiddenDirs,
    /// Name of the call in the log of unfinished files, and the log's directory. `None` for no log.
    pub unfinished: Option<(ProjectDir, String)>,
    /// Known addresses of hosts, by name in lower case.
    pub hosts: BTreeMap<String, Vec<IpAddr>>,
}

impl Grants {
    /// Returns the permissions that `spec` declares and `config` names, below `base`. `config` must
    /// be as its user wrote it, without the defaults of the driver's author, because these must not
    /// grant permissions.
    pub fn new(spec: &Spec, config: &Value, base: &Path, artifacts: Option<PathBuf>) -> Self {
        let named = |pointers| configured_paths(config, pointers).map(str::to_owned).collect();
        Self {
            base: base.to_owned(),
            reads: named(&spec.files.read),
            writes: named(&spec.files.write),
            artifacts,
            others: Others::default(),
            allow_read: Vec::new(),
            network: endpoints(spec, config),
            folders: HiddenDirs::default(),
            unfinished: None,
            hosts: BTreeMap::new(),
        }
    }

    /// Records unfinished files in a log of the host, so that another process can remove them if
    /// this one is killed. `call` must be a valid file name.
    #[must_use]
    pub fn logging(self, folder: ProjectDir, call: &str) -> Self {
        Self { unfinished: Some((folder, call.to_owned())), ..self }
    }

    /// Adds the reserved files that `osiris.yaml` allows to read.
    #[must_use]
    pub fn allowing(self, allow_read: &[ProjectPath]) -> Self {
        Self { allow_read: allow_read.to_vec(), ..self }
    }

    /// Adds the paths that the other steps of the plan use.
    #[must_use]
    pub fn beside(self, others: Others) -> Self {
        Self { others, ..self }
    }

    /// Adds the directories that are hidden from the driver until it creates them.
    #[must_use]
    pub fn hiding(self, folders: HiddenDirs) -> Self {
        Self { folders, ..self }
    }

    /// Adds known addresses of hosts, by name in lower case, which need no look-up.
    #[must_use]
    pub fn knowing(self, hosts: BTreeMap<String, Vec<IpAddr>>) -> Self {
        Self { hosts, ..self }
    }

    /// Returns the permissions for paths below the base path, which `resolver` has open.
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

    /// Returns the path of the artifacts directory as the driver sees it.
    pub fn artifacts_path(&self) -> String {
        let below = self.artifacts.as_deref().and_then(|path| path.strip_prefix(&self.base).ok());
        below.map(|path| format!("/{}", path.display())).unwrap_or_default()
    }

    /// Grants a driver access to the base path and the network.
    ///
    /// # Errors
    /// Returns an error if the base path cannot be opened.
    pub(super) fn apply(
        &self,
        wasi: &mut WasiCtxBuilder,
        limits: &Limits,
    ) -> wasmtime::Result<(Files, Network)> {
        let resolver = Resolver::open(&self.base)?;
        let permissions = self.permissions(&resolver);
        let log = self.unfinished.clone();
        let log = log.map(|(folder, call)| UnfinishedLog::new(folder, &call));
        let files = Files::new(resolver, permissions, self.folders.clone(), limits, log);
        let network = Network::new(self.network.clone(), self.hosts.clone());
        let dials = !network.is_empty();
        let check = network.clone();
        wasi.allow_tcp(dials).allow_ip_name_lookup(dials).socket_addr_check(
            move |address, usage| {
                let allowed = check.may_use(address, usage);
                Box::pin(async move { allowed })
            },
        );
        Ok((files, network))
    }
}
