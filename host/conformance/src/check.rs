//! Definition and result of a check.

use osiris_core::redact::Redactor;

use super::harness::Harness;
use super::requirement::Requirement;

/// A requirement for drivers.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Stable id for tools: `group.name`.
    pub id: &'static str,
    /// The requirement, as a statement.
    pub title: &'static str,
    /// Advice to fix a driver that fails the check.
    pub fix: &'static str,
    /// Prerequisites; the check is skipped if one is missing.
    pub(super) needs: &'static [Requirement],
    pub(super) run: fn(&Harness) -> Verdict,
}

impl Check {
    /// Returns the name within the group: the part of the id after the dot.
    pub fn name(&self) -> &'static str {
        self.id.split_once('.').map_or(self.id, |(_, name)| name)
    }

    /// Returns whether the check needs the driver's code.
    pub(super) fn calls(&self) -> bool {
        self.group() != "spec" || self.needs.contains(&Requirement::Driver)
    }

    /// Returns the group: the part of the id before the dot.
    pub fn group(&self) -> &'static str {
        self.id.split('.').next().unwrap_or_default()
    }
}

/// The result of a check that did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotPassed {
    /// The requirement is not met; holds the observation.
    Failed(String),
    /// The check could not run; holds the reason.
    Skipped(String),
}

/// The result of a check.
pub(super) type Verdict = Result<(), NotPassed>;

pub(super) fn fail(observation: impl Into<String>) -> Verdict {
    Err(NotPassed::Failed(observation.into()))
}

pub(super) fn skip(reason: impl Into<String>) -> NotPassed {
    NotPassed::Skipped(reason.into())
}

/// Fails if `holds` is not true.
pub(super) fn ensure(holds: bool, observation: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { fail(observation()) }
}

/// Maximum number of faults in a message.
const MAX_LISTED: usize = 5;

/// Fails if there are any faults.
pub(super) fn none(faults: impl IntoIterator<Item = String>) -> Verdict {
    let mut faults: Vec<String> = faults.into_iter().collect();
    if faults.is_empty() {
        return Ok(());
    }
    let more = faults.len().saturating_sub(MAX_LISTED);
    faults.truncate(MAX_LISTED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    fail(format!("{}{more}", faults.join("; ")))
}

/// Returns a redactor for these secrets, or skips the check with the reason why one cannot be
/// built.
pub(super) fn redactor(secrets: impl IntoIterator<Item = String>) -> Result<Redactor, NotPassed> {
    Redactor::new(secrets).map_err(|error| skip(error.to_string()))
}
