//! The sandbox, its worker or its envd ends before the run.

use e2b_local::{Effect, Fault, Options};

use crate::place::{ENDLESS, LONG, Place, SHORT};
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
    let place = Place::new(LONG);
    let (running, worker) = place.in_mid_run(&[]);
    worker.freeze();
    assert!(place.e2b.restart_envd(&place.id()));
    worker.thaw();
    place.assert_long_well(running.finish());
}

fn a_stream_that_breaks_in_mid_run_recovers() {
    let place = Place::new(LONG);
    let start = Fault::on("POST /process.Process/Start", Effect::CutLine(12));
    place.e2b.fault(start.containing("worker"));
    place.assert_long_well(place.run(&[]).run());
}

fn a_sandbox_that_dies_while_it_is_filled_is_told() {
    let place = Place::new(SHORT);
    place.e2b.fault(Fault::on("POST /files", Effect::KillSandbox));
    let words = ["The sandbox was not found", "the sandbox was killed or its lifetime ended"];
    place.assert_failed(place.run(&[]).run(), 3, "sandbox", &words);
}

fn a_sandbox_that_dies_before_its_worker_begins_is_told() {
    let place = Place::new(SHORT);
    let start = Fault::on("POST /process.Process/Start", Effect::KillSandbox);
    place.e2b.fault(start.containing("worker"));
    let words = ["The sandbox was not found", "the sandbox was killed or its lifetime ended"];
    place.assert_failed(place.run(&[]).run(), 3, "sandbox", &words);
}

fn a_sandbox_that_dies_before_its_output_is_fetched_is_told() {
    let place = Place::new(SHORT);
    let fetch = Fault::on("GET /files", Effect::KillSandbox).containing("ids%2Etxt");
    place.e2b.fault(fetch);
    let words = [
        "cannot download `ids.txt` from the sandbox",
        "The sandbox was not found",
        "run the pipeline again",
    ];
    place.assert_failed(place.run(&[]).run(), 1, "sandbox", &words);
}

fn a_sandbox_that_is_killed_in_mid_run_is_told() {
    let place = Place::new(ENDLESS);
    let (running, _) = place.in_mid_run(&[]);
    assert!(place.e2b.kill_sandbox(&place.id()));
    let words = ["the sandbox ended before the run ended", "run the pipeline again"];
    place.assert_failed(running.finish(), 1, "sandbox", &words);
}

fn a_worker_that_is_killed_in_mid_run_is_told() {
    let place = Place::new(ENDLESS);
    let (running, worker) = place.in_mid_run(&[]);
    worker.kill();
    let words = ["the worker in the sandbox ended unexpectedly", "killed"];
    place.assert_failed(running.finish(), 1, "sandbox", &words);
}

fn a_worker_that_dies_unseen_is_told() {
    let place = Place::new(ENDLESS);
    let (running, worker) = place.in_mid_run(&[]);
    worker.freeze();
    assert!(place.e2b.restart_envd(&place.id()));
    worker.kill();
    let words = ["the worker in the sandbox ended unexpectedly", "process not found"];
    place.assert_failed(running.finish(), 1, "sandbox", &words);
}

fn a_sandbox_without_memory_is_told_with_what_helps() {
    let pipeline = "\
oml_version: 0.1.0
name: hoard
steps:
  - {id: source, component: test.hostile, mode: read, config: {attack: memory-bomb}}
  - {id: write, component: test.sink, mode: write, config: {path: ids.txt}}
";
    let place = Place::with(pipeline, Options { memory: 400 << 20, ..Options::default() });
    place.sandbox.write("osiris.yaml", "version: 1\nlimits: {memory: 4GiB}\n");
    let finished = place.run(&[]).run();
    std::fs::remove_file(place.sandbox.path("osiris.yaml")).expect("it is there");
    let words = ["ran out of memory", "a template with more memory", "`limits.memory`"];
    place.assert_failed(finished, 1, "sandbox", &words);
}
