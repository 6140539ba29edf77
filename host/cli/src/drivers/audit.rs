//! `osiris drivers audit`.

use std::collections::{BTreeMap, BTreeSet};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, ExitStatus, Result};
use osiris_core::driver::DriverFile;
use osiris_core::driver::limits::{LimitOverrides, Limits};
use osiris_core::sanitize::escape_control;
use osiris_pipeline::project::Project;
use osiris_registry::Lockfile;
use osiris_registry::trust::{PermissionReport, RequestedPermissions};
use osiris_runtime::Workspace;
use serde_json::{Value, json};

use super::super::compile_args::limits_in_words;
use super::super::render::{BOLD, DIM, ERROR, SUCCESS, WARN, multiline, paint};
use super::super::shell::{CommandOutput, Shell, display_path};
use super::dependents;

const EXAMPLES: &str = "\
Examples:
  osiris drivers audit
  osiris drivers audit --json | jq '.drivers[] | select(.problems != [])'

Checks every driver in drivers/ and osiris.lock without running it: whether it matches
the lockfile and this host, which permissions it has, and which pipelines use it.
Exits with 1 on problems, but not on notes.";

/// Check the project's drivers against osiris.lock
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {}

/// The findings on one driver.
#[derive(Default)]
struct Violation {
    version: Option<String>,
    sha256: Option<String>,
    locked: bool,
    permissions: Vec<PermissionReport>,
    limits: Option<Limits>,
    used_by: BTreeSet<String>,
    problems: Vec<Diagnostic>,
    notes: Vec<&'static str>,
}

pub(super) fn audit(_: &Args, shell: &Shell) -> Result<CommandOutput> {
    let workspace = shell.workspace()?;
    let lock = Lockfile::read(&workspace.project.layout.lock_file())?;
    let mut dependents = dependents::by(&workspace.project);
    let drivers_dir = workspace.project.layout.drivers_dir();
    let mut findings: BTreeMap<String, Violation> = BTreeMap::new();
    for driver in workspace.drivers.drivers() {
        let name = &driver.spec.name;
        if lock.drivers.contains_key(name) || driver.path.starts_with(&drivers_dir) {
            let finding =
                examine(driver, &workspace, &lock, dependents.remove(name).unwrap_or_default())?;
            findings.insert(name.clone(), finding);
        }
    }
    let present: BTreeSet<String> = findings.keys().cloned().collect();
    for (name, entry) in lock.drivers.iter().filter(|(name, _)| !present.contains(*name)) {
        findings.insert(
            name.clone(),
            Violation {
                version: Some(entry.version.clone()),
                locked: true,
                used_by: dependents.remove(name).unwrap_or_default(),
                problems: vec![missing(&workspace.project, name)],
                ..Violation::default()
            },
        );
    }
    let broken = workspace.drivers.load_errors().into_iter().filter(|problem| {
        problem
            .location
            .as_ref()
            .is_some_and(|at| std::path::Path::new(&at.file).starts_with(&drivers_dir))
    });
    for problem in broken {
        let file = problem.location.as_ref().map(|at| std::path::Path::new(&at.file));
        let stem = file.and_then(|file| file.file_stem()).unwrap_or_default();
        let finding = findings.entry(stem.to_string_lossy().into_owned()).or_default();
        finding.problems.push(problem);
    }
    Ok(answer(&findings))
}

fn examine(
    driver: &DriverFile,
    workspace: &Workspace,
    lock: &Lockfile,
    used_by: BTreeSet<String>,
) -> Result<Violation> {
    let spec = &driver.spec;
    let requested = RequestedPermissions::of(spec);
    let sha256 = driver.sha256()?.to_owned();
    let entry = lock.drivers.get(&spec.name);
    let mut problems = Vec::new();
    // The lockfile and the project's policy.
    if let Err(error) = workspace.drivers.verified_content(driver) {
        problems.extend(error.into_diagnostics());
    }
    let differences = match entry.filter(|_| problems.is_empty()) {
        // Older lockfiles did not record the authors' defaults.
        Some(entry) if requested.without_defaults() == entry.grants => Vec::new(),
        Some(entry) => {
            [requested.added_since(&entry.grants), entry.grants.added_since(&requested)].concat()
        }
        None => Vec::new(),
    };
    if !differences.is_empty() {
        let message = format!(
            "`osiris.lock` does not match the permissions that `{}` requests: {}",
            spec.name,
            differences.join("; ")
        );
        let help =
            format!("update the lockfile with `osiris drivers add {}`", display_path(&driver.path));
        problems.push(
            Diagnostic::new(Code::PermissionsDifferent, message).in_file(lock.file()).help(help),
        );
    }
    problems.extend(driver.mismatch());
    let mut notes = Vec::new();
    if entry.is_none() {
        notes.push("not locked: the file can change at any time");
    }
    let policy = &workspace.project.settings.drivers;
    if !driver.built_in && policy.trusts_name_alone(&spec.name, &sha256) {
        notes.push(
            "allowed only by its name, which its author chose: to verify the origin, add a pin to `drivers.pins`, or allow its sha256 instead",
        );
    }
    if used_by.is_empty() {
        notes.push("not used by any pipeline");
    }
    Ok(Violation {
        version: Some(spec.version.clone()),
        sha256: Some(sha256),
        locked: entry.is_some(),
        permissions: workspace.project.settings.drivers.permission_reports(
            spec,
            driver.built_in,
            None,
        ),
        limits: Some(workspace.limits(&LimitOverrides::new()).clamped_by(&spec.bounds())),
        used_by,
        problems,
        notes,
    })
}

fn missing(project: &Project, name: &str) -> Diagnostic {
    Diagnostic::new(
        Code::DriverMissing,
        format!("driver `{name}` is locked, but its file is missing"),
    )
    .in_file(&project.layout.driver(name))
    .help("run `osiris drivers sync`")
}

fn answer(findings: &BTreeMap<String, Violation>) -> CommandOutput {
    let has_problems = findings.values().any(|finding| !finding.problems.is_empty());
    let mut text: String = findings.iter().map(|(name, finding)| section(name, finding)).collect();
    if findings.is_empty() {
        text.push_str("the project has no drivers in `drivers/` or `osiris.lock`\n");
    }
    let drivers: Vec<Value> = findings
        .iter()
        .map(|(name, finding)| {
            json!({
                "name": name, "version": finding.version, "sha256": finding.sha256,
                "locked": finding.locked, "rights": finding.permissions,
                "limits": finding.limits, "used_by": finding.used_by,
                "problems": finding.problems, "notes": finding.notes,
            })
        })
        .collect();
    let mut answer = CommandOutput::new(json!({"drivers": drivers}), text);
    if has_problems {
        answer.json["status"] = "error".into();
        answer.exit = ExitStatus::Failed as u8;
    }
    answer
}

fn section(name: &str, finding: &Violation) -> String {
    let sign =
        if finding.problems.is_empty() { paint(SUCCESS, "✓") } else { paint(ERROR, "✗") };
    let version = finding.version.as_deref().unwrap_or_default();
    let mut text =
        format!("{sign} {} {}\n", paint(BOLD, &escape_control(name)), escape_control(version));
    // Nothing is known about a missing driver.
    if let Some(limits) = &finding.limits {
        for (may, what) in finding.permissions.iter().map(PermissionReport::sentence) {
            text.push_str(&format!("  {may} {}\n", escape_control(&what)));
        }
        text.push_str(&format!("  limits: {}\n", limits_in_words(limits).join(", ")));
    }
    for problem in &finding.problems {
        text.push_str(&format!("  {}\n", paint(ERROR, &multiline(&problem.message))));
        if let Some(help) = &problem.help {
            text.push_str(&format!("    {} {}\n", paint(BOLD, "help:"), multiline(help)));
        }
    }
    for note in &finding.notes {
        text.push_str(&format!("  {}\n", paint(WARN, note)));
    }
    let users: Vec<_> = finding.used_by.iter().map(|user| escape_control(user)).collect();
    if !users.is_empty() {
        text.push_str(&format!("  {}\n", paint(DIM, &format!("used by {}", users.join(", ")))));
    }
    text
}
