//! The result of a run, printed at the end.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use osiris_core::driver::spec::configured_paths;
use osiris_core::sanitize::escape_control;
use osiris_pipeline::compile::Build;
use osiris_runtime::Workspace;
use osiris_runtime::session::{RunStatus, StatusFile, StepState};
use serde_json::{Value, json};

use super::super::render::{
    BOLD, DIM, ERROR, SUCCESS, Table, WARN, count, format_bytes, milliseconds, multiline, paint,
};
use super::super::shell::{CommandOutput, display_path};

/// A file or directory that a step is expected to write.
pub(super) struct Output {
    step: String,
    /// The path in the pipeline.
    path: String,
    /// The absolute path.
    absolute: PathBuf,
    /// Metadata before the run.
    before: Option<Metadata>,
}

/// Returns the expected outputs of the steps by their drivers' specs. Called before the run.
pub(super) fn outputs(build: &Build, workspace: &Workspace) -> Vec<Output> {
    let mut outputs = Vec::new();
    for step in &build.manifest.steps {
        let (Some(driver), Some(config)) =
            (workspace.drivers.find(&step.driver.name), build.configs.get(&step.id))
        else {
            continue;
        };
        for path in configured_paths(config, &driver.spec.files.write) {
            let absolute = workspace.project.layout.base.join(path);
            outputs.push(Output {
                step: step.id.clone(),
                path: path.to_owned(),
                before: fs::metadata(&absolute).ok(),
                absolute,
            });
        }
    }
    outputs
}

/// A file or directory that a step wrote.
struct Written {
    step: String,
    path: String,
    /// The path for display.
    display: String,
    /// Size in bytes, for files.
    size: Option<u64>,
}

impl Output {
    /// Returns the output if it is new. Returns `None` if it does not exist or is unchanged.
    fn into_written(self) -> Option<Written> {
        let Self { step, path, absolute, before } = self;
        let now = fs::metadata(&absolute).ok()?;
        // The content of a directory can change without changing the directory's metadata.
        let is_new = now.is_dir() || before.is_none_or(|before| mark(&before) != mark(&now));
        let size = now.is_file().then_some(now.len());
        is_new.then(|| Written { step, path, display: display_path(&absolute), size })
    }
}

/// Returns metadata that every write changes.
#[cfg(unix)]
fn mark(file: &Metadata) -> impl PartialEq {
    use std::os::unix::fs::MetadataExt;
    (file.dev(), file.ino(), file.ctime(), file.ctime_nsec())
}

#[cfg(not(unix))]
fn mark(file: &Metadata) -> impl PartialEq {
    (file.len(), file.modified().ok())
}

/// Returns the result of a run and its steps, without the files that the run left.
pub(in super::super) fn result(status: &StatusFile) -> CommandOutput {
    let mut json = json!(status);
    if let (Some(error), RunStatus::Failed | RunStatus::Crashed) = (&status.error, status.status) {
        json["status"] = Value::from("error");
        let message = error.to_string();
        let mut problem = json!({"code": error.kind, "message": message, "step": error.step});
        if let Some(help) = &error.help {
            problem["help"] = json!(help);
        }
        json["problems"] = json!([problem]);
    }
    CommandOutput {
        json,
        text: text(status),
        exit: status.exit_code.unwrap_or(1),
        failed: status.status != RunStatus::Success,
    }
}

/// Returns the run's result with its outputs; `dir` is the session directory.
pub(super) fn answer(status: &StatusFile, dir: &Path, outputs: Vec<Output>) -> CommandOutput {
    // The output of a step that did not succeed can be missing or incomplete.
    let succeeded =
        |id: &str| status.steps.iter().any(|s| s.id == id && s.status == StepState::Success);
    let outputs: Vec<_> = outputs
        .into_iter()
        .filter(|output| succeeded(&output.step))
        .filter_map(Output::into_written)
        .collect();
    let mut answer = result(status);
    answer.json["session_dir"] = json!(dir);
    let files = |o: &Written| json!({"step": o.step, "path": o.path, "size": o.size});
    answer.json["outputs"] = Value::from(outputs.iter().map(files).collect::<Vec<_>>());
    for output in outputs {
        let size = output.size.map(|size| paint(DIM, &format!("  {}", format_bytes(size))));
        let path = escape_control(&output.display);
        answer.text.push_str(&format!("Output   {path}{}\n", size.unwrap_or_default()));
    }
    answer.text.push_str(&format!("Session  {}\n", escape_control(&display_path(dir))));
    answer
}

fn text(status: &StatusFile) -> String {
    let time = milliseconds((status.execution_duration * 1000.0).round() as u64);
    let name = escape_control(&status.pipeline);
    let (style, glyph, how) = match status.status {
        RunStatus::Success => (SUCCESS, "✓", "done"),
        RunStatus::Cancelled => (WARN, "✗", "cancelled"),
        _ => (ERROR, "✗", "failed"),
    };
    let head = format!("{} {} {how} in {time}\n", paint(style, glyph), paint(BOLD, &name));
    let why = status.error.as_ref().filter(|_| status.status == RunStatus::Failed).map(|error| {
        let help = error.help.as_ref();
        let help =
            help.map(|help| format!("  {} {}\n", paint(BOLD, "help:"), escape_control(help)));
        let head = paint(ERROR.bold(), "error");
        let (message, kind) = (multiline(&error.to_string()), error.kind);
        format!("{head}: {message} ({kind})\n{}", help.unwrap_or_default())
    });
    format!("{head}{}{}", why.unwrap_or_default(), table(status))
}

fn table(status: &StatusFile) -> String {
    let mut table = Table::new(["Step", "Driver", "#Rows", "#Time", ""]);
    let plain = anstyle::Style::new();
    for step in &status.steps {
        let note = match step.status {
            StepState::Success => "",
            other => other.as_str(),
        };
        table.styled([
            (step.id.clone(), plain),
            (step.driver.clone(), DIM),
            (count(step.rows_out), plain),
            (milliseconds(step.duration_ms), plain),
            (note.to_owned(), if step.status == StepState::Failed { ERROR } else { DIM }),
        ]);
    }
    table.render()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use osiris_core::contract::ErrorKind;
    use osiris_runtime::session::RunError;
    use osiris_runtime::session::StepStatus;

    fn step(id: &str, status: StepState) -> StepStatus {
        let driver = "filesystem.csv_writer".to_owned();
        StepStatus {
            id: id.to_owned(),
            driver,
            status,
            rows_in: 0,
            rows_out: 1234,
            duration_ms: 56,
        }
    }

    fn status(state: RunStatus, error: Option<RunError>) -> StatusFile {
        let last = if error.is_some() { StepState::Failed } else { StepState::Success };
        StatusFile {
            status: state,
            execution_duration: 1.25,
            steps_completed: 1,
            steps_total: 2,
            exit_code: Some(u8::from(error.is_some())),
            error,
            session_id: "20260131T080509123Z-9f3a61c0".to_owned(),
            pipeline: "demo".to_owned(),
            manifest_hash: "0".repeat(64),
            started_at: "2026-01-31T08:05:09.123Z".to_owned(),
            finished_at: Some("2026-01-31T08:05:10.373Z".to_owned()),
            rows_read: 1234,
            rows_written: 1234,
            rows_processed: 0,
            steps: vec![step("read", StepState::Success), step("write", last)],
            drivers: BTreeMap::new(),
            peak_memory_bytes: None,
            pid: 1,
            osiris_version: "0.1.0".to_owned(),
            e2b: None,
        }
    }

    fn answer_to(status: &StatusFile) -> CommandOutput {
        let folder = tempfile::tempdir().unwrap();
        let output = |step: &str, path: &str| {
            let absolute = folder.path().join(path);
            let before = fs::metadata(&absolute).ok();
            Output { step: step.to_owned(), path: path.to_owned(), absolute, before }
        };
        fs::create_dir(folder.path().join("parts")).unwrap();
        fs::write(folder.path().join("kept.csv"), "").unwrap();
        fs::write(folder.path().join("old.csv"), "").unwrap();
        let outputs = ["new.csv", "kept.csv", "old.csv", "none.csv", "parts"];
        let mut outputs: Vec<_> = outputs.map(|path| output("read", path)).into();
        outputs.push(output("write", "b.csv"));
        for name in ["new.csv", "b.csv", "old.csv.tmp"] {
            fs::write(folder.path().join(name), [0; 2048]).unwrap();
        }
        fs::rename(folder.path().join("old.csv.tmp"), folder.path().join("old.csv")).unwrap();
        let mut answer = answer(status, Path::new("/nowhere/logs/run_1"), outputs);
        let place = folder.path().display().to_string();
        answer.text = answer.text.replace(&place, "[PROJECT]");
        answer
    }

    fn rendered(answer: &CommandOutput) -> String {
        let text = anstream::adapter::strip_str(&answer.text).to_string();
        format!("exit {}\n{text}\n{:#}", answer.exit, answer.json)
    }

    #[test]
    fn successful_run_summary() {
        let answer = answer_to(&status(RunStatus::Success, None));
        assert!(!answer.failed);
        insta::assert_snapshot!(rendered(&answer));
    }

    #[test]
    fn failed_run_summary_names_step_kind_and_existing_outputs() {
        let error = RunError {
            step: Some("write".to_owned()),
            kind: ErrorKind::Data,
            message: "row 7: \x1b[31mtoo long".to_owned(),
            help: None,
        };
        let answer = answer_to(&status(RunStatus::Failed, Some(error)));
        assert!(answer.failed);
        insta::assert_snapshot!(rendered(&answer));
    }

    #[test]
    fn cancelled_run_has_no_problem() {
        let error = RunError::new(ErrorKind::Cancelled, "x");
        let answer = answer_to(&status(RunStatus::Cancelled, Some(error)));
        assert_eq!((&answer.json["status"], answer.exit), (&json!("cancelled"), 1));
        assert_eq!(answer.json.get("problems"), None);
    }
}
