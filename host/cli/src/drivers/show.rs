//! `osiris drivers show`.

use osiris_core::canonical;
use osiris_core::diagnostic::Result;
use osiris_core::driver::DriverFile;
use osiris_runtime::Workspace;
use serde_json::json;

use super::super::complete;
use super::super::render::{BOLD, DIM, paint};
use super::super::shell::{CommandOutput, Shell, display_path};
use super::describe;
use super::trust_report::TrustReport;

const EXAMPLES: &str = "\
Examples:
  osiris drivers show filesystem.csv_extractor
  osiris drivers show filesystem.csv_extractor --json | jq .spec.configSchema";

/// Show a driver's description, configuration and permissions
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Driver name, like filesystem.csv_extractor
    #[arg(value_name = "NAME", add = complete::drivers())]
    name: String,
}

pub(super) fn show(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let Workspace { project, drivers: catalog } = shell.workspace()?;
    let Some(driver) = catalog.find(&args.name) else {
        return Err(catalog.missing_driver_error(&args.name));
    };
    let content = DriverFile::bytes(&driver.path)?;
    let sha256 = canonical::sha256(&content);
    let report = TrustReport::of(driver, &content, &sha256, &project)?;
    let spec = &driver.spec;
    let mut text = describe::heading(spec);
    let mut section = |name: &str, body: &str| {
        text.push_str(&format!("{}\n{}\n", paint(BOLD, name), body.trim_end()));
    };
    section("Modes", &format!("  {}", describe::modes(spec)));
    section("Configuration", &describe::fields(spec));
    // The lines can contain styles, and their content is escaped.
    section("Signed by", &format!("  {}", report.signers().join("\n  ")));
    section("In this project", &format!("  {}", report.here().join("\n  ")));
    for example in &spec.examples {
        let lines = serde_json::to_string_pretty(&example.config).unwrap_or_default();
        let lines: Vec<String> = lines.lines().map(str::to_owned).collect();
        section(
            &format!("Example: {}", osiris_core::sanitize::escape_control(&example.title)),
            &indented(&lines),
        );
    }
    text.push_str(&paint(DIM, &format!("{}\nsha256 {sha256}", display_path(&driver.path))));
    let (signers, here) = report.json();
    let json = json!({
        "spec": **spec, "file": driver.path, "sha256": sha256, "size": driver.size,
        "signers": signers, "here": here,
    });
    Ok(CommandOutput::new(json, text))
}

fn indented(lines: &[String]) -> String {
    lines
        .iter()
        .map(|line| format!("  {}", osiris_core::sanitize::escape_control(line)))
        .collect::<Vec<_>>()
        .join("\n")
}
