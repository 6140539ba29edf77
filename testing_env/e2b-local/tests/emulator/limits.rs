//! Limits of sandboxes, and their ends.

use std::path::PathBuf;
use std::time::Duration;

use e2b_local::{Options, Template, TemplateFile};
use reqwest::Method;
use serde_json::json;

use crate::client::{Emulator, answer, runs, until};

#[test]
fn largest_process_is_killed_beyond_the_memory_limit() {
    let emulator = Emulator::with(Options { memory: 64 << 20, ..Options::default() });
    let sandbox = emulator.sandbox();
    let mut small = emulator.start(&sandbox, "exec sleep 600");
    let pid = small.pid();
    let script = "x=$(head -c 100M /dev/zero | tr '\\0' x); exec sleep 600";
    let end = emulator.run(&sandbox, script).end;
    assert_eq!(end["status"], "signal: killed");
    assert!(runs(pid));
}

#[test]
fn expired_sandbox_ends_all_its_processes() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    // Without parents, variables or a session that it shares.
    let script = "setsid -f env -i sh -c 'echo $$ > hidden; exec sleep 600' > /dev/null 2>&1
                  exec sleep 600";
    let mut stream = emulator.start(&sandbox, script);
    let pid = stream.pid();
    let home = emulator.server.home(&sandbox.id).expect("lives");
    let mut hidden = 0;
    until("the hidden process", || {
        let text = std::fs::read_to_string(home.join("hidden")).unwrap_or_default();
        hidden = text.trim().parse().unwrap_or_default();
        hidden != 0
    });
    assert!(runs(pid) && runs(hidden));
    let path = format!("/sandboxes/{}/timeout", sandbox.id);
    assert_eq!(emulator.post(&path, &json!({"timeout": 1})).0, 204);
    assert!(stream.next().is_err(), "the stream had an end");
    until("the sandbox's end", || !runs(pid) && !runs(hidden) && !home.exists());
    let (status, error) = answer(emulator.envd(&sandbox, Method::GET, "/health"));
    let message = "The sandbox was not found";
    assert_eq!(status, 502);
    assert_eq!(error, json!({"sandboxId": sandbox.id, "message": message, "code": 502}));
}

#[test]
fn dropped_emulator_leaves_no_process_or_file() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let mut stream = emulator.start(&sandbox, "exec sleep 600");
    let pid = stream.pid();
    let home = emulator.server.home(&sandbox.id).expect("lives");
    // Its own folder has one for each sandbox.
    let folder: PathBuf = home.ancestors().nth(4).expect("is below").to_owned();
    assert!(folder.exists());
    drop(emulator);
    until("the folder's end", || !folder.exists());
    assert!(!runs(pid));
}

#[test]
fn full_disk_keeps_a_partial_file() {
    let emulator = Emulator::with(Options { disk: 1000, ..Options::default() });
    let sandbox = emulator.sandbox();
    let message = "attempted to write 3000 bytes: not enough disk space available";
    let full = answer(emulator.upload(&sandbox, "big", &[7; 3000]));
    assert_eq!(full, (507, json!({"code": 507, "message": message})));
    let home = emulator.server.home(&sandbox.id).expect("lives");
    assert_eq!(std::fs::read(home.join("big")).expect("is there"), [7; 1000]);
}

#[test]
fn template_has_its_files_and_envd_version() {
    let folder = tempfile::tempdir().expect("has room");
    let from = folder.path().join("tool");
    // Large files are shared by sandboxes.
    let text = format!("#!/bin/sh\necho tool $1\nexit\n{}", "#".repeat(2 << 20));
    std::fs::write(&from, text).expect("has room");
    let to = "/usr/local/bin/tool".to_owned();
    let template = Template {
        files: vec![TemplateFile { from, to, mode: 0o755 }],
        envd_version: Some("0.5.1".to_owned()),
    };
    let templates = [("tools".to_owned(), template)].into();
    let emulator = Emulator::with(Options { templates, ..Options::default() });
    let make = || {
        let (_, response) = emulator.post("/v2/sandboxes", &json!({"templateID": "tools"}));
        assert_eq!(response["envdVersion"], "0.5.1");
        crate::client::Sandbox::of(&response)
    };
    let (one, other) = (make(), make());
    assert_eq!(emulator.run(&one, "tool 1").stdout, "tool 1\n");
    // This envd knows parts only.
    assert_eq!(answer(emulator.upload(&one, "/usr/local/bin/tool", b"")).0, 400);
    let part = reqwest::blocking::multipart::Part::text("#!/bin/sh\necho mine").file_name("x");
    let form = reqwest::blocking::multipart::Form::new().part("file", part);
    let request = emulator.envd(&one, Method::POST, "/files?path=/usr/local/bin/tool");
    assert_eq!(answer(request.multipart(form)).0, 200);
    assert_eq!(emulator.run(&one, "tool").stdout, "mine\n");
    assert_eq!(emulator.run(&other, "tool 2").stdout, "tool 2\n");
}

#[test]
fn sandbox_lifetime_is_limited() {
    let emulator =
        Emulator::with(Options { lifetime: Duration::from_secs(2), ..Options::default() });
    let (_, response) =
        emulator.post("/v2/sandboxes", &json!({"templateID": "base", "timeout": 2}));
    let sandbox = crate::client::Sandbox::of(&response);
    let path = format!("/sandboxes/{}/timeout", sandbox.id);
    until("the sandbox's end", || emulator.post(&path, &json!({"timeout": 2})).0 != 204);
}
