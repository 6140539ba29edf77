//! What a check is: data, and the function that looks.

use super::bench::Bench;
use super::need::Need;
use crate::redact::Redactor;

/// Something that a driver must do.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// `group.name`; stable, for tools.
    pub id: &'static str,
    /// What holds if it passes.
    pub title: &'static str,
    /// How to mend a driver that does not pass.
    pub fix: &'static str,
    /// Without one of these it is skipped.
    pub(super) needs: &'static [Need],
    pub(super) run: fn(&Bench) -> Verdict,
}

impl Check {
    /// What it is called in its group: the part of its id after the dot.
    pub fn name(&self) -> &'static str {
        self.id.split_once('.').map_or(self.id, |(_, name)| name)
    }

    /// Whether the driver's code is needed for it.
    pub(super) fn calls(&self) -> bool {
        self.group() != "spec" || self.needs.contains(&Need::Driver)
    }

    /// What it belongs to: the part of its id before the dot.
    pub fn group(&self) -> &'static str {
        self.id.split('.').next().unwrap_or_default()
    }
}

/// How a check ended, if not well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missed {
    /// It does not hold; what was seen.
    Failed(String),
    /// It could not be looked at; why.
    Skipped(String),
}

/// How a check ended.
pub(super) type Verdict = Result<(), Missed>;

pub(super) fn fail(seen: impl Into<String>) -> Verdict {
    Err(Missed::Failed(seen.into()))
}

pub(super) fn skip(why: impl Into<String>) -> Missed {
    Missed::Skipped(why.into())
}

/// Fails if `holds` is not true.
pub(super) fn ensure(holds: bool, seen: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { fail(seen()) }
}

/// How many of several faults are told.
const TOLD: usize = 5;

/// Fails if there is any.
pub(super) fn none(seen: impl IntoIterator<Item = String>) -> Verdict {
    let mut seen: Vec<String> = seen.into_iter().collect();
    if seen.is_empty() {
        return Ok(());
    }
    let more = seen.len().saturating_sub(TOLD);
    seen.truncate(TOLD);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    fail(format!("{}{more}", seen.join("; ")))
}

/// Returns a redactor of these secrets, or the reason why there can be none.
pub(super) fn redactor(secrets: impl IntoIterator<Item = String>) -> Result<Redactor, Missed> {
    Redactor::new(secrets).map_err(|error| skip(error.to_string()))
}
