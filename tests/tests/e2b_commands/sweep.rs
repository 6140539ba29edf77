//! `osiris e2b prune`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use osiris_tests::wait::wait_for;
use osiris_tests::{Cloud, Running, TestProject};

use crate::new_project;

const ENDLESS: &str = "\
oml_version: 0.1.0
name: endless
steps:
  - {id: source, component: test.source, mode: read, config: {rows: 10, then: hold}}
  - {id: write, component: test.sink, mode: write, config: {path: ids.txt}}
";

/// Starts an endless run in a sandbox.
fn in_mid_run(cloud: &Cloud, project: &TestProject) -> Running {
    project.write("endless.yaml", ENDLESS);
    let running = cloud.run(project, "endless.yaml", &[]).start();
    let events = || {
        let folder = std::fs::read_dir(project.path("logs")).ok()?.flatten().next()?.path();
        std::fs::read_to_string(folder.join("events.jsonl")).ok()
    };
    wait_for("the run to run", Duration::from_secs(30), || {
        events().filter(|text| text.contains("step_start"))
    });
    running
}

fn sweep(cloud: &Cloud, project: &TestProject, more: &[&str]) -> Vec<String> {
    let arguments = [&["e2b", "sweep", "--json"], more].concat();
    let answer = cloud.osiris(project, arguments).run().expect(0).json();
    let removed = answer["removed"].as_array().expect("a list").iter();
    removed.filter_map(|one| one["sandbox_id"].as_str().map(str::to_owned)).collect()
}

fn living(cloud: &Cloud) -> Vec<String> {
    cloud.local().sandboxes().into_iter().map(|one| one.id).collect()
}

#[test]
fn sweep_kills_only_sandboxes_of_killed_runs_of_the_project() {
    let (cloud, project, other) = (Cloud::equipped(), TestProject::new(), new_project());
    let running = in_mid_run(&cloud, &project);
    let left = living(&cloud);
    running.kill();
    assert_eq!(running.finish().code(), None);
    assert_eq!(living(&cloud), left);

    assert_eq!(sweep(&cloud, &other, &[]), [""; 0]);
    assert_eq!(sweep(&cloud, &other, &["--all"]), [""; 0]);
    assert_eq!(living(&cloud), left);
    let finished = cloud.osiris(&project, ["e2b", "prune"]).run().expect(0);
    assert_eq!(finished.stdout, format!("removed {}\n", left[0]));
    cloud.assert_empty();
    let finished = cloud.osiris(&project, ["e2b", "prune"]).run().expect(0);
    assert_eq!(finished.stdout, "no leftover sandboxes\n");
}

#[test]
fn sweep_keeps_the_sandbox_of_a_running_run() {
    let (cloud, project) = (Cloud::equipped(), TestProject::new());
    let running = in_mid_run(&cloud, &project);
    for more in [&[][..], &["--kept"], &["--all"]] {
        assert_eq!(sweep(&cloud, &project, more), [""; 0]);
    }
    assert_eq!(living(&cloud).len(), 1);
    running.interrupt();
    assert_ne!(running.finish().code(), Some(0));
    cloud.assert_empty();
}

#[test]
fn sweep_kills_kept_sandboxes_only_on_request() {
    let (cloud, project) = (Cloud::equipped(), new_project());
    cloud.run(&project, "pipeline.yaml", &["--e2b-keep"]).run().expect(0);
    let kept = living(&cloud);
    assert_eq!(sweep(&cloud, &project, &[]), [""; 0]);
    assert_eq!(sweep(&cloud, &project, &["--all"]), [""; 0]);
    assert_eq!(living(&cloud), kept);
    assert_eq!(sweep(&cloud, &project, &["--kept"]), kept);
    cloud.assert_empty();
}

#[test]
fn sweep_all_kills_only_expired_sandboxes() {
    let (cloud, project) = (Cloud::bare(), new_project());
    let now =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
    let past = create(
        &cloud,
        &format!(r#""app":"osiris","owner":"x","run":"r","deadline":"{}""#, now - 5),
    );
    let coming = create(
        &cloud,
        &format!(r#""app":"osiris","owner":"x","run":"r","deadline":"{}""#, now + 500),
    );
    let timeless = create(&cloud, r#""app":"osiris","owner":"x","run":"r""#);
    let strange = create(&cloud, &format!(r#""app":"other","deadline":"{}""#, now - 5));
    assert_eq!(sweep(&cloud, &project, &[]), [""; 0]);
    assert_eq!(sweep(&cloud, &project, &["--all"]), [past]);
    let mut left = vec![coming, timeless, strange];
    left.sort();
    assert_eq!(living(&cloud), left);
}

/// Creates a sandbox with these tags and returns its id.
fn create(cloud: &Cloud, metadata: &str) -> String {
    let local = cloud.local();
    let body = format!(r#"{{"templateID":"base","timeout":300,"metadata":{{{metadata}}}}}"#);
    let host = local.api_url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).expect("the emulator listens");
    write!(
        stream,
        "POST /v2/sandboxes HTTP/1.1\r\nHost: {host}\r\nX-API-Key: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        local.key,
        body.len()
    )
    .expect("it takes a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (_, id) = answer.split_once("\"sandboxID\":\"").unwrap_or_else(|| panic!("{answer}"));
    id.split('"').next().unwrap_or_default().to_owned()
}
