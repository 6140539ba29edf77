//! The driver, run natively between tables in memory.

use {{module}}::Extractor;
use osiris_sdk::{Kind, testing};
use serde_json::{Value, json};

/// A step that reads a file with this content.
fn extract(content: &str) -> (tempfile::TempDir, testing::Run<Extractor>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.jsonl");
    std::fs::write(&path, content).unwrap();
    let run = testing::run::<Extractor>(config(path.to_str().unwrap()));
    (folder, run)
}

fn config(path: &str) -> Value {
    let columns = json!([
        {"name": "name"},
        {"name": "age", "type": "integer"},
        {"name": "height", "type": "number"},
        {"name": "member", "type": "boolean"},
    ]);
    json!({"path": path, "columns": columns})
}

#[test]
fn lines_become_rows() {
    let (_folder, run) = extract(
        "{\"name\": \"Ada\", \"age\": 36, \"height\": 1.65, \"member\": true, \"more\": []}\n\
         {\"age\": null}\n",
    );
    run.expect_ok().assert_rows(&json!([["Ada", 36, 1.65, true], [null, null, null, null]]));
}

#[test]
fn empty_file_is_a_table_without_rows() {
    let (_folder, run) = extract("");
    run.expect_ok().assert_rows(&json!([]));
}

#[test]
fn unfit_value_is_named_with_its_line() {
    for (content, message) in [
        ("{}\n{\"age\": \"old\"}\n", "line 2: `age` is \"old\", not an integer of 64 bits"),
        ("{}\n[]\n", "line 2: this is no JSON object"),
        ("{\"name\": 1}", "line 1: `name` is 1, not text"),
    ] {
        let (_folder, run) = extract(content);
        let error = run.expect_err(Kind::Data);
        assert!(error.message.contains(message), "{error}");
    }
}

#[test]
fn missing_file_is_not_found() {
    testing::run::<Extractor>(config("/nowhere/in.jsonl")).expect_err(Kind::NotFound);
}

#[test]
fn cancelled_run_stops() {
    let (_folder, run) = extract("{\"name\": \"Ada\"}\n");
    run.cancelled().expect_err(Kind::Cancelled);
}
