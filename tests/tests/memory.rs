//! Memory does not grow with the table. Separate from other tests, since the peak is only known for
//! all child processes of this process together.

use nix::sys::resource::{UsageWho, getrusage};
use osiris_tests::TestProject;
use osiris_tests::session::Session;

/// Returns the highest peak of any child process so far, in KiB.
fn peak() -> i64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).expect("usage is known").max_rss()
}

/// Runs rows through a pipeline with these steps between source and sink. Returns the peak that the
/// run reports, in KiB.
fn run(rows: u64, steps: &str, copies: u64) -> i64 {
    let project = TestProject::new();
    let pipeline = format!(
        "\
oml_version: 0.1.0
name: flat
steps:
  - id: source
    component: test.source
    mode: read
    config: {{rows: {rows}, batch: 8192, text: a text of about forty characters a row.}}
{steps}
  - {{id: write, component: test.sink, mode: write, config: {{path: ids.txt}}}}
"
    );
    project.write("pipeline.yaml", pipeline);
    project.osiris(["run", "pipeline.yaml"]).test_drivers().run().expect(0);
    let session = Session::only(&project);
    assert_eq!(session.status["rows_written"], rows * copies);
    let size = std::fs::metadata(project.path("ids.txt")).expect("the sink has written").len();
    assert_eq!(size, digits(rows) * copies);
    let bytes = session.status["peak_memory_bytes"].as_i64().expect("a peak is known here");
    bytes / 1024
}

/// Returns the bytes of all numbers below `rows`, one per line.
fn digits(rows: u64) -> u64 {
    (0..rows).map(|row| u64::from(row.max(1).ilog10()) + 2).sum()
}

const CHAIN: &str = "  - {id: pass, component: test.passthrough, mode: transform, needs: [source]}";
/// The second reader lags behind by the whole table.
const DIAMOND: &str =
    "  - {id: fast, component: test.passthrough, mode: transform, needs: [source]}
  - {id: both, component: test.passthrough, mode: transform, needs: [fast, source]}";

#[test]
fn memory_is_independent_of_table_size() {
    // The first run sometimes has to compile; the others show how much the peak varies.
    let said = (0..4).map(|_| run(500_000, CHAIN, 1)).max().unwrap_or(0);
    let small = peak();
    assert!(said * 10 > small * 8 && said * 10 < small * 11, "says {said} KiB, took {small}");
    run(5_000_000, CHAIN, 1);
    let large = peak();
    assert!(large * 10 <= small * 11, "{small} KiB for 0.5 M rows, {large} KiB for 5 M");
    // 120 MB of text wait for the lagging reader.
    run(3_000_000, DIAMOND, 2);
    assert!(peak() < 100 << 10, "{} KiB while a reader lags behind", peak());
}
