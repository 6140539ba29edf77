//! Runs that exceed their time limit, and clocks that are wrong.

use std::time::Duration;

use e2b_local::{Effect, Fault};

use crate::fixture::{ENDLESS, Fixture, SHORT};
use crate::{Test, tests};

pub(crate) const TESTS: &[Test] = tests![
    run_beyond_its_time_limit_is_reported,
    run_beyond_its_time_limit_before_starting_is_reported,
    control_plane_with_another_clock_is_harmless,
    sandbox_with_another_clock_has_corrected_times,
];

fn run_beyond_its_time_limit_is_reported() {
    let fixture = Fixture::new(ENDLESS);
    let finished = fixture.run(&["--e2b-timeout", "3"]).run();
    fixture.assert_failed(finished, 1, "timeout", &["time limit", "--e2b-timeout"]);
}

fn run_beyond_its_time_limit_before_starting_is_reported() {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(Fault::on("POST /files", Effect::Delay(Duration::from_secs(60))).always());
    let finished = fixture.run(&["--e2b-timeout", "1"]).run();
    fixture.assert_failed(
        finished,
        1,
        "timeout",
        &["exceeded its time limit of 1 s", "--e2b-timeout"],
    );
}

fn control_plane_with_another_clock_is_harmless() {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.set_clock_ahead(-86_400);
    fixture.assert_well(fixture.run(&[]).run());
}

fn sandbox_with_another_clock_has_corrected_times() {
    let mut fixture = Fixture::new(SHORT);
    // The clock is a thousand years behind.
    let script = "#!/bin/sh\n/usr/local/bin/osiris \"$@\" | sed -u 's/\"ts\":\"2/\"ts\":\"1/'\n";
    fixture.runtime = fixture.project.outside().join("runtime");
    std::fs::write(&fixture.runtime, script).expect("the folder can be written");
    let finished = fixture.run(&["--e2b-install-deps", "--verbose"]).run();
    let finished = fixture.assert_well(finished);
    assert!(finished.stderr.contains("clock is off by 3155"), "{}", finished.stderr);
    let session = fixture.last_session();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let within = text(&session.status["started_at"])..=text(&session.status["finished_at"]);
    for line in session.events.iter().chain(&session.metrics) {
        assert!(within.contains(&text(&line["ts"])), "{line} is not within {within:?}");
    }
}
