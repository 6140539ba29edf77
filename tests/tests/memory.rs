//! Memory does not grow with the table. Alone in this file: the peak of child
//! processes can only be asked for all that a process ever had.

use nix::sys::resource::{UsageWho, getrusage};
use osiris_tests::Sandbox;
use osiris_tests::session::Session;

/// The highest peak of any child so far, in KiB.
fn peak() -> i64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).expect("usage is known").max_rss()
}

/// Runs rows through a diamond, whose second reader lags behind by the whole
/// table, and returns what the run says of its own peak, in KiB.
fn run(rows: u64) -> i64 {
    let sandbox = Sandbox::new();
    sandbox.write(
        "pipeline.yaml",
        format!(
            "\
oml_version: 0.1.0
name: flat
steps:
  - id: source
    component: test.source
    mode: read
    config: {{rows: {rows}, batch: 8192, text: a text of about forty characters a row.}}
  - {{id: fast, component: test.passthrough, mode: transform, needs: [source]}}
  - {{id: both, component: test.passthrough, mode: transform, needs: [fast, source]}}
  - {{id: write, component: test.sink, mode: write, needs: [both], config: {{path: ids.txt}}}}
"
        ),
    );
    sandbox.osiris(["run", "pipeline.yaml"]).guests().run().expect(0);
    let session = Session::only(&sandbox);
    assert_eq!(session.status["rows_written"], rows * 2);
    assert_eq!(sandbox.read("ids.txt").lines().count() as u64, rows * 2);
    let bytes = session.status["peak_memory_bytes"].as_i64().expect("a peak is known here");
    bytes / 1024
}

#[test]
fn ten_times_the_rows_take_the_same_memory() {
    // Once for the compiler, which may have work to do in a first run.
    run(1);
    run(1_000_000);
    let small = peak();
    let said = run(1_000_000);
    assert!(said * 10 > small * 8 && said * 10 < small * 11, "says {said} KiB, took {small}");
    run(3_000_000);
    let large = peak();
    assert!(large * 10 <= small * 11, "{small} KiB for 1 M rows, {large} KiB for 3 M");
}
