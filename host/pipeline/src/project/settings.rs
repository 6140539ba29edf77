//! Reads `osiris.yaml`.

use std::collections::BTreeMap;
use std::path::Path;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Result};
use osiris_core::driver::limits::{Limit, LimitOverrides};
use osiris_core::paths::{ProjectPath, RESERVED, reserved};
use osiris_core::text::{closest_match, join_or, quoted};
use osiris_core::yaml::{self, Diagnostics, Fields, Node};
use osiris_registry::index::IndexSource;
use osiris_registry::trust::Policy;

use super::policy_settings::{indexes, policy};
use super::retention::{Retention, parse_age};

/// Settings of `osiris.yaml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The profile for pipelines that have it, unless a command names another.
    pub profile: Option<String>,
    /// Resource limits of a step.
    pub limits: LimitOverrides,
    /// Policy for drivers: the allowed ones and their permission ceilings.
    pub drivers: Policy,
    /// Indexes of drivers, by the names that the project gives them.
    pub indexes: BTreeMap<String, IndexSource>,
    /// Reserved files that steps may read if their configuration names them.
    pub allow_read: Vec<ProjectPath>,
    /// The past runs that are kept.
    pub runs: Retention,
}

const SETTINGS: [&str; 6] = ["version", "profile", "limits", "drivers", "files", "runs"];
/// The only version of the file's format.
const VERSION: u64 = 1;

impl Settings {
    /// Reads the file. Returns the defaults if the file does not exist.
    ///
    /// # Errors
    /// Returns an error if the file has any problem; the error lists all of them.
    pub fn read(file: &Path) -> Result<Self> {
        if !file.try_exists().unwrap_or(true) {
            return Ok(Self::default());
        }
        let root = yaml::read(file)?;
        let mut problems = Diagnostics::new(file);
        let settings = settings(&root, file, &mut problems);
        problems.into_result(settings.unwrap_or_default())
    }
}

fn settings(root: &Node, file: &Path, problems: &mut Diagnostics<'_>) -> Option<Settings> {
    let fields = Fields::of(root, "the settings", Code::TypeInvalid, problems)?;
    fields.only(&SETTINGS, problems);
    let help = "write `version: 1`";
    if let Some(node) = fields.require("version", Code::KeyMissing, help, problems)
        && node.as_u64() != Some(VERSION)
    {
        let message = "unsupported version of the settings: expected `1`";
        problems
            .report(node.position, Diagnostic::new(Code::VersionUnsupported, message).help(help));
    }
    let profile = fields.get("profile").and_then(|node| {
        fields.read("profile", node, "text", Code::TypeInvalid, Node::as_text, problems)
    });
    let drivers = fields.get("drivers");
    let policy = drivers.map(|node| policy(node, file, problems)).unwrap_or_default();
    let indexes = drivers.map(|node| indexes(node, &policy.keys, file, problems));
    Some(Settings {
        profile: profile.map(str::to_owned),
        limits: fields.get("limits").map(|node| limits(node, problems)).unwrap_or_default(),
        drivers: policy,
        indexes: indexes.unwrap_or_default(),
        allow_read: fields.get("files").map(|node| allow_read(node, problems)).unwrap_or_default(),
        runs: fields.get("runs").map(|node| retention(node, problems)).unwrap_or_default(),
    })
}

fn allow_read(node: &Node, problems: &mut Diagnostics<'_>) -> Vec<ProjectPath> {
    const OWNER: &str = "`files`";
    const INVALID: Code = Code::FilesInvalid;
    let Some(fields) = Fields::of(node, OWNER, Code::TypeInvalid, problems) else {
        return Vec::new();
    };
    fields.only(&["allow_read"], problems);
    let Some(list) = fields.get("allow_read") else { return Vec::new() };
    let Some(items) = list.as_list() else {
        let message = format!("{OWNER}: `allow_read` must be a list, but is {}", list.kind());
        let help = "write a list like `allow_read: [\"logs\"]`";
        problems.report(list.position, Diagnostic::new(Code::TypeInvalid, message).help(help));
        return Vec::new();
    };
    let mut paths = Vec::new();
    for item in items {
        let Some(text) = item.as_text() else {
            let message = format!(
                "{OWNER}: `allow_read` must be a list of paths, but contains {}",
                item.kind()
            );
            problems.report(item.position, Diagnostic::new(Code::TypeInvalid, message));
            continue;
        };
        match ProjectPath::new(text) {
            Ok(path) if reserved(path.as_ref()).is_some() => paths.push(path),
            Ok(_) => {
                let message = format!("{OWNER}: {} is not a reserved path", quoted(text));
                let help = match closest_match(text, RESERVED) {
                    Some(suggestion) => format!("did you mean `{suggestion}`?"),
                    None => format!(
                        "remove the entry: a step can read any other file that its configuration names; the reserved paths are {}",
                        join_or(&RESERVED)
                    ),
                };
                problems.report(item.position, Diagnostic::new(INVALID, message).help(help));
            }
            Err(_) => {
                let message = format!("{OWNER}: {} is not a path in the project", quoted(text));
                let help = "write a path relative to the project directory, like `logs`";
                problems.report(item.position, Diagnostic::new(INVALID, message).help(help));
            }
        }
    }
    paths
}

fn retention(node: &Node, problems: &mut Diagnostics<'_>) -> Retention {
    let Some(fields) = Fields::of(node, "`runs`", Code::TypeInvalid, problems) else {
        return Retention::default();
    };
    fields.only(&["keep", "older_than"], problems);
    let mut invalid = |node: &Node, message: String| {
        problems.report(node.position, Diagnostic::new(Code::TypeInvalid, message));
    };
    let keep = fields.get("keep").and_then(|node| {
        let keep = node.as_u64().and_then(|keep| usize::try_from(keep).ok());
        let keep = keep.filter(|keep| *keep > 0);
        if keep.is_none() {
            invalid(node, "`runs`: `keep` must be a number from 1".to_owned());
        }
        keep
    });
    let older_than = fields.get("older_than").and_then(|node| {
        let written = node.as_text().map_or_else(|| node.to_json().to_string(), str::to_owned);
        let age = parse_age(&written);
        age.map_err(|expected| {
            invalid(
                node,
                format!("`runs`: cannot parse `older_than` {}: {expected}", quoted(&written)),
            );
        })
        .ok()
    });
    Retention { keep, older_than }
}

fn limits(node: &Node, problems: &mut Diagnostics<'_>) -> LimitOverrides {
    let Some(fields) = Fields::of(node, "`limits`", Code::TypeInvalid, problems) else {
        return LimitOverrides::new();
    };
    fields.only(&Limit::ALL.map(Limit::name), problems);
    let mut bounds = LimitOverrides::new();
    for limit in Limit::ALL {
        let Some(node) = fields.get(limit.name()) else { continue };
        let written = node.as_text().map_or_else(|| node.to_json().to_string(), str::to_owned);
        match limit.parse(&written) {
            Ok(value) => drop(bounds.insert(limit, value)),
            Err(reason) => {
                let name = limit.name();
                let message =
                    format!("{}: `{name}` {reason}, but is {}", fields.owner(), quoted(&written));
                problems.report(node.position, Diagnostic::new(Code::LimitInvalid, message));
            }
        }
    }
    bounds
}
