//! The result of a run, printed at the end.

use std::path::Path;

use osiris_core::sanitize::escape_control;
use osiris_runtime::session::{RunStatus, StatusFile, StepState};
use serde_json::json;
use unicode_width::UnicodeWidthStr;

use super::super::effects;
use super::super::render::{
    BOLD, DIM, ERROR, SUCCESS, Table, WARN, count, milliseconds, multiline, paint,
};
use super::super::shell::{CommandOutput, display_path};

/// Returns the result of a run: the content of `status.json` with the problem of a failed run, and the
/// steps as text, which fits into `columns`, if given.
pub(in super::super) fn result(status: &StatusFile, columns: Option<usize>) -> CommandOutput {
    let mut json = json!(status);
    if let (Some(error), RunStatus::Failed | RunStatus::Crashed) = (&status.error, status.status) {
        let message = error.to_string();
        let mut problem = json!({"code": error.kind, "message": message, "step": error.step});
        if let Some(help) = &error.help {
            problem["help"] = json!(help);
        }
        json["problems"] = json!([problem]);
    }
    CommandOutput {
        json,
        text: text(status, columns),
        exit: status.exit_code.unwrap_or(1),
        failed: status.status != RunStatus::Success,
    }
}

/// Returns the result of a run with its outputs, states and session directory `dir`.
pub(super) fn answer(status: &StatusFile, dir: &Path, columns: Option<usize>) -> CommandOutput {
    let mut answer = result(status, columns);
    answer.json["session_dir"] = json!(dir);
    // Sessions are in `logs/` of the project.
    let base = dir.parent().and_then(Path::parent).unwrap_or(dir);
    for (label, line) in effects::lines(status, base) {
        answer.text.push_str(&format!("{label:<7}  {line}\n"));
    }
    answer.text.push_str(&format!("Session  {}\n", escape_control(&display_path(dir))));
    answer
}

fn text(status: &StatusFile, columns: Option<usize>) -> String {
    let mut steps = table(status, true);
    let width = |text: &str| {
        let plain = anstream::adapter::strip_str(text).to_string();
        plain.lines().map(UnicodeWidthStr::width).max().unwrap_or(0)
    };
    if columns.is_some_and(|columns| width(&steps) > columns) {
        steps = table(status, false);
    }
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
    format!("{head}{}{steps}", why.unwrap_or_default())
}

fn table(status: &StatusFile, with_drivers: bool) -> String {
    let mut table = match with_drivers {
        true => Table::new(["Step", "Driver", "#Rows", "#Time", ""]),
        false => Table::new(["Step", "#Rows", "#Time", ""]),
    };
    let plain = anstyle::Style::new();
    for step in &status.steps {
        let note = match step.status {
            StepState::Success => "",
            other => other.as_str(),
        };
        let id = (step.id.clone(), plain);
        let rows = (count(step.rows_out), plain);
        let time = (milliseconds(step.duration_ms), plain);
        let note = (note.to_owned(), if step.status == StepState::Failed { ERROR } else { DIM });
        match with_drivers {
            true => table.styled([id, (step.driver.clone(), DIM), rows, time, note]),
            false => table.styled([id, rows, time, note]),
        }
    }
    table.render()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use osiris_core::contract::ErrorKind;
    use osiris_runtime::session::{Output, RunError, StateChange, StepStatus};
    use serde_json::Map;

    fn step(id: &str, status: StepState) -> StepStatus {
        let driver = "filesystem.csv_writer".to_owned();
        StepStatus {
            id: id.to_owned(),
            driver,
            status,
            rows_in: 0,
            rows_out: 1234,
            duration_ms: 56,
            state: None,
            notes: Vec::new(),
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
            profile: None,
            parameters: Map::new(),
            started_at: "2026-01-31T08:05:09.123Z".to_owned(),
            finished_at: Some("2026-01-31T08:05:10.373Z".to_owned()),
            rows_read: 1234,
            rows_written: 1234,
            rows_processed: 0,
            steps: vec![step("read", StepState::Success), step("write", last)],
            outputs: Vec::new(),
            drivers: BTreeMap::new(),
            peak_memory_bytes: None,
            pid: 1,
            osiris_version: "0.1.0".to_owned(),
            e2b: None,
        }
    }

    fn answer_to(status: &StatusFile) -> CommandOutput {
        answer(status, Path::new("/nowhere/logs/run_1"), None)
    }

    fn rendered(answer: &CommandOutput) -> String {
        let text = anstream::adapter::strip_str(&answer.text).to_string();
        format!("exit {}\n{text}\n{:#}", answer.exit, answer.json)
    }

    #[test]
    fn successful_run_summary() {
        let mut status = status(RunStatus::Success, None);
        status.profile = Some("prod".to_owned());
        status.parameters.insert("day".to_owned(), json!("2026-01-31"));
        let (before, after) = (None, Some(json!({"cursor": "id", "value": "7"})));
        status.steps[0].state = Some(StateChange { before, after });
        let (step, mode, rows) = ("write".to_owned(), Some("replace".to_owned()), Some(1234));
        let (path, size) = (Some("output/a.csv".to_owned()), Some(2048));
        status.outputs = vec![Output { step, path, size, mode, rows, ..Output::default() }];
        let answer = answer_to(&status);
        assert!(!answer.failed);
        insta::assert_snapshot!(rendered(&answer));
    }

    #[test]
    fn failed_run_summary_names_step_and_kind() {
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
    fn narrow_summary_leaves_out_drivers() {
        let status = status(RunStatus::Success, None);
        let text = text(&status, Some(40));
        let text = anstream::adapter::strip_str(&text).to_string();
        assert!(text.contains("\n  read   1,234  56 ms\n"), "{text}");
    }

    #[test]
    fn cancelled_run_has_no_problem() {
        let error = RunError::new(ErrorKind::Cancelled, "x");
        let answer = answer_to(&status(RunStatus::Cancelled, Some(error)));
        assert_eq!((&answer.json["status"], answer.exit), (&json!("cancelled"), 1));
        assert_eq!(answer.json.get("problems"), None);
    }
}
