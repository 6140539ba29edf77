//! `osiris copy` in a shell pipe, and temporary files after a signal.

use std::time::Duration;

use osiris_tests::TestProject;
use osiris_tests::wait::wait_for;

/// An endless source that writes to a file.
const ENDLESS: &str = "\
oml_version: 0.1.0
name: endless
steps:
  - {id: source, component: test.source, mode: read, config: {rows: 0, then: hold}}
";

fn orders(rows: usize) -> String {
    let rows = (0..rows).map(|id| format!("{id},note {id}\n"));
    format!("id,note\n{}", rows.collect::<String>())
}

fn temporary_files(project: &TestProject) -> Vec<String> {
    let entries = std::fs::read_dir(project.path(".osiris/tmp")).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Waits until a command has created temporary files and listens to signals.
fn wait_for_temporary_files(project: &TestProject) {
    let limit = Duration::from_secs(30);
    let some = || (!temporary_files(project).is_empty()).then_some(());
    wait_for("temporary files", limit, some);
    std::thread::sleep(Duration::from_millis(500));
}

#[test]
fn copies_are_joined_by_a_pipe() {
    let project = TestProject::new();
    let rows = orders(20_000);
    project.write("in.csv", &rows);
    let script = "osiris copy in.csv - | osiris copy - out.csv";
    let finished = project.shell(script).run().expect(0);
    assert!(finished.stderr.contains("copy done"), "{}", finished.stderr);
    assert_eq!(project.read("out.csv"), rows);
    assert_eq!(temporary_files(&project), [""; 0]);
}

#[test]
fn reader_that_closes_the_pipe_is_no_error() {
    let project = TestProject::new();
    project.write("in.csv", orders(20_000));
    let script = "set -o pipefail; osiris copy in.csv - | head -1";
    let finished = project.shell(script).run().expect(0);
    assert_eq!(finished.stdout, "id,note\n");
    assert!(!finished.stderr.contains("pipe"), "{}", finished.stderr);
    assert_eq!(temporary_files(&project), [""; 0]);
}

#[test]
fn interrupted_copy_of_stdin_leaves_nothing() {
    let project = TestProject::new();
    let running = project.shell("exec osiris copy - out.csv < <(sleep 30)").start();
    wait_for_temporary_files(&project);
    running.interrupt();
    running.finish().expect(130);
    assert_eq!(temporary_files(&project), [""; 0]);
    assert!(!project.exists("out.csv"));
}

#[test]
fn interrupted_preview_leaves_nothing() {
    let project = TestProject::new();
    project.write("endless.yaml", ENDLESS);
    let running = project.osiris(["preview", "endless.yaml"]).test_drivers().start();
    wait_for_temporary_files(&project);
    running.interrupt();
    running.finish().expect(130);
    assert_eq!(temporary_files(&project), [""; 0]);
}
