//! The host is killed, and the next run cleans up.

use std::time::Duration;

use e2b_local::{Effect, Fault};
use osiris_tests::Running;
use osiris_tests::session::Session;
use osiris_tests::wait::wait_for;

use crate::fixture::{ENDLESS, Fixture, PATIENCE, SHORT};
use crate::{Test, tests};

pub(crate) const TESTS: &[Test] = tests![
    host_killed_while_creating_is_cleaned_up_after,
    host_killed_while_uploading_is_cleaned_up_after,
    host_killed_during_the_run_is_cleaned_up_after,
    host_killed_while_downloading_is_cleaned_up_after,
];

const LATE: Duration = Duration::from_secs(60);

/// Kills the host, whose sandbox survives, and runs again.
#[track_caller]
fn assert_cleaned_up(fixture: &Fixture, running: Running) {
    running.kill();
    assert_eq!(running.finish().code(), None);
    assert_eq!(fixture.living(), 1);
    assert!(!fixture.project.exists("ids.txt"));
    let left = fixture.id();
    fixture.e2b.clear_faults();
    fixture.project.write("pipeline.yaml", SHORT);
    fixture.run(&[]).run().expect(0);
    assert_eq!(fixture.project.read("ids.txt"), crate::fixture::IDS);
    assert_eq!(fixture.e2b.sandboxes(), []);
    let sessions = Session::all(&fixture.project).unwrap_or_else(|error| panic!("{error}"));
    let [old, new] = &sessions[..] else { panic!("{} sessions", sessions.len()) };
    assert_eq!(old.status["status"], "crashed");
    assert_eq!(old.status["error"]["kind"], "crash");
    assert_eq!(new.status["status"], "success");
    assert_ne!(new.status["e2b"]["sandbox_id"], left.as_str());
}

fn host_killed_while_creating_is_cleaned_up_after() {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(Fault::on("POST /v2/sandboxes", Effect::DelayAnswer(LATE)));
    let running = fixture.run(&[]).start();
    fixture.id();
    assert_cleaned_up(&fixture, running);
}

fn host_killed_while_uploading_is_cleaned_up_after() {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(Fault::on("POST /files", Effect::Delay(LATE)).always());
    let running = fixture.run(&[]).start();
    fixture.wait_for_request("POST /files");
    assert_cleaned_up(&fixture, running);
}

fn host_killed_during_the_run_is_cleaned_up_after() {
    let fixture = Fixture::new(ENDLESS);
    let (running, _) = fixture.in_mid_run(&[]);
    assert_cleaned_up(&fixture, running);
}

fn host_killed_while_downloading_is_cleaned_up_after() {
    let fixture = Fixture::new(SHORT);
    let late = Fault::on("GET /files", Effect::Delay(LATE)).containing("ids%2Etxt");
    fixture.e2b.fault(late.always());
    let running = fixture.run(&[]).start();
    let asked = || {
        fixture
            .e2b
            .log()
            .iter()
            .any(|line| line.starts_with("GET /files") && line.contains("ids%2Etxt"))
    };
    wait_for("the download", PATIENCE, || asked().then_some(()));
    assert_cleaned_up(&fixture, running);
}
