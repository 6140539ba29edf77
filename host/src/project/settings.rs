//! `osiris.yaml`.

use std::path::Path;

use super::policy::policy;
use crate::problem::{Problem, Result};
use crate::trust::Policy;
use crate::yaml::quantity::{memory, seconds};
use crate::yaml::{self, Fields, Node, Problems};

/// What `osiris.yaml` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The profile of pipelines that have it, unless a command names another.
    pub profile: Option<String>,
    /// Ceilings for every step of the project.
    pub limits: Limits,
    /// Which drivers are let in, and how far.
    pub drivers: Policy,
}

/// Ceilings for a step; none means the host's own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory, in bytes.
    pub memory: Option<u64>,
    /// Wall clock, in seconds.
    pub seconds: Option<u64>,
}

const SETTINGS: [&str; 4] = ["version", "profile", "limits", "drivers"];
const LIMITS: [&str; 2] = ["memory", "seconds"];
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

fn limits(node: &Node, problems: &mut Problems<'_>) -> Limits {
    let Some(fields) = Fields::of(node, "The settings' limits", "invalid_type", problems) else {
        return Limits::default();
    };
    fields.only(&LIMITS, problems);
    let memory = fields.get("memory").and_then(|node| memory(node, fields.owner(), problems));
    let seconds = fields.get("seconds").and_then(|node| seconds(node, fields.owner(), problems));
    Limits { memory, seconds }
}
