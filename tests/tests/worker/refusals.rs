//! Commands that a worker rejects, after which it continues.

use std::fs;

use serde_json::json;

use crate::talk::Talk;

/// Checks that the worker still works.
#[track_caller]
fn assert_well(mut talk: Talk) {
    talk.ship(&json!({"rows": 5}));
    let n = talk.prepare();
    assert_eq!(talk.until("ready")["re"], n);
    talk.command(json!({"cmd": "run"}));
    assert_eq!(talk.until("finished")["status"]["status"], "success");
}

#[test]
fn altered_plan_is_refused() {
    let mut talk = Talk::start(&json!({}));
    talk.until("hello");
    let n = talk.prepare_as(&"0".repeat(64));
    let refused = talk.until("refused");
    assert_eq!(refused["re"], n);
    let why = refused["why"].as_str().unwrap_or_default();
    assert!(why.contains("the file is not the one that the host sent"), "{why}");
    // Even with a bad plan, the secrets file is removed.
    assert!(!talk.file("confidential.json").exists());
    assert_well(talk);
}

#[test]
fn missing_or_damaged_secrets_are_refused() {
    let mut talk = Talk::start(&json!({}));
    talk.until("hello");
    let whole = fs::read_to_string(talk.file("confidential.json")).expect("it was sent");
    fs::write(talk.file("confidential.json"), &whole[..whole.len() / 2]).expect("it is ours");
    for said in ["the file is truncated or damaged", "No such file"] {
        let n = talk.prepare();
        let refused = talk.until("refused");
        assert_eq!(refused["re"], n);
        let why = refused["why"].as_str().unwrap_or_default();
        assert!(why.contains(said) && !why.contains("ids.txt"), "{why}");
        assert!(!talk.file("confidential.json").exists());
    }
    assert_well(talk);
}

#[test]
fn plan_with_paths_outside_is_refused() {
    for (field, value) in [
        ("folders", json!(["../beside"])),
        ("inputs", json!({"../beside": "/etc/hostname"})),
        ("inputs", json!({"/tmp/beside": "/etc/hostname"})),
        ("drivers", json!(["/no/such/driver.wasm"])),
        ("manifest", json!("steps: 1")),
    ] {
        let mut talk = Talk::start(&json!({}));
        talk.until("hello");
        let text = fs::read_to_string(talk.file("plan.json")).expect("it was sent");
        let mut plan: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        plan[field] = value;
        fs::write(talk.file("plan.json"), plan.to_string()).expect("it is ours");
        let n = talk.prepare();
        assert_eq!(talk.until("refused")["re"], n, "{field}");
        assert!(!talk.base().with_file_name("beside").exists());
        assert_well(talk);
    }
}

#[test]
fn run_without_a_plan_and_invalid_commands_are_refused() {
    let mut talk = Talk::start(&json!({}));
    talk.until("hello");
    let n = talk.command(json!({"cmd": "run"}));
    let refused = talk.until("refused");
    assert_eq!(refused["re"], n);
    assert_eq!(refused["why"], "no run is prepared");
    for garbage in [
        "fly\n",
        "{}\n",
        "{\"n\":2,\"cmd\":\"fly\"}\n",
        "\n",
        "[1,2\n",
        "{\"n\":-1,\"cmd\":\"ping\"}\n",
    ] {
        talk.write(garbage);
        let refused = talk.until("refused");
        assert_eq!(refused["re"], 0);
        assert!(
            refused["why"].as_str().is_some_and(|why| why.starts_with("invalid command")),
            "{refused}"
        );
    }
    talk.write(&format!("{}\n", "x".repeat(1 << 20)));
    talk.until("refused");
    assert_well(talk);
}

#[test]
fn second_run_requires_a_second_plan() {
    let mut talk = Talk::start(&json!({"rows": 5}));
    talk.ready();
    talk.command(json!({"cmd": "run"}));
    talk.until("finished");
    let n = talk.command(json!({"cmd": "run"}));
    assert_eq!(talk.until("refused")["re"], n);
}
