//! Shows a driver's permissions before a project uses the driver for the first time.

use std::io;

use osiris_core::driver::limits::LimitOverrides;
use osiris_core::sanitize::escape_control;
use osiris_registry::trust::{AdmittedDriver, KnownDrivers, PermissionReport};
use osiris_runtime::Workspace;

use super::compile_args::limits_in_words;
use super::render::{BOLD, paint};
use super::shell::Shell;

/// Determines whether a shown driver is recorded as used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remember {
    /// The driver is recorded, because it is used now.
    Yes,
    /// The driver is not recorded, because it is only inspected.
    No,
}

/// Prints the drivers that this project has not used before and their `permissions` on stderr.
/// Drivers that come with osiris are not shown; with JSON output, nothing is shown or recorded.
pub(super) fn print_notices(
    drivers: &[AdmittedDriver],
    permissions: &dyn Fn(&AdmittedDriver) -> Vec<PermissionReport>,
    workspace: &Workspace,
    shell: &Shell,
    remember: Remember,
) {
    if shell.json || drivers.iter().all(|driver| driver.built_in) {
        return;
    }
    // If nothing can be recorded, the driver is shown each time.
    let record = KnownDrivers::open(workspace.project.base()).inspect_err(log).ok();
    for driver in drivers.iter().filter(|driver| !driver.built_in) {
        if record.as_ref().is_some_and(|record| record.has(&driver.sha256)) {
            continue;
        }
        shell.note(&notice(driver, &permissions(driver), workspace));
        if let Some(record) = record.as_ref().filter(|_| remember == Remember::Yes) {
            record.add(&driver.sha256).inspect_err(log).ok();
        }
    }
}

fn log(error: &io::Error) {
    tracing::debug!("cannot access the record of used drivers: {error}");
}

fn notice(
    driver: &AdmittedDriver,
    permissions: &[PermissionReport],
    workspace: &Workspace,
) -> String {
    let policy = &workspace.project.settings.drivers;
    let spec = &driver.spec;
    let name = paint(BOLD, &escape_control(&format!("{} {}", spec.name, spec.version)));
    let mut text = format!("First use of the driver {name} in this project\n");
    let mut line = |name: &str, value: &str| {
        text.push_str(&format!("  {name:<7} {}\n", escape_control(value)));
    };
    line("signer", &driver.signed(policy));
    line("sha256", &driver.sha256);
    let mut sentences: Vec<(&str, String)> = Vec::new();
    // Steps with the same driver share most permissions.
    for sentence in permissions.iter().map(PermissionReport::sentence) {
        if !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    sentences.iter().for_each(|(may, what)| line(may, what));
    let limits = workspace.limits(&LimitOverrides::new()).clamped_by(&spec.bounds());
    line("limits", &limits_in_words(&limits).join(", "));
    text
}
