//! Shows a driver's permissions before a project uses the driver for the first time.

use std::io;

use osiris_core::driver::limits::Bounds;
use osiris_core::sanitize::escape_control;
use osiris_registry::trust::{Admission, Right, Seen};

use super::render::{STRONG, paint};
use super::shell::Shell;
use super::workspace::{Workplace, limits_in_words};

/// Determines whether a shown driver is recorded as used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    /// The driver is recorded, because it is used now.
    Kept,
    /// The driver is not recorded, because it is only inspected.
    None,
}

/// Prints the drivers that this project has not used before and their `rights` on stderr. Drivers
/// that come with osiris are not shown; with JSON output, nothing is shown or recorded.
pub(super) fn tell(
    drivers: &[Admission],
    rights: &dyn Fn(&Admission) -> Vec<Right>,
    place: &Workplace,
    shell: &Shell,
    memory: Memory,
) {
    if shell.json || drivers.iter().all(|driver| driver.built_in) {
        return;
    }
    // If nothing can be recorded, the driver is shown each time.
    let seen = Seen::open(place.project.base()).inspect_err(log).ok();
    for driver in drivers.iter().filter(|driver| !driver.built_in) {
        if seen.as_ref().is_some_and(|seen| seen.has(&driver.sha256)) {
            continue;
        }
        shell.note(&notice(driver, &rights(driver), place));
        if let Some(seen) = seen.as_ref().filter(|_| memory == Memory::Kept) {
            seen.add(&driver.sha256).inspect_err(log).ok();
        }
    }
}

fn log(error: &io::Error) {
    tracing::debug!("which drivers were used before: {error}");
}

fn notice(driver: &Admission, rights: &[Right], place: &Workplace) -> String {
    let policy = &place.project.settings.drivers;
    let spec = &driver.spec;
    let name = paint(STRONG, &escape_control(&format!("{} {}", spec.name, spec.version)));
    let mut text = format!("First use of the driver {name} in this project\n");
    let mut line = |name: &str, value: &str| {
        text.push_str(&format!("  {name:<7} {}\n", escape_control(value)));
    };
    line("signer", &driver.signed(policy));
    line("sha256", &driver.sha256);
    let mut told: Vec<(&str, String)> = Vec::new();
    // Steps with the same driver share most permissions.
    for right in rights.iter().map(Right::told) {
        if !told.contains(&right) {
            told.push(right);
        }
    }
    told.iter().for_each(|(may, what)| line(may, what));
    let limits = place.limits(&Bounds::new()).tightened(&spec.bounds());
    line("limits", &limits_in_words(&limits).join(", "));
    text
}
