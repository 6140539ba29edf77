//! `osiris.yaml`.

use std::path::Path;

use super::policy::policy;
use crate::driver::limits::{Bounds, Limit};
use crate::problem::{Problem, Result};
use crate::trust::Policy;
use crate::wording::quoted;
use crate::yaml::{self, Fields, Node, Problems};

/// What `osiris.yaml` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The profile of pipelines that have it, unless a command names another.
    pub profile: Option<String>,
    /// What a step may use.
    pub limits: Bounds,
    /// Which drivers are let in, and how far.
    pub drivers: Policy,
}

const SETTINGS: [&str; 4] = ["version", "profile", "limits", "drivers"];
/// The only version of the file's format.
const VERSION: u64 = 1;

impl Settings {
    /// Reads the file; without one, the defaults.
    ///
    /// # Errors
    /// Every problem of the file.
    pub fn read(file: &Path) -> Result<Self> {
        if !file.try_exists().unwrap_or(true) {
            return Ok(Self::default());
        }
        let root = yaml::read(file)?;
        let mut problems = Problems::new(file);
        let settings = settings(&root, file, &mut problems);
        problems.into_result(settings.unwrap_or_default())
    }
}

fn settings(root: &Node, file: &Path, problems: &mut Problems<'_>) -> Option<Settings> {
    let fields = Fields::of(root, "The settings", "invalid_type", problems)?;
    fields.only(&SETTINGS, problems);
    let help = "write 'version: 1'";
    if let Some(node) = fields.require("version", "missing_required_key", help, problems)
        && node.as_u64() != Some(VERSION)
    {
        let message = "The settings: the only version is 1";
        problems.report(node.position, Problem::new("unsupported_version", message).help(help));
    }
    let profile = fields.get("profile").and_then(|node| {
        fields.read("profile", node, "text", "invalid_type", Node::as_text, problems)
    });
    Some(Settings {
        profile: profile.map(str::to_owned),
        limits: fields.get("limits").map(|node| limits(node, problems)).unwrap_or_default(),
        drivers: fields.get("drivers").map(|node| policy(node, file, problems)).unwrap_or_default(),
    })
}

fn limits(node: &Node, problems: &mut Problems<'_>) -> Bounds {
    let Some(fields) = Fields::of(node, "The settings' limits", "invalid_type", problems) else {
        return Bounds::new();
    };
    fields.only(&Limit::ALL.map(Limit::name), problems);
    let mut bounds = Bounds::new();
    for limit in Limit::ALL {
        let Some(node) = fields.get(limit.name()) else { continue };
        let written = node.as_text().map_or_else(|| node.to_json().to_string(), str::to_owned);
        match limit.parse(&written) {
            Ok(value) => drop(bounds.insert(limit, value)),
            Err(wanted) => {
                let name = limit.name();
                let message = format!(
                    "{}: '{name}' {wanted}, but it is {}",
                    fields.owner(),
                    quoted(&written)
                );
                problems.report(node.position, Problem::new("invalid_limit", message));
            }
        }
    }
    bounds
}
