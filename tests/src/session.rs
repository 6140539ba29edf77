//! Sessions left in a project, checked against the published schemas.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

use crate::TestProject;

/// Results of one run.
#[derive(Debug)]
pub struct Session {
    /// The session's directory.
    pub folder: PathBuf,
    /// `status.json`.
    pub status: Value,
    /// The lines of `events.jsonl`.
    pub events: Vec<Value>,
    /// The lines of `metrics.jsonl`.
    pub metrics: Vec<Value>,
    /// `osiris.log`.
    pub log: String,
}

struct Schemas {
    status: Validator,
    event: Validator,
    metric: Validator,
}

static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| {
    let compile = |text: &str| {
        let schema = serde_json::from_str(text).expect("a schema is JSON");
        jsonschema::draft202012::new(&schema).expect("a schema is one of 2020-12")
    };
    Schemas {
        status: compile(include_str!("../../host/runtime/src/session/schemas/status.json")),
        event: compile(include_str!("../../host/runtime/src/session/schemas/event.json")),
        metric: compile(include_str!("../../host/runtime/src/session/schemas/metric.json")),
    }
});

impl Session {
    /// Reads all runs of a project, oldest first.
    pub fn all(project: &TestProject) -> Result<Vec<Self>, String> {
        let mut folders: Vec<_> = fs::read_dir(project.path("logs"))
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_dir())
            .collect();
        folders.sort();
        folders.iter().map(|folder| Self::read(folder)).collect()
    }

    /// Reads the only run of a project.
    ///
    /// # Panics
    /// Panics if there is no run or more than one, or if its files do not match the schemas.
    #[track_caller]
    pub fn only(project: &TestProject) -> Self {
        let mut all = Self::all(project).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(all.len(), 1, "runs in {}", project.root().display());
        all.remove(0)
    }

    /// Reads a run's directory and checks every line.
    ///
    /// # Errors
    /// Returns the file and position that do not match the schema.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let text = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let status = parse("status.json", &text("status.json")?, &SCHEMAS.status)?;
        let lines = |name: &str, schema: &Validator| -> Result<Vec<Value>, String> {
            text(name)?
                .lines()
                .enumerate()
                .map(|(at, line)| parse(&format!("{name}:{}", at + 1), line, schema))
                .collect()
        };
        let session = Self {
            folder: folder.to_owned(),
            status,
            events: lines("events.jsonl", &SCHEMAS.event)?,
            metrics: lines("metrics.jsonl", &SCHEMAS.metric)?,
            log: text("osiris.log")?,
        };
        session.check_ids()?;
        Ok(session)
    }

    /// Checks that every line belongs to this run, whatever a driver claimed.
    fn check_ids(&self) -> Result<(), String> {
        let name = self.folder.file_name().unwrap_or_default().to_string_lossy();
        let id = name.strip_prefix("run_").unwrap_or(&name);
        for line in self.events.iter().chain(&self.metrics).chain([&self.status]) {
            if line["session_id"] != id {
                return Err(format!("a line of {id} is not of this session: {line}"));
            }
        }
        Ok(())
    }

    /// Returns a step of `status.json`.
    #[track_caller]
    pub fn step(&self, id: &str) -> &Value {
        let steps = self.status["steps"].as_array().into_iter().flatten();
        let found = steps.into_iter().find(|step| step["id"] == id);
        found.unwrap_or_else(|| panic!("no step `{id}` in {:#}", self.status))
    }
}

fn parse(what: &str, text: &str, schema: &Validator) -> Result<Value, String> {
    let value = serde_json::from_str(text).map_err(|error| format!("{what}: {error}: {text}"))?;
    match schema.validate(&value) {
        Ok(()) => Ok(value),
        Err(error) => Err(format!("{what}: {error} at `{}`: {value}", error.instance_path())),
    }
}
