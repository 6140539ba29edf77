//! Large volumes through a sandbox: every event, and a large file in constant memory.

use osiris_tests::session::Session;
use osiris_tests::{Cloud, TestProject};

#[test]
fn gigabyte_is_transferred_in_constant_memory() {
    const ROWS: u64 = 250_000;
    const TEXT: usize = 4096;
    let (cloud, project) = (Cloud::equipped(), TestProject::new());
    let text = "0123456789abcdef".repeat(TEXT / 16);
    project.write(
        "pipeline.yaml",
        format!(
            "\
oml_version: 0.1.0
name: large
steps:
  - {{id: source, component: test.source, mode: read, config: {{rows: {ROWS}, batch: 1000, text: {text}}}}}
  - {{id: write, component: filesystem.csv_writer, mode: write, config: {{path: large.csv}}}}
"
        ),
    );
    let mut running = cloud.run(&project, "pipeline.yaml", &[]).start();
    let peak = running.peak();
    running.finish().expect(0);
    let digits: u64 = (0..ROWS).map(|row| u64::from(row.max(1).ilog10()) + 1).sum();
    let size = std::fs::metadata(project.path("large.csv")).expect("it is there").len();
    assert_eq!(size, "id,text\n".len() as u64 + ROWS * (TEXT as u64 + 2) + digits);
    assert_eq!(Session::only(&project).status["rows_written"], ROWS);
    assert!(peak < 150 << 20, "the host held {} MiB", peak >> 20);
    cloud.assert_empty();
}

#[test]
fn ten_thousand_events_a_second_arrive_exactly_once() {
    let (cloud, project) = (Cloud::equipped(), TestProject::new());
    project.write(
        "pipeline.yaml",
        "\
oml_version: 0.1.0
name: events
steps:
  - {id: source, component: test.hostile, mode: read, config: {attack: flood-log-of-nothing}}
  - {id: write, component: test.sink, mode: write, config: {path: ids.txt}}
",
    );
    let mut running = cloud.run(&project, "pipeline.yaml", &[]).start();
    let peak = running.peak();
    let finished = running.finish().expect(0);
    let session = Session::only(&project);
    // An entry counts as its frame of 64 bytes, and 16 MiB are allowed.
    let lines = session.log.lines().filter(|line| line.ends_with("[source] ")).count();
    assert_eq!(lines, (16 << 20) / 64);
    assert!(lines as f64 / finished.took.as_secs_f64() > 10_000.0, "{:?}", finished.took);
    assert!(peak < 150 << 20, "the host held {} MiB", peak >> 20);
}
