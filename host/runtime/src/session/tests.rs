use std::fs;
use std::path::Path;

use osiris_core::contract::{ErrorKind, Mode};
use osiris_core::redact::{MASK, Redactor};
use osiris_core::telemetry::Level;
use osiris_pipeline::manifest::{
    DriverRef, Fingerprints, Manifest, Meta, Pipeline, Step, Toolchain,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

pub(super) fn manifest() -> Manifest {
    let hash = "0123456789abcdef".repeat(4);
    let driver = DriverRef {
        name: "filesystem.csv_extractor".to_owned(),
        version: "0.1.0".to_owned(),
        sha256: hash.clone(),
        spec_sha256: hash.clone(),
    };
    Manifest {
        meta: Meta {
            manifest_short: hash[..7].to_owned(),
            manifest_hash: hash.clone(),
            oml_version: "0.1.0".to_owned(),
            profile: String::new(),
            toolchain: Toolchain { compiler: "osiris/0.1.0".to_owned(), contract: String::new() },
        },
        name: "demo".to_owned(),
        metadata: None,
        pipeline: Pipeline {
            id: "demo".to_owned(),
            fingerprints: Fingerprints {
                compiler_fp: String::new(),
                registry_fp: String::new(),
                oml_fp: String::new(),
                params_fp: String::new(),
                profile: String::new(),
            },
        },
        steps: vec![Step {
            id: "read".to_owned(),
            driver,
            mode: Mode::Extract,
            needs: Vec::new(),
            cfg_path: "cfg/read.json".to_owned(),
            cfg_sha256: hash,
        }],
    }
}

pub(super) fn session(logs: &Path, redactor: Redactor) -> Session {
    let facts = RunFacts::default();
    Session::create(logs, &manifest(), b"name: demo\n", redactor, facts).unwrap()
}

pub(super) fn success() -> RunResult {
    let mut steps = StatusFile::start("", "", &manifest(), Map::new()).steps;
    steps[0].status = StepState::Success;
    let (rows_read, rows_written, rows_processed) = (7, 0, 0);
    RunResult {
        state: RunStatus::Success,
        exit_code: 0,
        error: None,
        steps,
        rows_read,
        rows_written,
        rows_processed,
    }
}

fn fields(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// Reads the lines of a session's file and checks each against the schema.
fn lines(session: &Session, name: &str, schema: &str) -> Vec<Value> {
    let validator = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let text = fs::read_to_string(session.dir().join(name)).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    let parse = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        validator.validate(&value).unwrap_or_else(|error| panic!("{line}: {error}"));
        value
    };
    text.lines().map(parse).collect()
}

fn status(session: &Session) -> Value {
    let text = fs::read_to_string(session.dir().join(files::STATUS)).unwrap();
    let value = serde_json::from_str(&text).unwrap();
    let schema = serde_json::from_str(schemas::STATUS).unwrap();
    jsonschema::validator_for(&schema)
        .unwrap()
        .validate(&value)
        .map_err(|e| e.to_string())
        .unwrap();
    value
}

#[test]
fn session_schemas_are_valid() {
    for schema in [schemas::EVENT, schemas::METRIC, schemas::STATUS] {
        assert!(jsonschema::meta::is_valid(&serde_json::from_str(schema).unwrap()));
    }
}

#[test]
fn session_files_match_the_schemas() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path(), Redactor::default());
    assert_eq!(status(&session)["status"], "running");

    session.driver_event("step_start", fields(json!({"step_id": "read", "driver": "a.b"})));
    session.metric("rows_read", 7_u64, "rows", [("step", "read")]);
    session.metric("share", f64::NAN, "calls", [("step", "read")]);
    session.log(Level::Info, Some("read"), "two\nlines");
    let artifact = session.write_artifact("read", files::CLEANED_CONFIG, &json!({})).unwrap();
    assert_eq!(artifact, session.dir().join("artifacts/read/cleaned_config.json"));
    session.finish(success()).unwrap();

    assert_eq!(lines(&session, files::EVENTS, schemas::EVENT)[0]["driver"], "a.b");
    let metrics = lines(&session, files::METRICS, schemas::METRIC);
    assert_eq!((&metrics[0]["value"], &metrics[1]["value"]), (&json!(7), &Value::Null));
    let log = fs::read_to_string(session.dir().join(files::LOG)).unwrap();
    assert!(log.ends_with(" INFO  [read] two\n    | lines\n"), "{log}");
    let status = status(&session);
    assert_eq!((&status["status"], &status["steps_completed"]), (&json!("success"), &json!(1)));
    assert_eq!(fs::read(session.dir().join(files::MANIFEST)).unwrap(), b"name: demo\n");
    let mut names: Vec<_> = fs::read_dir(session.dir())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let expected = [
        "artifacts",
        "events.jsonl",
        "manifest.yaml",
        "metrics.jsonl",
        "osiris.log",
        "status.json",
    ];
    assert_eq!(names, expected);
}

#[test]
fn event_fields_cannot_replace_reserved_keys() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path(), Redactor::default());
    session
        .driver_event("real", fields(json!({"event_type": "forged", "event_type_": 1, "ts": 2})));
    let event = &lines(&session, files::EVENTS, schemas::EVENT)[0];
    assert_eq!(event["event_type"], "real");
    assert_eq!((&event["event_type__"], &event["ts_"]), (&json!("forged"), &json!(2)));
}

#[test]
fn secrets_are_masked_in_every_session_file() {
    let folder = tempfile::tempdir().unwrap();
    let session =
        session(folder.path(), Redactor::new(["hunter2", "7734291"].map(str::to_owned)).unwrap());
    session.driver_event("hunter2", fields(json!({"hunter2": ["hunter2"]})));
    session.metric("hunter2", 1_i64, "hunter2", [("hunter2", "hunter2")]);
    session.log(Level::Error, None, "password hunter2 refused");
    session.write_artifact("read", "a.json", &json!({"it": "hunter2"})).unwrap();
    session.metric("pin", 7_734_291_u64, "x", [("step", "read")]);
    let error = RunError::new(ErrorKind::Auth, "hunter2");
    session
        .finish(RunResult {
            state: RunStatus::Failed,
            exit_code: 1,
            error: Some(error),
            ..success()
        })
        .unwrap();

    let shows = |path: &Path| fs::read_to_string(path).unwrap().contains("hunter2");
    for name in [files::EVENTS, files::METRICS, files::LOG, files::STATUS, "artifacts/read/a.json"]
    {
        assert!(!shows(&session.dir().join(name)), "{name}");
    }
    assert_eq!(status(&session)["error"]["message"], MASK);
}

#[test]
fn session_dropped_unfinished_is_marked_crashed() {
    let folder = tempfile::tempdir().unwrap();
    let first = session(folder.path(), Redactor::default());
    first.driver_event("step_start", fields(json!({"step_id": "read"})));
    assert_eq!(mark_crashed_runs(folder.path()), Vec::<String>::new(), "it still runs");
    assert_eq!(status(&first)["status"], "running");

    let (id, dir) = (first.id().to_owned(), first.dir().to_owned());
    drop(first);
    assert_eq!(mark_crashed_runs(folder.path()), [id]);
    let status: StatusFile =
        serde_json::from_slice(&fs::read(dir.join(files::STATUS)).unwrap()).unwrap();
    assert_eq!((status.status, status.exit_code), (RunStatus::Crashed, None));
    let error = status.error.unwrap();
    assert_eq!((error.step.as_deref(), error.kind), (Some("read"), ErrorKind::Crash));
    assert!(error.message.contains("its last event was `step_start` at 20"), "{}", error.message);
    assert_eq!(mark_crashed_runs(folder.path()), Vec::<String>::new(), "told once");
}

#[test]
fn finished_session_is_not_marked_crashed() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path(), Redactor::default());
    session.finish(success()).unwrap();
    assert_eq!(mark_crashed_runs(folder.path()), Vec::<String>::new());
    assert_eq!(status(&session)["status"], "success");
}

#[test]
fn unwritable_logs_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    fs::write(&logs, "a file").unwrap();
    let result = Session::create(&logs, &manifest(), b"", Redactor::default(), RunFacts::default());
    let text = result.err().unwrap().to_string();
    assert!(text.starts_with("cannot write the session's files: Not a directory"), "{text}");
    assert!(text.contains(&format!("--> {}", logs.display())), "{text}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_event_is_one_parseable_line(
        name in "\\PC{1,20}|[\\x00-\\x1f]{1,4}",
        fields in prop::collection::hash_map(any::<String>(), any_json(), 0..5),
    ) {
        let (ts, id) = ("2026-01-31T08:05:09.123Z", "20260131T080509123Z-00000000");
        let line = event::line(ts, id, &name, fields.clone().into_iter().collect());
        prop_assert!(!line.chars().any(char::is_control), "{line}");
        let parsed: Map<String, Value> = serde_json::from_str(&line).unwrap();
        prop_assert_eq!(parsed["event_type"].as_str(), Some(name.as_str()));
        prop_assert_eq!(parsed.len(), fields.len() + 3);
        for (key, value) in fields.iter().filter(|(key, _)| !["ts", "session_id", "event_type"].contains(&key.as_str())) {
            prop_assert_eq!(&parsed[key], value);
        }
    }

    #[test]
    fn any_log_message_has_no_control_characters(message in any::<String>()) {
        let record = log::record("2026-01-31T08:05:09.123Z", Level::Info, None, &message);
        for (index, line) in record.split('\n').enumerate() {
            prop_assert!(index == 0 || line.starts_with("    | "));
            prop_assert!(!line.chars().any(|c| c.is_control() && c != '\t'));
        }
    }
}
