//! Templates that are built.

use std::io::Write as _;

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Emulator, Sandbox, answer};

fn archive(name: &str, text: &str) -> Vec<u8> {
    let mut archive =
        tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, name, text.as_bytes()).expect("has room");
    let mut zipped = archive.into_inner().expect("has room");
    zipped.flush().expect("has room");
    zipped.finish().expect("has room")
}

/// Builds a template and returns its last status.
fn build(emulator: &Emulator, name: &str, steps: &Value) -> Value {
    let (status, response) = emulator.post("/v3/templates", &json!({"name": name}));
    assert_eq!(status, 202);
    let text = |name: &str| response[name].as_str().expect("is text").to_owned();
    let (template, build) = (text("templateID"), text("buildID"));
    let path = format!("/v2/templates/{template}/builds/{build}");
    assert_eq!(emulator.post(&path, &json!({"fromTemplate": "base", "steps": steps})).0, 202);
    let path = format!("/templates/{template}/builds/{build}/status");
    let mut last = Value::Null;
    crate::client::until("the build's end", || {
        last = emulator.get(&path).1;
        last["status"] != "building"
    });
    last
}

#[test]
fn template_files_are_uploaded_once() {
    let emulator = Emulator::new();
    let hash = "a".repeat(64);
    let (status, link) = emulator.get(&format!("/templates/any/files/{hash}"));
    assert_eq!((status, &link["present"]), (201, &json!(false)));
    let url = link["url"].as_str().expect("is text").replace(&emulator.server.api_url, "");
    let body = archive("tool", "#!/bin/sh\necho $A $PWD\n");
    assert_eq!(answer(emulator.api(Method::PUT, &url).body(body)).0, 200);
    assert_eq!(emulator.get(&format!("/templates/any/files/{hash}")).1["present"], true);
    let steps = json!([
        {"type": "COPY", "args": ["tool", "/usr/local/bin/", "root:root", "0755"], "filesHash": hash},
        {"type": "ENV", "args": ["A", "a"]},
        {"type": "WORKDIR", "args": ["/home/user/in"]},
        {"type": "RUN", "args": ["tool > ran; echo said"]},
    ]);
    let status = build(&emulator, "tools", &steps);
    assert_eq!(status["status"], "ready", "{status}");
    let log = status["logEntries"].as_array().expect("is a list");
    assert!(log.iter().any(|line| line["message"] == "said"), "{status}");
    let (_, response) = emulator.post("/v2/sandboxes", &json!({"templateID": "tools"}));
    let run = emulator.run(&Sandbox::of(&response), "tool; cat ran");
    assert_eq!(run.stdout, "a /home/user/in\na /home/user/in\n");
    if rustix::process::geteuid().is_root() {
        let run = emulator.run(&Sandbox::of(&response), "stat -c %U . ran /usr/local/bin/tool");
        assert_eq!(run.stdout, "user\nuser\nroot\n");
    }
}

#[test]
fn failed_step_fails_the_build() {
    let emulator = Emulator::new();
    let steps = json!([{"type": "RUN", "args": ["true"]}, {"type": "RUN", "args": ["exit 9"]}]);
    let status = build(&emulator, "broken", &steps);
    assert_eq!((&status["status"], &status["reason"]["step"]), (&json!("error"), &json!("2")));
    assert!(status["reason"]["message"].to_string().contains("exit status 9"), "{status}");
    assert_eq!(emulator.post("/v2/sandboxes", &json!({"templateID": "broken"})).0, 404);
}
