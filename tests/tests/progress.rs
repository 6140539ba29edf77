//! The display of a run in progress, in a terminal and in a log.

use osiris_tests::session::Session;
use osiris_tests::{Osiris, TestProject};

/// An endless source that writes to a file, and a step that waits for it.
const ENDLESS: &str = "\
oml_version: 0.1.0
name: endless
steps:
  - {id: source-of-all-rows, component: test.source, mode: read, config: {rows: 1000, batch: 100, then: hold}}
  - {id: write, component: test.sink, mode: write, config: {path: ids.txt}}
";

fn endless(project: &TestProject) -> Osiris {
    project.write("endless.yaml", ENDLESS);
    project.osiris(["run", "endless.yaml"]).test_drivers()
}

#[test]
fn lines_fit_a_narrow_terminal_and_leave_nothing_behind_after_ctrl_c() {
    let project = TestProject::new();
    // Notices about the first use of a driver are longer than a line.
    project.write("ends.yaml", ENDLESS.replace("then: hold", "then: end"));
    project.osiris(["run", "ends.yaml"]).test_drivers().run().expect(0);
    let mut terminal = endless(&project).start_in_terminal(40, 24);
    let screen = terminal.wait_for("1,000 rows");
    assert_eq!(terminal.wrapped_lines(), 0, "{screen}");
    let lines: Vec<&str> = screen.lines().filter(|line| line.contains("rows")).collect();
    assert_eq!(lines.len(), 2, "{screen}");
    terminal.press("\x03");
    let (status, screen) = terminal.finish();
    assert_eq!(status.code(), Some(130), "{screen}");
    let lines: Vec<&str> = screen.lines().collect();
    let first = lines.iter().position(|line| line.starts_with("Stopping:"));
    let first = first.unwrap_or_else(|| panic!("no word of the stop: {screen}"));
    assert_eq!(first, 0, "{screen}");
    assert!(lines[first..].iter().any(|line| line.starts_with("✗ endless cancelled")), "{screen}");
    assert!(!screen.contains("^C") && !screen.contains("1,000 rows  "), "{screen}");
}

#[test]
fn log_gets_a_line_per_running_step_from_time_to_time() {
    let project = TestProject::new();
    let mut running = endless(&project).env("OSIRIS_PROGRESS_SECONDS", "1").start();
    running.wait_for_words("write: 1,000 rows");
    running.wait_for_words("source-of-all-rows: 1,000 rows");
    running.interrupt();
    let finished = running.finish().expect(130);
    let lines = finished.stderr.lines().filter(|line| line.starts_with("write: "));
    let lines: Vec<&str> = lines.collect();
    let ends_in_time = |line: &&str| line.ends_with(" s") || line.ends_with(" ms");
    assert!(lines.iter().all(ends_in_time), "{}", finished.stderr);
    assert!(!finished.stderr.contains("started"), "{}", finished.stderr);
}

#[test]
fn json_and_short_runs_have_no_progress() {
    let project = TestProject::new();
    project.write("endless.yaml", ENDLESS.replace("then: hold", "then: end"));
    for arguments in [&["run", "endless.yaml", "--json"][..], &["run", "endless.yaml"]] {
        let run = project.osiris(arguments).test_drivers().env("OSIRIS_PROGRESS_SECONDS", "1");
        let finished = run.run().expect(0);
        assert!(!finished.stderr.contains("rows"), "{}", finished.stderr);
    }
}

#[test]
fn invalid_interval_is_an_error_before_the_run() {
    let project = TestProject::new();
    for value in ["soon", "0", ""] {
        let finished = endless(&project).env("OSIRIS_PROGRESS_SECONDS", value).run().expect(2);
        let text = "error: `OSIRIS_PROGRESS_SECONDS` must be a number of seconds, at least 1";
        assert!(finished.stderr.contains(text), "{}", finished.stderr);
    }
    assert_eq!(Session::all(&project).map(|all| all.len()), Ok(0));
}
