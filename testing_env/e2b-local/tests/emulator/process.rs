//! Processes.

use reqwest::Method;
use serde_json::json;

use crate::client::{Emulator, Stream, answer, runs, shell, until};

#[test]
fn process_has_output_and_exit_status() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let run = emulator.run(&sandbox, "echo out; echo err >&2; pwd; echo $HOME $$; exit 3");
    assert_eq!(run.stdout, format!("out\n/home/user\n/home/user {}\n", run.pid));
    assert_eq!(run.stderr, "err\n");
    let status = "exit status 3";
    assert_eq!(run.end, json!({"exitCode": 3, "exited": true, "status": status, "error": status}));
    let fine = emulator.run(&sandbox, "true");
    assert_eq!(fine.end, json!({"exited": true, "status": "exit status 0"}));
}

#[test]
fn process_is_not_a_group_leader() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    // A leader of a group would have to go on as a child.
    let message = json!({"process": {"cmd": "setsid", "args": ["sh", "-c", "echo $$"]}});
    let run = Stream::of(emulator.open(&sandbox, "Start", &message)).rest().expect("ends");
    assert_eq!(run.stdout, format!("{}\n", run.pid));
}

#[test]
fn unknown_program_exits_like_in_a_shell() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let message = json!({"process": {"cmd": "no-such-program"}});
    let run = Stream::of(emulator.open(&sandbox, "Start", &message)).rest().expect("ends");
    assert_eq!(run.end["exitCode"], 127);
    assert!(run.stderr.contains("no-such-program"), "{}", run.stderr);
    let message = json!({"process": {"cmd": "true", "cwd": "/nope"}});
    let run = Stream::of(emulator.open(&sandbox, "Start", &message)).rest().expect("ends");
    let error = json!({"code": "invalid_argument", "message": "cwd '/nope' does not exist"});
    assert_eq!(run.error, error);
}

#[test]
fn sandboxes_have_separate_homes() {
    let emulator = Emulator::new();
    let (one, other) = (emulator.sandbox(), emulator.sandbox());
    emulator.run(&one, "echo one > /home/user/file; echo one > /tmp/file");
    assert_eq!(emulator.run(&other, "ls /home/user /tmp").stdout, "/home/user:\n\n/tmp:\n");
    let home = emulator.server.home(&one.id).expect("lives");
    assert_eq!(std::fs::read_to_string(home.join("file")).expect("is there"), "one\n");
}

#[test]
fn host_environment_is_not_visible() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let run = emulator.run(&sandbox, "env");
    for line in run.stdout.lines() {
        let name = line.split('=').next().unwrap_or_default();
        let allowed = ["PATH", "HOME", "USER", "LOGNAME", "PWD", "SHLVL", "_", "OLDPWD"];
        assert!(allowed.contains(&name) || name.starts_with("E2B_"), "{line}");
    }
    assert!(run.stdout.contains(&format!("E2B_SANDBOX_ID={}\n", sandbox.id)));
}

#[test]
fn connected_client_sees_later_output() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let mut first =
        emulator.start(&sandbox, "echo before; until [ -e go ]; do sleep 0.01; done; echo after");
    let pid = first.pid();
    assert!(first.event()["data"]["stdout"].is_string());
    let connect =
        || Stream::of(emulator.open(&sandbox, "Connect", &json!({"process": {"pid": pid}})));
    let mut second = connect();
    assert_eq!(second.pid(), pid);
    let (_, list) = emulator.call(&sandbox, "process.Process/List", &json!({}));
    assert_eq!(list["processes"][0]["pid"], pid);
    emulator.upload(&sandbox, "go", b"").send().expect("answers");
    for stream in [first, second] {
        let run = stream.rest().expect("ends");
        assert_eq!((run.stdout.as_str(), &run.end["exited"]), ("after\n", &json!(true)));
    }
    let late = connect().rest().expect("ends");
    assert_eq!((late.pid, late.stdout.as_str(), &late.end["exited"]), (pid, "", &json!(true)));
    assert_eq!(emulator.call(&sandbox, "process.Process/List", &json!({})), (200, json!({})));
    let unknown = emulator.open(&sandbox, "Connect", &json!({"process": {"pid": 1}}));
    let unknown = Stream::of(unknown).rest().expect("ends");
    let message = "process with pid 1 not found";
    assert_eq!(unknown.error, json!({"code": "not_found", "message": message}));
}

#[test]
fn process_outlives_its_client() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let mut stream =
        emulator.start(&sandbox, "until [ -e go ]; do sleep 0.01; done; seq 100000; : > done");
    let pid = stream.pid();
    drop(stream);
    emulator.upload(&sandbox, "go", b"").send().expect("answers");
    let home = emulator.server.home(&sandbox.id).expect("lives");
    until("the process's end", || home.join("done").exists() && !runs(pid));
}

#[test]
fn signal_ends_only_the_process() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let mut stream = emulator.start(&sandbox, "sleep 600 & echo $!; wait");
    let pid = stream.pid();
    let child = stream.event();
    let child = crate::client::decode(child["data"]["stdout"].as_str().expect("is output"));
    let child: u64 = String::from_utf8_lossy(&child).trim().parse().expect("is a pid");
    let signal = |signal: serde_json::Value| {
        let message = json!({"process": {"pid": pid}, "signal": signal});
        emulator.call(&sandbox, "process.Process/SendSignal", &message)
    };
    assert_eq!(signal(json!(2)).0, 501);
    assert_eq!(signal(json!("SIGNAL_SIGTERM")), (200, json!({})));
    let end = stream.rest().expect("ends").end;
    let status = "signal: terminated";
    assert_eq!(end, json!({"exitCode": -1, "status": status, "error": status}));
    assert_eq!(signal(json!("SIGNAL_SIGKILL")).0, 404);
    assert!(runs(child));
}

#[test]
fn deadline_ends_only_a_started_process() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let error = json!({"code": "deadline_exceeded", "message": "context deadline exceeded"});
    let run_with_deadline = |call: &str, message, millis: &str| {
        let request = emulator.open(&sandbox, call, &message).header("Connect-Timeout-Ms", millis);
        Stream::of(request).rest().expect("ends")
    };
    let run = run_with_deadline("Start", shell("exec sleep 600"), "300");
    assert_eq!((&run.error, &run.end), (&error, &json!(null)));
    assert_ne!(run.pid, 0);
    until("the process's end", || !runs(run.pid));

    let mut stream = emulator.start(&sandbox, "exec sleep 600");
    let pid = stream.pid();
    let run = run_with_deadline("Connect", json!({"process": {"pid": pid}}), "100");
    assert_eq!(run.error, error);
    assert!(runs(pid));
    assert_eq!(
        run_with_deadline("Start", shell("true"), "12345678901").error["code"],
        "invalid_argument"
    );
}

#[test]
fn keepalives_are_sent_when_idle() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let request = emulator.open(&sandbox, "Start", &shell("sleep 600"));
    let mut stream = Stream::of(request.header("Keepalive-Ping-Interval", "1"));
    stream.pid();
    assert_eq!(stream.event(), json!({"keepalive": {}}));
    // Not one of the numbers that it may be.
    let request = emulator.open(&sandbox, "Start", &shell("true"));
    assert!(request.header("Keepalive-Ping-Interval", "0").send().is_err());
    assert!(stream.next().is_err(), "the stream outlived envd");
}

#[test]
fn invalid_calls_are_rejected() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let post = |path: &str| emulator.envd(&sandbox, Method::POST, path);
    let text = post("/process.Process/List").header("Content-Type", "text/plain").body("{}");
    let text = text.send().expect("answers");
    assert_eq!(text.status(), 415);
    assert!(text.headers().contains_key("accept-post"));
    assert_eq!(answer(post("/process.Process/None").json(&json!({}))).0, 404);
    assert_eq!(
        emulator
            .envd(&sandbox, Method::GET, "/process.Process/List")
            .send()
            .expect("answers")
            .status(),
        405
    );
    let version = post("/process.Process/List").header("Connect-Protocol-Version", "2");
    assert_eq!(answer(version.json(&json!({}))).1["code"], "invalid_argument");
    let user = post("/process.Process/List").basic_auth("nobody-here", Some(""));
    assert_eq!(answer(user.json(&json!({}))).0, 401);
    let reserved = answer(post("/init").json(&json!({})));
    assert_eq!((reserved.0, &reserved.1["path"]), (404, &json!("/init")));
}
