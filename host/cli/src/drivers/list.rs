//! `osiris drivers list`.

use osiris_core::diagnostic::Result;
use osiris_core::driver::DriverFile;
use osiris_core::driver::catalog::DriverCatalog;
use serde_json::json;

use super::super::render::{self, DIM, Table};
use super::super::shell::{CommandOutput, Shell, display_path};
use super::describe::modes;

const EXAMPLES: &str = "\
Examples:
  osiris drivers list
  osiris drivers list --json | jq -r '.drivers[].name'";

/// Maximum unusable files that are shown.
const SHOWN: usize = 20;

/// List the drivers that pipelines can use
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {}

pub(super) fn list(_: &Args, shell: &Shell) -> Result<CommandOutput> {
    let catalog = shell.workspace()?.drivers;
    let broken = catalog.load_errors();
    if !shell.json {
        broken.iter().take(SHOWN).for_each(|one| shell.note(&render::warning(one)));
        if let Some(more) = broken.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            shell.note(&format!("... and {more} more files that cannot be used"));
        }
    }
    let mut table = Table::new(["Driver", "Version", "Modes", "Title", "Origin"]);
    let mut drivers = Vec::new();
    for driver in catalog.drivers() {
        let spec = &driver.spec;
        let plain = anstyle::Style::new();
        table.styled([
            (spec.name.clone(), plain),
            (spec.version.clone(), plain),
            (modes(spec), plain),
            (spec.title.clone(), plain),
            (origin(&catalog, driver), DIM),
        ]);
        drivers.push(json!({
            "name": spec.name, "version": spec.version, "modes": spec.modes,
            "title": spec.title, "file": driver.path, "size": driver.size,
            "built_in": driver.built_in,
            "hides_built_in": catalog.hidden_by(driver).is_some(),
        }));
    }
    let folders: Vec<_> = catalog.dirs().iter().map(|folder| display_path(folder)).collect();
    let text = match drivers.is_empty() {
        true => format!("no drivers in {}", folders.join(", ")),
        false => table.render(),
    };
    let json = json!({
        "drivers": drivers, "dirs": catalog.dirs(), "unusable": broken,
    });
    Ok(CommandOutput::new(json, text))
}

/// Describes where a driver comes from.
fn origin(catalog: &DriverCatalog, driver: &DriverFile) -> String {
    let path = display_path(&driver.path);
    match catalog.hidden_by(driver) {
        _ if driver.built_in => "comes with osiris".to_owned(),
        Some(hidden) => format!("{path}, in place of {} of osiris", hidden.spec.version),
        None => path,
    }
}
