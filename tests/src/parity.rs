//! Compares the results of two runs, apart from values that differ between equal runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::TestProject;
use crate::project::walk;
use crate::session::Session;

/// Number of occurrences of each line: steps run concurrently, so the order is ignored.
type Lines = BTreeMap<String, usize>;
/// Content of files, by path.
type Files = BTreeMap<String, Vec<u8>>;

/// Results of a run, ready for comparison.
#[derive(Debug, PartialEq, Eq)]
pub struct Traces {
    /// `status.json`.
    pub status: Value,
    events: Lines,
    metrics: Lines,
    log: Lines,
    artifacts: Files,
    states: Files,
    /// Files of the project outside osiris's own directories.
    files: Files,
}

impl Traces {
    /// Collects the results of a run and the current files of the project.
    pub fn of(project: &TestProject, session: &Session) -> Self {
        let id = session.status["session_id"].as_str().expect("a session has an id");
        let place = project.root().display().to_string();
        let named = |text: &str| text.replace(id, "[SESSION]").replace(&place, "[PROJECT]");
        let culprit = Culprit::of(&session.status);
        let line = |value: &Value| {
            let mut value = value.clone();
            strip(&mut value);
            culprit.forget(&mut value);
            named(&value.to_string())
        };
        let told = |value: &&Value, name: &str| {
            let name = value[name].as_str().unwrap_or_default();
            !name.starts_with("e2b_") && name != "artifacts_copy_ms"
        };
        let mut status = session.status.clone();
        strip(&mut status);
        culprit.forget(&mut status);
        if let Some(status) = status.as_object_mut() {
            status.remove("e2b");
        }
        let status = named(&status.to_string());
        let metrics = session
            .metrics
            .iter()
            .filter(|metric| told(metric, "metric") && culprit.counts(&metric["tags"]["step"]));
        let events = session
            .events
            .iter()
            .filter(|event| told(event, "event_type") && culprit.counts(&event["step_id"]));
        let log = session.log.lines().filter(|line| culprit.counts_line(line));
        Self {
            status: serde_json::from_str(&status).expect("names keep it JSON"),
            events: count(events.map(line)),
            metrics: count(metrics.map(|metric| line(&timeless(metric)))),
            log: count(log.map(|line| named(after_time(line)))),
            artifacts: files(&session.folder.join("artifacts"), &|_| true),
            states: files(&project.path(".osiris/state"), &|_| true),
            files: files(&project.root(), &|path| {
                !path.starts_with("logs/") && !path.starts_with(".osiris/")
            }),
        }
    }

    /// Fails the test unless the other run has the same results.
    #[track_caller]
    pub fn assert_same(&self, other: &Self) {
        for (what, left, right) in [
            ("events", &self.events, &other.events),
            ("metrics", &self.metrics, &other.metrics),
            ("osiris.log", &self.log, &other.log),
        ] {
            let missing = only(left, right);
            let surplus = only(right, left);
            assert!(
                missing.is_empty() && surplus.is_empty(),
                "{what} differ\n- {}\n+ {}",
                missing.join("\n- "),
                surplus.join("\n+ ")
            );
        }
        assert_eq!(self.status, other.status);
        for (what, left, right) in [
            ("artifacts", &self.artifacts, &other.artifacts),
            ("states", &self.states, &other.states),
            ("files", &self.files, &other.files),
        ] {
            let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(left), names(right), "{what}");
            for (name, bytes) in left {
                let other = &right[name];
                let [left, right] = [bytes, other].map(|bytes| String::from_utf8_lossy(bytes));
                assert!(bytes == other, "{what}: {name}\n- {left}\n+ {right}");
            }
        }
    }
}

/// The step that failed, if any. The progress of the other steps by then depends on timing, and so
/// do the sums over all steps.
struct Culprit(Option<Value>);

impl Culprit {
    fn of(status: &Value) -> Self {
        let step = &status["error"]["step"];
        Self(step.is_string().then(|| step.clone()))
    }

    /// Returns whether entries of this step, or of the run itself, are deterministic.
    fn counts(&self, step: &Value) -> bool {
        self.0.as_ref().is_none_or(|own| step.is_null() || own == step)
    }

    /// Returns whether a log line is deterministic.
    fn counts_line(&self, line: &str) -> bool {
        let own = self.0.as_ref().and_then(Value::as_str);
        own.is_none_or(|own| line.contains(&format!("[{own}]")) || line.contains("[run]"))
    }

    /// Removes the nondeterministic parts of a line or a status.
    fn forget(&self, value: &mut Value) {
        if self.0.is_none() {
            return;
        }
        if let Some(steps) = value.get_mut("steps").and_then(Value::as_array_mut) {
            steps.retain(|step| self.counts(&step["id"]));
        }
        let sums = ["rows_processed", "rows_read", "rows_written", "total_rows"];
        remove(value, &sums);
        remove(value, &["steps_completed", "steps_executed"]);
    }
}

fn remove(value: &mut Value, names: &[&str]) {
    if let Some(map) = value.as_object_mut() {
        map.retain(|name, _| !names.contains(&name.as_str()));
    }
}

/// Returns whether a field differs from run to run.
fn varies(name: &str) -> bool {
    let fixed = ["ts", "started_at", "finished_at", "execution_duration", "session_id", "pid"];
    fixed.contains(&name)
        || name.starts_with("duration")
        || name.ends_with("_ms")
        || name == "sandbox_id"
        || name == "peak_memory_bytes"
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|name, _| !varies(name));
            map.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Returns a metric without its value if the value is a time or the peak memory.
fn timeless(metric: &Value) -> Value {
    let mut metric = metric.clone();
    let name = metric["metric"].as_str().unwrap_or_default();
    if varies(name) || name.contains("duration") {
        metric["value"] = Value::Null;
    }
    metric
}

/// Returns a log line without its leading time.
fn after_time(line: &str) -> &str {
    let is_time = |text: &str| text.ends_with('Z') && text.contains('T');
    line.split_once(' ').filter(|(time, _)| is_time(time)).map_or(line, |(_, rest)| rest)
}

fn count(lines: impl Iterator<Item = String>) -> Lines {
    let mut counted = Lines::new();
    for line in lines {
        *counted.entry(line).or_default() += 1;
    }
    counted
}

/// Formats the lines that occur more often than in `other`.
fn only(lines: &Lines, other: &Lines) -> Vec<String> {
    let surplus = lines.iter().filter(|(line, count)| other.get(*line) < Some(count));
    surplus.map(|(line, count)| format!("{count} x {line}")).collect()
}

fn files(folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Files {
    let mut files = Files::new();
    walk(folder, &mut |path| {
        let name = path.strip_prefix(folder).unwrap_or(path).display().to_string();
        if wanted(&name) {
            // An unreadable file counts by name alone, and so does a broken link.
            files.insert(name, fs::read(path).unwrap_or_default());
        }
    });
    files
}
