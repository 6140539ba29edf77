//! Compares two runs in everything but times, ids and directories.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use osiris_core::canonical;
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::regular::open_regular_no_link;
use serde::Serialize;
use serde_json::Value;

use super::{Run, artifacts, jsonl, unreadable};
use crate::session::files;

/// Units of metrics that differ from run to run.
const TIMES: [&str; 2] = ["ms", "seconds"];

/// The differences between two sessions.
#[derive(Debug, Clone, Serialize)]
pub struct Diff {
    /// The first session's id.
    pub left: String,
    /// The second session's id.
    pub right: String,
    /// Whether there are no differences.
    pub same: bool,
    /// Number of events, metrics, status fields and artifacts compared.
    pub compared: BTreeMap<&'static str, usize>,
    /// The differences, by area and item.
    pub differences: Vec<Difference>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `events`, `metrics`, `status` or `artifacts`.
    pub area: &'static str,
    /// The item that differs, like ``step `load`: step_complete``.
    pub item: String,
    /// The first session's value, or `None` if it has none.
    pub left: Option<String>,
    /// The second session's value, or `None` if it has none.
    pub right: Option<String>,
}

/// Items to compare: for each name, the values and the number of times each occurs. The order of
/// lines is ignored, since steps run concurrently.
type Items = BTreeMap<String, BTreeMap<String, usize>>;

/// Compares two sessions.
///
/// # Errors
/// Returns an error if a file of either session cannot be read.
pub fn diff(left: &Run, right: &Run) -> Result<Diff> {
    let mut compared = BTreeMap::new();
    let mut differences = Vec::new();
    for (area, items) in [
        ("status", status as fn(&Run) -> Result<Items>),
        ("events", events),
        ("metrics", metrics),
        ("artifacts", hashes),
    ] {
        let (left, right) = (items(left)?, items(right)?);
        let count = |items: &Items| items.values().flat_map(BTreeMap::values).sum::<usize>();
        compared.insert(area, count(&left).max(count(&right)));
        compare(area, &left, &right, &mut differences);
    }
    let (left, right) = (left.id.clone(), right.id.clone());
    Ok(Diff { left, right, same: differences.is_empty(), compared, differences })
}

fn compare(area: &'static str, left: &Items, right: &Items, out: &mut Vec<Difference>) {
    let names: BTreeSet<_> = left.keys().chain(right.keys()).collect();
    for name in names {
        let (left, right) = (left.get(name), right.get(name));
        if left != right {
            let item = name.clone();
            out.push(Difference { area, item, left: only(left, right), right: only(right, left) });
        }
    }
}

/// Formats the values that occur more often in `mine` than in `other`.
fn only(
    mine: Option<&BTreeMap<String, usize>>,
    other: Option<&BTreeMap<String, usize>>,
) -> Option<String> {
    let values: Vec<String> = mine?
        .iter()
        .filter_map(|(value, count)| {
            let extra = count - other.and_then(|o| o.get(value)).unwrap_or(&0).min(count);
            match extra {
                0 => None,
                1 => Some(value.clone()),
                _ => Some(format!("{extra} x {value}")),
            }
        })
        .collect();
    (!values.is_empty()).then(|| values.join(", "))
}

fn add(items: &mut Items, name: String, value: String) {
    *items.entry(name).or_default().entry(value).or_default() += 1;
}

fn status(run: &Run) -> Result<Items> {
    let status = run.status.clone().map_err(|text| {
        Error::invalid(
            Diagnostic::new(Code::SessionInvalid, text).in_file(&run.dir.join(files::STATUS)),
        )
    })?;
    let value = serde_json::to_value(status).unwrap_or_default();
    let mut items = Items::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        if !(varies(name) || matches!(name.as_str(), "pid" | "e2b")) {
            add(&mut items, name.clone(), normalize(value, run));
        }
    }
    Ok(items)
}

fn events(run: &Run) -> Result<Items> {
    let mut items = Items::new();
    for event in jsonl::read(&run.dir.join(files::EVENTS))? {
        let kind = event["event_type"].as_str().unwrap_or_default();
        if is_about_sandbox(kind) {
            continue;
        }
        add(&mut items, item_name(event["step_id"].as_str(), kind), normalize(&event, run));
    }
    Ok(items)
}

fn metrics(run: &Run) -> Result<Items> {
    let mut items = Items::new();
    for metric in jsonl::read(&run.dir.join(files::METRICS))? {
        let (name, unit) = (metric["metric"].as_str().unwrap_or_default(), &metric["unit"]);
        if is_about_sandbox(name) {
            continue;
        }
        let time = unit.as_str().is_some_and(|unit| TIMES.contains(&unit)) || varies(name);
        let mut value = metric.clone();
        if time && let Some(value) = value.get_mut("value") {
            *value = Value::Null;
        }
        add(&mut items, item_name(metric["tags"]["step"].as_str(), name), normalize(&value, run));
    }
    Ok(items)
}

fn item_name(step: Option<&str>, what: &str) -> String {
    match step {
        Some(step) => format!("step `{step}`: {what}"),
        None => what.to_owned(),
    }
}

/// Returns whether an event or metric is about the sandbox and its transfers, not about the run.
fn is_about_sandbox(name: &str) -> bool {
    name.starts_with("e2b_") || name == "artifacts_copy_ms"
}

/// Returns whether a field differs between two equal runs.
fn varies(name: &str) -> bool {
    matches!(name, "ts" | "session_id" | "execution_duration" | "started_at" | "finished_at")
        || name == "duration"
        || ["_ms", "_seconds", "memory_bytes"].iter().any(|suffix| name.ends_with(suffix))
}

/// Returns the value as canonical JSON, without varying fields, and with the session's id replaced
/// by a placeholder.
fn normalize(value: &Value, run: &Run) -> String {
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
    let mut value = value.clone();
    strip(&mut value);
    canonical::json(&value).replace(&run.id, "<session>")
}

fn hashes(run: &Run) -> Result<Items> {
    let mut items = Items::new();
    for name in artifacts(&run.dir)? {
        let path = run.dir.join(files::ARTIFACTS).join(&name);
        let content = content(&path).map_err(|error| unreadable(&path, &error))?;
        add(&mut items, name.replace(&run.id, "<session>"), content);
    }
    Ok(items)
}

/// Describes a file by size and hash, and a link by its target.
fn content(path: &Path) -> std::io::Result<String> {
    let kind = fs::symlink_metadata(path)?.file_type();
    if kind.is_symlink() {
        return Ok(format!("a link to {}", fs::read_link(path)?.display()));
    }
    if !kind.is_file() {
        return Ok("a special file".to_owned());
    }
    let (size, sha256) = canonical::sha256_of(open_regular_no_link(path)?.0)?;
    Ok(format!("{size} bytes, sha256 {sha256}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::tests::{session, success};
    use super::super::find;
    use super::*;
    use crate::session::Session;
    use osiris_core::redact::Redactor;

    fn run(logs: &Path, rows: u64, artifact: &str) -> Session {
        let session = session(logs, Redactor::default());
        let fields = json!({"step_id": "read", "rows": rows, "duration_ms": rows * 17,
            "path": format!("logs/run_{}/artifacts", session.id())});
        session.driver_event("step_complete", fields.as_object().unwrap().clone());
        session.driver_event("run_end", serde_json::Map::new());
        session.metric("rows_read", rows, "rows", [("step", "read")]);
        session.metric("step_duration_ms", rows * 17, "ms", [("step", "read")]);
        session.write_artifact("read", "note.txt", &artifact.into()).unwrap();
        session.finish(success()).unwrap();
        session
    }

    fn compare_sessions(logs: &Path, left: &Session, right: &Session) -> Diff {
        diff(&find(logs, left.id()).unwrap(), &find(logs, right.id()).unwrap()).unwrap()
    }

    #[test]
    fn equal_runs_have_no_difference() {
        let folder = tempfile::tempdir().unwrap();
        let (left, right) = (run(folder.path(), 7, "a"), run(folder.path(), 7, "a"));
        let diff = compare_sessions(folder.path(), &left, &right);
        assert!(diff.same, "{diff:#?}");
        let counts: Vec<_> = diff.compared.into_iter().collect();
        assert_eq!(counts, [("artifacts", 1), ("events", 2), ("metrics", 2), ("status", 16)]);
    }

    #[test]
    fn every_difference_has_both_sides() {
        let folder = tempfile::tempdir().unwrap();
        let (left, right) = (run(folder.path(), 7, "a"), run(folder.path(), 8, "bb"));
        fs::write(right.dir().join("artifacts/extra"), "").unwrap();
        let diff = compare_sessions(folder.path(), &left, &right);
        assert!(!diff.same);
        let items: Vec<_> = diff.differences.iter().map(|d| (d.area, d.item.as_str())).collect();
        assert_eq!(
            items,
            [
                ("events", "step `read`: step_complete"),
                ("metrics", "step `read`: rows_read"),
                ("artifacts", "extra"),
                ("artifacts", "read/note.txt"),
            ]
        );
        let event = diff.differences[0].right.as_deref().unwrap();
        assert!(event.contains(r#""path":"logs/run_<session>/artifacts""#), "{event}");
        assert!(event.contains(r#""rows":8"#) && !event.contains("duration"), "{event}");
        assert_eq!(diff.differences[2].left, None);
        assert!(diff.differences[3].left.as_deref().unwrap().starts_with("4 bytes, sha256 "));
    }
}
