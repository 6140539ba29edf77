//! The sandbox, its worker or its envd ends before the run.

use e2b_local::{Effect, Fault, Options};

use crate::fixture::{ENDLESS, Fixture, LONG, SHORT};
use crate::{Test, tests};

pub(crate) const TESTS: &[Test] = tests![
    an_envd_that_starts_anew_in_mid_run_recovers,
    a_stream_that_breaks_in_mid_run_recovers,
    a_sandbox_that_dies_while_it_is_filled_is_told,
    a_sandbox_that_dies_before_its_worker_begins_is_told,
    a_sandbox_that_dies_before_its_output_is_fetched_is_told,
    a_sandbox_that_is_killed_in_mid_run_is_told,
    a_worker_that_is_killed_in_mid_run_is_told,
    a_worker_that_dies_unseen_is_told,
    a_sandbox_without_memory_is_told_with_what_helps,
];

fn an_envd_that_starts_anew_in_mid_run_recovers() {
    let fixture = Fixture::new(LONG);
    let (running, worker) = fixture.in_mid_run(&[]);
    worker.freeze();
    assert!(fixture.e2b.restart_envd(&fixture.id()));
    worker.thaw();
    fixture.assert_long_well(running.finish());
}

fn a_stream_that_breaks_in_mid_run_recovers() {
    let fixture = Fixture::new(LONG);
    let start = Fault::on("POST /process.Process/Start", Effect::CutLine(12));
    fixture.e2b.fault(start.containing("worker"));
    fixture.assert_long_well(fixture.run(&[]).run());
}

fn a_sandbox_that_dies_while_it_is_filled_is_told() {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(Fault::on("POST /files", Effect::KillSandbox));
    let words = ["The sandbox was not found", "it was killed or its lifetime is over"];
    fixture.assert_failed(fixture.run(&[]).run(), 3, "sandbox", &words);
}

fn a_sandbox_that_dies_before_its_worker_begins_is_told() {
    let fixture = Fixture::new(SHORT);
    let start = Fault::on("POST /process.Process/Start", Effect::KillSandbox);
    fixture.e2b.fault(start.containing("worker"));
    let words = ["The sandbox was not found", "it was killed or its lifetime is over"];
    fixture.assert_failed(fixture.run(&[]).run(), 3, "sandbox", &words);
}

fn a_sandbox_that_dies_before_its_output_is_fetched_is_told() {
    let fixture = Fixture::new(SHORT);
    let fetch = Fault::on("GET /files", Effect::KillSandbox).containing("ids%2Etxt");
    fixture.e2b.fault(fetch);
    let words =
        ["could not be fetched from the sandbox", "The sandbox was not found", "run it again"];
    fixture.assert_failed(fixture.run(&[]).run(), 1, "sandbox", &words);
}

fn a_sandbox_that_is_killed_in_mid_run_is_told() {
    let fixture = Fixture::new(ENDLESS);
    let (running, _) = fixture.in_mid_run(&[]);
    assert!(fixture.e2b.kill_sandbox(&fixture.id()));
    let words = ["the sandbox is gone before the run was over", "run it again"];
    fixture.assert_failed(running.finish(), 1, "sandbox", &words);
}

fn a_worker_that_is_killed_in_mid_run_is_told() {
    let fixture = Fixture::new(ENDLESS);
    let (running, worker) = fixture.in_mid_run(&[]);
    worker.kill();
    let words = ["the worker in the sandbox died", "killed"];
    fixture.assert_failed(running.finish(), 1, "sandbox", &words);
}

fn a_worker_that_dies_unseen_is_told() {
    let fixture = Fixture::new(ENDLESS);
    let (running, worker) = fixture.in_mid_run(&[]);
    worker.freeze();
    assert!(fixture.e2b.restart_envd(&fixture.id()));
    worker.kill();
    let words = ["the worker in the sandbox died", "it cannot be found any more"];
    fixture.assert_failed(running.finish(), 1, "sandbox", &words);
}

fn a_sandbox_without_memory_is_told_with_what_helps() {
    let pipeline = "\
oml_version: 0.1.0
name: hoard
steps:
  - {id: source, component: test.hostile, mode: read, config: {attack: memory-bomb}}
  - {id: write, component: test.sink, mode: write, config: {path: ids.txt}}
";
    let fixture = Fixture::with(pipeline, Options { memory: 400 << 20, ..Options::default() });
    fixture.project.write("osiris.yaml", "version: 1\nlimits: {memory: 4GiB}\n");
    let finished = fixture.run(&[]).run();
    std::fs::remove_file(fixture.project.path("osiris.yaml")).expect("it is there");
    let words = ["no memory left", "a template with more", "`limits.memory`"];
    fixture.assert_failed(finished, 1, "sandbox", &words);
}
