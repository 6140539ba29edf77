//! Lines of `events.jsonl`.

use std::path::Path;

use osiris_core::contract::ErrorKind;
use osiris_core::sanitize::json_line;
use serde::Serialize;
use serde_json::{Map, Value};

use super::status::RunStatus;

/// Fields that every line has, written first.
const RESERVED: [&str; 3] = ["ts", "session_id", EVENT_TYPE];

/// The field with the name of an event.
const EVENT_TYPE: &str = "event_type";

#[derive(Serialize)]
struct Line<'a> {
    ts: &'a str,
    session_id: &'a str,
    event_type: &'a str,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

/// Returns one line, without the newline.
pub(super) fn line(
    ts: &str,
    session_id: &str,
    event_type: &str,
    mut fields: Map<String, Value>,
) -> String {
    for key in RESERVED {
        if let Some(value) = fields.remove(key) {
            let mut name = format!("{key}_");
            while fields.contains_key(&name) {
                name.push('_');
            }
            fields.insert(name, value);
        }
    }
    json_line(&Line { ts, session_id, event_type, fields })
}

/// An event of the host. Drivers add events of their own. `docs/runs.md` and the schema
/// `schemas/event.json` describe each event; fields are only ever added.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event_type", rename_all = "snake_case")]
pub enum RunEvent<'a> {
    /// The run starts.
    RunStart {
        /// Name of the pipeline.
        pipeline: &'a str,
        /// Hash of the manifest, 64 hex digits.
        manifest_hash: &'a str,
        /// Number of steps of the pipeline.
        steps_total: usize,
    },
    /// A step starts.
    StepStart {
        /// The step.
        step_id: &'a str,
        /// Name of the step's driver.
        driver: &'a str,
    },
    /// A step's configuration was saved.
    ArtifactCreated {
        /// The step.
        step_id: &'a str,
        /// Path of the file, relative to the session directory.
        path: &'a Path,
    },
    /// A step succeeded.
    StepComplete {
        /// The step.
        step_id: &'a str,
        /// Name of the step's driver.
        driver: &'a str,
        /// Rows that the step read from other steps.
        rows_in: u64,
        /// Rows that the step produced, or delivered to their destination.
        rows_out: u64,
        /// Duration of the step in milliseconds.
        duration_ms: u64,
    },
    /// A step failed or was stopped.
    StepError {
        /// The step.
        step_id: &'a str,
        /// Name of the step's driver.
        driver: &'a str,
        /// Kind of the failure.
        kind: ErrorKind,
        /// Description of the failure.
        error: &'a str,
        /// Instruction to fix the failure.
        #[serde(skip_serializing_if = "Option::is_none")]
        help: Option<&'a str>,
        /// Duration of the step in milliseconds.
        duration_ms: u64,
    },
    /// All steps have ended.
    CleanupComplete {
        /// Number of steps that succeeded.
        steps_executed: usize,
        /// Rows that were written, or read if none was written.
        total_rows: u64,
    },
    /// The run succeeded.
    RunComplete {
        /// Name of the pipeline.
        pipeline: &'a str,
        /// Number of steps that succeeded.
        steps_executed: usize,
    },
    /// The run did not succeed.
    RunError {
        /// The step that failed first, or null if no step failed.
        step_id: Option<&'a str>,
        /// Kind of the failure.
        kind: ErrorKind,
        /// Description of the failure.
        error: &'a str,
        /// Instruction to fix the failure.
        #[serde(skip_serializing_if = "Option::is_none")]
        help: Option<&'a str>,
    },
    /// Last event of every run.
    RunEnd {
        /// Final state of the run.
        status: RunStatus,
        /// Duration of the run in seconds.
        duration_seconds: f64,
    },
    /// The sandbox of the run was created.
    E2bSandboxCreated {
        /// ID of the sandbox.
        sandbox_id: &'a str,
        /// Template of the sandbox.
        template: &'a str,
    },
    /// The files of the run were uploaded.
    E2bUploaded {
        /// Number of files.
        files: u64,
        /// Bytes of the files.
        bytes: u64,
    },
    /// The worker in the sandbox has started.
    E2bWorkerStarted {
        /// ID of the process in the sandbox.
        pid: u32,
    },
    /// The outputs of the run were downloaded.
    E2bDownloaded {
        /// Number of files.
        files: usize,
        /// Bytes of the files.
        bytes: u64,
    },
    /// The sandbox was killed.
    E2bSandboxKilled {
        /// ID of the sandbox.
        sandbox_id: &'a str,
    },
}

impl RunEvent<'_> {
    /// Returns the name of the event and its fields.
    pub(super) fn into_parts(self) -> (String, Map<String, Value>) {
        let Ok(Value::Object(mut fields)) = serde_json::to_value(self) else {
            unreachable!("an event is an object with text keys")
        };
        let name = fields.remove(EVENT_TYPE).and_then(|name| name.as_str().map(str::to_owned));
        (name.unwrap_or_default(), fields)
    }
}

#[cfg(test)]
mod tests {
    use super::super::schemas;
    use super::*;

    fn events() -> Vec<RunEvent<'static>> {
        let (step_id, driver, sandbox_id) = ("read", "a.b", "sbx");
        let (kind, error, help) = (ErrorKind::Data, "row 7", Some("fix row 7"));
        vec![
            RunEvent::RunStart { pipeline: "p", manifest_hash: "0", steps_total: 1 },
            RunEvent::StepStart { step_id, driver },
            RunEvent::ArtifactCreated { step_id, path: Path::new("artifacts/read/x.json") },
            RunEvent::StepComplete { step_id, driver, rows_in: 1, rows_out: 2, duration_ms: 3 },
            RunEvent::StepError { step_id, driver, kind, error, help, duration_ms: 3 },
            RunEvent::CleanupComplete { steps_executed: 1, total_rows: 2 },
            RunEvent::RunComplete { pipeline: "p", steps_executed: 1 },
            RunEvent::RunError { step_id: Some(step_id), kind, error, help },
            RunEvent::RunEnd { status: RunStatus::Success, duration_seconds: 0.5 },
            RunEvent::E2bSandboxCreated { sandbox_id, template: "osiris" },
            RunEvent::E2bUploaded { files: 1, bytes: 2 },
            RunEvent::E2bWorkerStarted { pid: 1 },
            RunEvent::E2bDownloaded { files: 1, bytes: 2 },
            RunEvent::E2bSandboxKilled { sandbox_id },
        ]
    }

    #[test]
    fn docs_and_schema_describe_every_event_with_its_fields() {
        let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/runs.md");
        let docs = std::fs::read_to_string(docs).unwrap();
        let schema: Value = serde_json::from_str(schemas::EVENT).unwrap();
        for event in events() {
            let (name, fields) = event.into_parts();
            let row = docs.lines().find(|line| line.contains(&format!("`{name}`")));
            let row = row.unwrap_or_else(|| panic!("docs/runs.md has no row for `{name}`"));
            let required = schema["$defs"][&name]["required"].as_array();
            let required = required.unwrap_or_else(|| panic!("the schema has no `{name}`"));
            for field in fields.keys() {
                assert!(row.contains(&format!("`{field}`")), "{name}: {field} in {row}");
                assert!(
                    field == "help" || required.contains(&field.as_str().into()),
                    "{name}: {field}"
                );
            }
        }
    }
}
