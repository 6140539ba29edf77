//! The sandbox, its worker or its envd ends before the run.

use e2b_local::{Effect, Fault, Options};

use crate::fixture::{ENDLESS, Fixture, LONG, SHORT};
use crate::{Test, tests};

pub(crate) const TESTS: &[Test] = tests![
    restarted_envd_recovers,
    broken_stream_recovers,
    sandbox_killed_during_upload_is_reported,
    sandbox_killed_before_its_worker_starts_is_reported,
    sandbox_killed_before_download_is_reported,
    sandbox_killed_during_the_run_is_reported,
    worker_killed_during_the_run_is_reported,
    worker_killed_while_offline_is_reported,
    out_of_memory_is_reported_with_help,
];

fn restarted_envd_recovers() {
    let fixture = Fixture::new(LONG);
    let (running, worker) = fixture.in_mid_run(&[]);
    worker.freeze();
    assert!(fixture.e2b.restart_envd(&fixture.id()));
    worker.thaw();
    fixture.assert_long_well(running.finish());
}

fn broken_stream_recovers() {
    let fixture = Fixture::new(LONG);
    let start = Fault::on("POST /process.Process/Start", Effect::CutLine(12));
    fixture.e2b.fault(start.containing("worker"));
    fixture.assert_long_well(fixture.run(&[]).run());
}

fn sandbox_killed_during_upload_is_reported() {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(Fault::on("POST /files", Effect::KillSandbox));
    let words = ["The sandbox was not found", "the sandbox was killed or its lifetime ended"];
    fixture.assert_failed(fixture.run(&[]).run(), 3, "sandbox", &words);
}

fn sandbox_killed_before_its_worker_starts_is_reported() {
    let fixture = Fixture::new(SHORT);
    let start = Fault::on("POST /process.Process/Start", Effect::KillSandbox);
    fixture.e2b.fault(start.containing("worker"));
    let words = ["The sandbox was not found", "the sandbox was killed or its lifetime ended"];
    fixture.assert_failed(fixture.run(&[]).run(), 3, "sandbox", &words);
}

fn sandbox_killed_before_download_is_reported() {
    let fixture = Fixture::new(SHORT);
    let fetch = Fault::on("GET /files", Effect::KillSandbox).containing("ids%2Etxt");
    fixture.e2b.fault(fetch);
    let words = ["cannot download `", "The sandbox was not found", "run the pipeline again"];
    fixture.assert_failed(fixture.run(&[]).run(), 1, "sandbox", &words);
}

fn sandbox_killed_during_the_run_is_reported() {
    let fixture = Fixture::new(ENDLESS);
    let (running, _) = fixture.in_mid_run(&[]);
    assert!(fixture.e2b.kill_sandbox(&fixture.id()));
    let words = ["the sandbox ended before the run ended", "run the pipeline again"];
    fixture.assert_failed(running.finish(), 1, "sandbox", &words);
}

fn worker_killed_during_the_run_is_reported() {
    let fixture = Fixture::new(ENDLESS);
    let (running, worker) = fixture.in_mid_run(&[]);
    worker.kill();
    let words = ["the worker in the sandbox ended unexpectedly", "killed"];
    fixture.assert_failed(running.finish(), 1, "sandbox", &words);
}

fn worker_killed_while_offline_is_reported() {
    let fixture = Fixture::new(ENDLESS);
    let (running, worker) = fixture.in_mid_run(&[]);
    worker.freeze();
    assert!(fixture.e2b.restart_envd(&fixture.id()));
    worker.kill();
    let words = ["the worker in the sandbox ended unexpectedly", "process not found"];
    fixture.assert_failed(running.finish(), 1, "sandbox", &words);
}

fn out_of_memory_is_reported_with_help() {
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
    let words = ["ran out of memory", "a template with more memory", "`limits.memory`"];
    fixture.assert_failed(finished, 1, "sandbox", &words);
}
