//! What a run left, without what differs between two runs that did the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::Sandbox;
use crate::sandbox::walk;
use crate::session::Session;

/// How often each line is there: steps run at once, so their order means nothing.
type Lines = BTreeMap<String, usize>;
/// Files by their path.
type Files = BTreeMap<String, Vec<u8>>;

/// What a run left, ready to be compared with another.
#[derive(Debug, PartialEq, Eq)]
pub struct Traces {
    /// `status.json`.
    pub status: Value,
    events: Lines,
    metrics: Lines,
    log: Lines,
    artifacts: Files,
    states: Files,
    /// Everything in the project that osiris does not keep for itself.
    files: Files,
}

impl Traces {
    /// Of a run, and of the project as it is now.
    pub fn of(sandbox: &Sandbox, session: &Session) -> Self {
        let id = session.status["session_id"].as_str().expect("a session has an id");
        let place = sandbox.project().display().to_string();
        let named = |text: &str| text.replace(id, "[SESSION]").replace(&place, "[PROJECT]");
        let stopped = Stopped::of(&session.status);
        let line = |value: &Value| {
            let mut value = value.clone();
            strip(&mut value);
            stopped.forget(&mut value);
            named(&value.to_string())
        };
        let told = |value: &&Value, name: &str| {
            let name = value[name].as_str().unwrap_or_default();
            !name.starts_with("e2b_") && name != "artifacts_copy_ms"
        };
        let mut status = session.status.clone();
        strip(&mut status);
        stopped.forget(&mut status);
        if let Some(status) = status.as_object_mut() {
            status.remove("e2b");
        }
        let status = named(&status.to_string());
        let metrics = session.metrics.iter().filter(|metric| told(metric, "metric"));
        let events = session.events.iter().filter(|event| told(event, "event_type"));
        Self {
            status: serde_json::from_str(&status).expect("names keep it JSON"),
            events: count(events.map(line)),
            metrics: count(metrics.map(|metric| line(&timeless(metric)))),
            log: count(session.log.lines().map(|line| named(after_time(line)))),
            artifacts: files(&session.folder.join("artifacts"), &|_| true),
            states: files(&sandbox.path(".osiris/state"), &|_| true),
            files: files(&sandbox.project(), &|path| {
                !path.starts_with("logs/") && !path.starts_with(".osiris/")
            }),
        }
    }

    /// Fails the test if another run did not do the same.
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

/// The steps that another one's failure has stopped: how far they had come by then is
/// chance, and so is what they add to.
struct Stopped(Vec<Value>);

impl Stopped {
    fn of(status: &Value) -> Self {
        let steps = status["steps"].as_array().into_iter().flatten();
        let stopped = steps.filter(|step| step["status"] == "cancelled");
        Self(stopped.map(|step| step["id"].clone()).collect())
    }

    /// Takes their rows out of a line or a status.
    fn forget(&self, value: &mut Value) {
        if self.0.is_empty() {
            return;
        }
        if self.0.contains(&value["tags"]["step"]) {
            value["value"] = Value::Null;
        }
        let of_step = |value: &Value| {
            ["id", "step_id"]
                .iter()
                .any(|name| value.get(name).is_some_and(|id| self.0.contains(id)))
        };
        if of_step(value) {
            remove(value, &["rows_in", "rows_out"]);
        }
        for step in value["steps"].as_array_mut().into_iter().flatten() {
            if of_step(step) {
                remove(step, &["rows_in", "rows_out"]);
            }
        }
        remove(value, &["rows_processed", "rows_written", "total_rows"]);
    }
}

fn remove(value: &mut Value, names: &[&str]) {
    if let Some(map) = value.as_object_mut() {
        map.retain(|name, _| !names.contains(&name.as_str()));
    }
}

/// Whether a field differs from run to run.
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

/// A metric without its value, if that is a time or the peak of memory.
fn timeless(metric: &Value) -> Value {
    let mut metric = metric.clone();
    let name = metric["metric"].as_str().unwrap_or_default();
    if varies(name) || name.contains("duration") {
        metric["value"] = Value::Null;
    }
    metric
}

/// A line of the log without the time at its beginning.
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

/// The lines that the other does not have as often.
fn only(lines: &Lines, other: &Lines) -> Vec<String> {
    let surplus = lines.iter().filter(|(line, count)| other.get(*line) < Some(count));
    surplus.map(|(line, count)| format!("{count} x {line}")).collect()
}

fn files(folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Files {
    let mut files = Files::new();
    walk(folder, &mut |path| {
        let name = path.strip_prefix(folder).unwrap_or(path).display().to_string();
        if wanted(&name) {
            // What may not be read is told by its name alone, and so is a link that leads nowhere.
            files.insert(name, fs::read(path).unwrap_or_default());
        }
    });
    files
}
