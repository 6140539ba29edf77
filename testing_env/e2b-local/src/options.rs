//! Options of an emulator.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Options of an emulator.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port of the control plane; 0 is any free one.
    pub api_port: u16,
    /// The port of envd of all sandboxes; 0 is any free one.
    pub sandbox_port: u16,
    /// Templates by their name. `base`, without files, is always there.
    pub templates: BTreeMap<String, Template>,
    /// The limit of the memory of a sandbox's processes together, in bytes.
    pub memory: u64,
    /// The longest lifetime of a sandbox.
    pub lifetime: Duration,
    /// The number of sandboxes that can live at a time.
    pub concurrent: usize,
    /// The limit of a sandbox's files, in bytes.
    pub disk: u64,
    /// The version of envd in templates that do not name one.
    pub envd_version: String,
    /// The generations of the routes that make sandboxes.
    pub versions: Versions,
    /// The enforcement of egress rules.
    pub enforce_network: Enforce,
    /// A domain whose host names are served over TLS, such as `e2b.app`, instead of
    /// ports on this machine's loopback: `api.e2b.app`, `sandbox.e2b.app` and
    /// `49983-<id>.e2b.app`. They exist for commands that run below
    /// [`E2bLocal::command`](crate::E2bLocal::command). Needs root.
    pub domain: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            api_port: 0,
            sandbox_port: 0,
            templates: BTreeMap::new(),
            memory: 2 << 30,
            lifetime: Duration::from_secs(24 * 60 * 60),
            concurrent: 20,
            disk: 10 << 30,
            envd_version: "0.6.13".to_owned(),
            versions: Versions::Both,
            enforce_network: Enforce::WherePossible,
            domain: None,
        }
    }
}

/// The files and the envd that sandboxes of a template start with.
#[derive(Debug, Clone, Default)]
pub struct Template {
    /// Files that are there from the beginning.
    pub files: Vec<TemplateFile>,
    /// Another version of envd than [`Options::envd_version`].
    pub envd_version: Option<String>,
}

/// A file of a template.
#[derive(Debug, Clone)]
pub struct TemplateFile {
    /// The file of this machine that is copied.
    pub from: PathBuf,
    /// The path in a sandbox, such as `/usr/local/bin/osiris`. Processes see
    /// what is below `/home`, `/tmp` and `/usr/local`.
    pub to: String,
    /// Its permissions, such as `0o755`.
    pub mode: u32,
}

/// The enforcement of egress rules, which needs root, `ip` of the
/// package `iproute2` and `nft` of the package `nftables`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Enforce {
    /// Only where this machine has all that it needs.
    WherePossible,
    /// The emulator does not start otherwise.
    Always,
    /// The rules are checked and shown only.
    Never,
}

/// Generations of the routes that make sandboxes and connect to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versions {
    /// `/sandboxes` only, as until 2026.
    V1,
    /// `/v2/sandboxes` only.
    V2,
    /// Both, as E2B does.
    Both,
}
