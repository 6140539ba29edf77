//! `osiris drivers test`.

mod junit;
mod text;

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use osiris_conformance::{Cases, Check, NotPassed, Report, TestTarget};
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, ExitStatus, Result};
use osiris_core::driver::DriverFile;
use osiris_core::driver::limits::LimitOverrides;
use osiris_core::driver::spec::Spec;
use osiris_pipeline::connection::{Connections, Environment, Reference};
use serde_json::{Value, json};

use super::super::shell::{CommandOutput, Shell};

const EXAMPLES: &str = "\
Examples:
  osiris drivers test crm.wasm                             run all checks that need no service
  osiris drivers test crm.wasm --cases conformance.yaml    with files and expected results
  osiris drivers test crm.wasm --connection @mysql.test    with a service to write to
  osiris drivers test crm.wasm --previous crm-1.2.0.wasm
  osiris drivers test crm.wasm --only spec --only doctor.in-time
  osiris drivers test crm.wasm --json --junit report.xml   for CI

A driver is run with the examples of its spec, and with the cases of a conformance.yaml
next to it; host/conformance/README.md describes that file. Each check runs in its own
temporary project. Exits with 1 if a check fails.";

/// The file of cases that is used if it exists next to the driver.
const CASES_FILE: &str = "conformance.yaml";

/// Run the conformance tests on a driver
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Driver file
    #[arg(value_name = "FILE.wasm", required_unless_present = "list")]
    file: Option<PathBuf>,
    /// Test cases; the conformance.yaml next to the driver by default, if it names this driver
    #[arg(long, value_name = "FILE.yaml")]
    cases: Option<PathBuf>,
    /// Connection of the project that the driver may use, to read and write data of the cases
    #[arg(long, value_name = "@FAMILY.ALIAS")]
    connection: Option<String>,
    /// Earlier version of the driver, whose pipelines must still run
    #[arg(long, value_name = "OLD.wasm")]
    previous: Option<PathBuf>,
    /// Run only these checks; can be repeated
    #[arg(long, value_name = "GROUP|ID")]
    only: Vec<String>,
    /// Also write the results as JUnit XML
    #[arg(long, value_name = "FILE.xml")]
    junit: Option<PathBuf>,
    /// List the checks without running them
    #[arg(long, conflicts_with_all = ["cases", "connection", "previous", "junit"])]
    list: bool,
}

pub(super) fn test(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let checks = osiris_conformance::chosen(&args.only)?;
    let Some(file) = args.file.as_deref().filter(|_| !args.list) else {
        return Ok(list(&checks));
    };
    let reference = args.connection.as_deref().map(|text| text.parse::<Reference>());
    let reference = reference.transpose().map_err(Error::invalid)?;
    let cases = cases(file, args.cases.as_deref())?;
    let workspace = shell.workspace()?;
    let connections = Connections::read(workspace.project.base())?;
    if let Some(Reference { family, alias }) = &reference {
        connections.choose(family, Some(alias))?;
    }
    let target = TestTarget {
        file: file.to_owned(),
        cases,
        previous: args.previous.clone(),
        reference,
        connections,
        environment: Environment::read(workspace.project.base())?,
        project: workspace.project.layout.base.clone(),
        limits: workspace.limits(&LimitOverrides::new()),
        catalog: workspace.drivers,
    };
    let junit = args.junit.as_deref().map(Results::open).transpose()?;
    let bar = bar(shell, checks.len());
    let report = osiris_conformance::run(target, &checks, &|id| {
        bar.set_message(id.to_owned());
        bar.inc(1);
    });
    bar.finish_and_clear();
    let report = report?;
    if let Some(results) = junit {
        results.write(&junit::document(&report)?)?;
    }
    let mut answer = CommandOutput::new(document(&report), text::report(&report));
    if report.failed() > 0 {
        answer.exit = ExitStatus::Failed as u8;
        answer.json["status"] = "error".into();
    }
    Ok(answer)
}

/// Returns the named cases, or those next to the driver if they are for this driver.
fn cases(file: &Path, explicit: Option<&Path>) -> Result<Option<Cases>> {
    let default = file.with_file_name(CASES_FILE);
    let Some(path) = explicit.or_else(|| default.exists().then_some(default.as_path())) else {
        return Ok(None);
    };
    let cases = Cases::read(path)?;
    // The checks report a driver whose name cannot be read.
    let text = DriverFile::spec_text(file);
    let spec = text.and_then(|text| Spec::examine(&text, file)).ok().and_then(|(spec, _)| spec);
    match spec {
        Some(spec) if spec.name != cases.driver && explicit.is_none() => Ok(None),
        Some(spec) if spec.name != cases.driver => {
            let message =
                format!("the cases are for driver `{}`, not for `{}`", cases.driver, spec.name);
            let problem = Diagnostic::new(Code::CasesInvalid, message).in_file(path);
            Err(Error::invalid(problem.help(format!("write `driver: {}`", spec.name))))
        }
        _ => Ok(Some(cases)),
    }
}

fn bar(shell: &Shell, checks: usize) -> ProgressBar {
    if !shell.is_watched() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:20} {pos}/{len} {msg}");
    ProgressBar::new(checks as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// A file for the results, opened before the checks begin: Landlock denies opening it later.
struct Results<'a> {
    path: &'a Path,
    file: File,
}

impl<'a> Results<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        // Keeps the old content until there are new results.
        let file = File::options().write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|error| unwritable(path, &error))?;
        Ok(Self { path, file })
    }

    fn write(mut self, text: &str) -> Result<()> {
        let result = self.file.set_len(0).and_then(|()| self.file.write_all(text.as_bytes()));
        result.map_err(|error| unwritable(self.path, &error))
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    let message = format!("cannot write the results: {error}");
    Error::environment(Diagnostic::new(Code::JunitUnwritable, message).in_file(path))
}

fn list(checks: &[&Check]) -> CommandOutput {
    let json: Vec<Value> = checks
        .iter()
        .map(|check| {
            json!({"id": check.id, "group": check.group(), "title": check.title, "fix": check.fix})
        })
        .collect();
    CommandOutput::new(json!({"checks": json}), text::list(checks))
}

fn document(report: &Report) -> Value {
    let checks: Vec<Value> = report
        .results
        .iter()
        .map(|one| {
            let mut json = json!({
                "id": one.check.id,
                "group": one.check.group(),
                "title": one.check.title,
                "result": "pass",
                "duration_ms": u64::try_from(one.took.as_millis()).unwrap_or(u64::MAX),
            });
            match &one.missed {
                None => {}
                Some(NotPassed::Failed(message)) => {
                    json["result"] = "fail".into();
                    json["seen"] = message.as_str().into();
                    json["fix"] = one.check.fix.into();
                }
                Some(NotPassed::Skipped(why)) => {
                    json["result"] = "skip".into();
                    json["why"] = why.as_str().into();
                }
            }
            json
        })
        .collect();
    json!({
        "file": report.file,
        "driver": report.spec.as_ref().map(|spec| &spec.name),
        "version": report.spec.as_ref().map(|spec| &spec.version),
        "passed": report.passed(),
        "failed": report.failed(),
        "skipped": report.skipped(),
        "duration_ms": u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
        "checks": checks,
    })
}
