//! The program.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::client::{EmulatorClient, Sandbox, Stream, runs, shell, until};

/// The program with a folder for its temporary ones, and a client of it.
fn program(folder: &tempfile::TempDir) -> (Child, EmulatorClient) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_e2b-local"))
        .args(["--api-port", "0", "--sandbox-port", "0", "--memory", "512"])
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let lines = BufReader::new(child.stdout.take().expect("is a pipe")).lines().take(3);
    let variables: Vec<(String, String)> = lines
        .map(|line| {
            let line = line.expect("is text");
            let (name, value) = line
                .strip_prefix("export ")
                .and_then(|line| line.split_once('='))
                .unwrap_or_else(|| panic!("{line}"));
            (name.to_owned(), value.to_owned())
        })
        .collect();
    (child, EmulatorClient::new(&variables))
}

fn ends(signal: &str) {
    let folder = tempfile::tempdir().expect("has room");
    let (mut child, client) = program(&folder);
    let rules = json!({"denyOut": ["0.0.0.0/0"]});
    let (_, response) =
        client.post("/v2/sandboxes", &json!({"templateID": "base", "network": rules}));
    let script = "setsid -f sleep 600; echo; exec sleep 600";
    let request = client.open(&Sandbox::of(&response), "Start", &shell(script));
    let mut stream = Stream::of(request);
    let pid = stream.pid();
    assert!(stream.event()["data"]["stdout"].is_string());
    assert!(runs(pid));
    let network = fs::read_link(format!("/proc/{pid}/ns/net")).ok();
    let kill = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(kill.expect("runs").success());
    let status = child.wait().expect("ends");
    assert_eq!(status.success(), signal == "-TERM");
    let entries =
        || fs::read_dir(folder.path()).expect("is there").map(|one| one.expect("is there"));
    until("the end of all", || !runs(pid) && entries().next().is_none());
    let mark = format!("E2B_SANDBOX_ID={}", response["sandboxID"].as_str().expect("is text"));
    until("the end of all", || !environments().any(|one| one.contains(&mark)));
    // Without rules that are enforced, it is everybody's.
    if network != fs::read_link("/proc/self/ns/net").ok() {
        let is_in_network =
            |process: PathBuf| fs::read_link(process.join("ns/net")).ok() == network;
        until("the end of the network", || !processes().any(is_in_network));
    }
}

/// The folders of all processes, and others.
fn processes() -> impl Iterator<Item = PathBuf> {
    fs::read_dir("/proc").expect("is there").flatten().map(|process| process.path())
}

/// The variables of all processes that may be asked.
fn environments() -> impl Iterator<Item = String> {
    let files = processes().map(|process| process.join("environ"));
    files.filter_map(|file| Some(String::from_utf8_lossy(&fs::read(file).ok()?).into_owned()))
}

#[test]
fn terminated_program_leaves_nothing() {
    ends("-TERM");
}

#[test]
fn killed_program_leaves_nothing() {
    ends("-KILL");
}
