//! Drivers that fail in a sandbox are reported like those that fail on this machine.

use osiris_tests::TestProject;
use osiris_tests::session::Session;
use serde_json::Value;

use crate::fixture::Fixture;
use crate::{Test, tests};

pub(crate) const TESTS: &[Test] =
    tests![failing_driver_is_reported, panicking_driver_is_reported, trapping_driver_is_reported,];

/// Runs a pipeline with this first step on this machine and in a sandbox.
#[track_caller]
fn assert_reported_alike(step: &str, kind: &str) {
    let pipeline = format!(
        "oml_version: 0.1.0\nname: failing\nsteps:\n  - {{id: source, mode: read, {step}}}\n  - {{id: write, component: test.sink, mode: write, config: {{path: ids.txt}}}}\n"
    );
    let here = TestProject::new();
    here.write("pipeline.yaml", &pipeline);
    let finished = here.osiris(["run", "pipeline.yaml"]).test_drivers().run().expect(1);
    let error = |status: &Value| status["error"].clone();
    let local = Session::only(&here);
    assert_eq!(error(&local.status)["kind"], kind);

    let fixture = Fixture::new(&pipeline);
    let message = error(&local.status)["message"].as_str().expect("there is a reason").to_owned();
    let first = message.lines().next().unwrap_or_default();
    assert!(finished.stderr.contains(first), "{}", finished.stderr);
    fixture.assert_failed(fixture.run(&[]).run(), 1, kind, &[first]);
    let remote = fixture.last_session();
    assert_eq!(error(&remote.status), error(&local.status));
    for step in ["source", "write"] {
        assert_eq!(remote.step(step)["status"], local.step(step)["status"]);
    }
}

fn failing_driver_is_reported() {
    assert_reported_alike("component: test.source, config: {rows: 10, then: fail}", "data");
}

fn panicking_driver_is_reported() {
    assert_reported_alike("component: test.hostile, config: {attack: panic}", "panic");
}

fn trapping_driver_is_reported() {
    assert_reported_alike("component: test.hostile, config: {attack: trap}", "trap");
}
