//! Faults of whole sandboxes and of the network.

use e2b_local::{E2bLocal, Effect, Fault, Options};
use reqwest::Method;
use serde_json::json;

use crate::client::{Emulator, Stream, answer, runs, until};

#[test]
fn sandbox_is_killed_by_a_fault() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let mut stream = emulator.start(&sandbox, "exec sleep 600");
    let pid = stream.pid();
    emulator.server.fault(Fault::on("GET /health", Effect::KillSandbox));
    let (status, error) = answer(emulator.envd(&sandbox, Method::GET, "/health"));
    assert_eq!((status, &error["message"]), (502, &json!("The sandbox was not found")));
    assert!(stream.next().is_err() && !runs(pid));
    assert!(!emulator.server.kill_sandbox(&sandbox.id));
    let other = emulator.sandbox();
    assert!(emulator.server.kill_sandbox(&other.id));
    assert_eq!(emulator.server.sandboxes(), []);
}

#[test]
fn restarted_envd_forgets_its_processes() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let mut stream = emulator.start(&sandbox, "exec sleep 600");
    let pid = stream.pid();
    assert!(emulator.server.restart_envd(&sandbox.id));
    assert!(stream.next().is_err());
    let again = emulator.open(&sandbox, "Connect", &json!({"process": {"pid": pid}}));
    let again = Stream::of(again).rest().expect("ends");
    assert_eq!(again.error["code"], "not_found");
    assert!(runs(pid));
    let path = format!("/sandboxes/{}", sandbox.id);
    assert_eq!(answer(emulator.api(Method::DELETE, &path)).0, 204);
    assert!(!runs(pid));
}

#[test]
fn restarted_envd_closes_pipes() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let script = "trap '' PIPE; cat; until ! echo still; do sleep 0.01; done; : > broken";
    let message = json!({"process": {"cmd": "/bin/bash", "args": ["-c", script]}, "stdin": true});
    Stream::of(emulator.open(&sandbox, "Start", &message)).pid();
    assert!(emulator.server.restart_envd(&sandbox.id));
    let home = emulator.server.home(&sandbox.id).expect("lives");
    until("the broken pipe", || home.join("broken").exists());
}

#[tokio::test]
async fn emulator_runs_inside_an_async_runtime() {
    let server = E2bLocal::start(Options::default()).expect("starts");
    assert!(!server.kill_sandbox("inone"));
    drop(server);
}

#[test]
fn network_can_be_turned_off_and_on() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let mut stream = emulator.start(&sandbox, "exec sleep 600");
    let pid = stream.pid();
    emulator.server.set_online(false);
    assert!(stream.next().is_err());
    assert!(emulator.api(Method::GET, "/health").send().is_err());
    assert!(emulator.envd(&sandbox, Method::GET, "/health").send().is_err());
    emulator.server.set_online(true);
    assert_eq!(emulator.get("/health").0, 204);
    let again = emulator.open(&sandbox, "Connect", &json!({"process": {"pid": pid}}));
    assert_eq!(Stream::of(again).pid(), pid);
}
