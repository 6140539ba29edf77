//! `osiris quickstart`.

use std::fs;
use std::io;
use std::path::Path;
use std::pin::pin;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::sanitize::escape_control;
use osiris_runtime::session::RunStatus;
use osiris_runtime::{RunReport, Workspace};
use serde_json::json;
use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

use super::init::Template;
use super::render::{BOLD, DIM, paint};
use super::run;
use super::shell::{CommandOutput, Shell};
use super::signals::INTERRUPTED;

const EXAMPLES: &str = "\
Examples:
  osiris quickstart
  osiris init demo                        create the same project, to change it";

/// The output of the pipeline, relative to the project.
const OUTPUT: &str = "output/planets.csv";
/// Number of lines of the output to show.
const SHOWN: usize = 6;

/// Commands to type next, with their purpose.
const NEXT: [(&str, &str); 4] = [
    ("osiris init demo", "create this project in the directory demo"),
    ("cd demo", ""),
    ("osiris run hello", "run its pipeline"),
    ("osiris init --help", "list templates with databases"),
];

/// Run a sample pipeline in a temporary project
///
/// Copies a small CSV file with two sandboxed steps, and shows the result. Writes nothing into the
/// working directory.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {}

pub(super) fn quickstart(shell: &Shell) -> Result<CommandOutput> {
    let folder = tempfile::Builder::new().prefix("osiris-quickstart-").tempdir();
    let folder = folder.map_err(|error| unwritable(&std::env::temp_dir(), &error))?;
    // Connections in the directory above a project belong to it: here, nobody else can write any.
    let dir = folder.path().join("demo");
    for (name, content) in Template::Hello.files() {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&dir))
            .and_then(|()| fs::write(&path, content))
            .map_err(|error| unwritable(&path, &error))?;
    }
    let RunReport { status, .. } = run_pipeline(&dir, shell)?;
    let columns = shell.is_watched().then(|| shell.terminal_size().0);
    let mut answer = run::result(&status, columns);
    if status.status == RunStatus::Cancelled {
        answer.exit = INTERRUPTED;
        answer.json["exit_code"] = json!(INTERRUPTED);
    }
    if answer.failed {
        return Ok(answer);
    }
    let output = fs::read_to_string(dir.join(OUTPUT)).map_err(|error| {
        let message = format!("cannot read the output: {error}");
        Error::environment(
            Diagnostic::new(Code::FileUnreadable, message).in_file(Path::new(OUTPUT)),
        )
    })?;
    let lines: Vec<&str> = output.lines().collect();
    let text = &mut answer.text;
    text.push_str(&format!("{} begins with\n", paint(BOLD, OUTPUT)));
    for line in lines.iter().take(SHOWN) {
        text.push_str(&format!("  {}\n", paint(DIM, &escape_control(line))));
    }
    text.push_str("The project was temporary. Next:\n");
    for (command, purpose) in NEXT {
        let line = format!("  {command:<18}  {}", paint(DIM, purpose));
        text.push_str(&format!("{}\n", line.trim_end()));
    }
    answer.json["output"] = json!({"path": OUTPUT, "lines": lines});
    answer.json["next"] = json!(NEXT.map(|(command, _)| command));
    Ok(answer)
}

/// Runs the pipeline to the end, or until Ctrl-C: otherwise the temporary project would stay.
fn run_pipeline(dir: &Path, shell: &Shell) -> Result<RunReport> {
    let cancel = CancellationToken::new();
    let mut run = Workspace::open(dir)?.pipeline(Template::Hello.name()).cancel(cancel.clone());
    let mut compiling = run.compiling();
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| {
        let message = format!("cannot start the run: {error}");
        Error::environment(Diagnostic::new(Code::RuntimeFailed, message))
    })?;
    runtime.block_on(async {
        let mut run = pin!(run.run());
        loop {
            tokio::select! {
                report = &mut run => return report,
                Some(driver) = compiling.recv() => run::note_compilation(&driver, shell),
                Ok(()) = tokio::signal::ctrl_c() => cancel.cancel(),
            }
        }
    })
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    let message = format!("cannot create the temporary project: {error}");
    let problem = Diagnostic::new(Code::ProjectUnwritable, message).in_file(path);
    Error::environment(problem.help("set TMPDIR to a directory that can be written"))
}
