//! `osiris run --watch`.

use std::time::Duration;

use osiris_tests::wait::wait_for;
use osiris_tests::{Running, TestProject};

const PIPELINE: &str = "\
oml_version: 0.1.0
name: copy
steps:
  - {id: read, component: filesystem.csv_extractor, mode: read, config: {path: in.csv}}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: out.csv}}
";

fn watched(project: &TestProject) -> Running {
    project.write("copy.yaml", PIPELINE);
    project.write("in.csv", "id\n1\n");
    let mut running = project.osiris(["run", "copy.yaml", "--watch"]).start();
    running.wait_for_words("Watching 5 files");
    assert_eq!(project.read("out.csv"), "id\n1\n");
    running
}

fn runs(project: &TestProject) -> usize {
    std::fs::read_dir(project.path("logs")).map_or(0, Iterator::count)
}

#[test]
fn changes_of_inputs_start_runs_and_outputs_do_not() {
    let project = TestProject::new();
    let running = watched(&project);
    let limit = Duration::from_secs(30);
    project.write("in.csv", "id\n1\n2\n");
    wait_for("a second run", limit, || (project.read("out.csv") == "id\n1\n2\n").then_some(()));
    // An invalid pipeline is reported, and the next change tried.
    project.write("copy.yaml", PIPELINE.replace("path: out.csv", "pth: other.csv"));
    std::thread::sleep(Duration::from_secs(1));
    project.write("copy.yaml", PIPELINE.replace("out.csv", "other.csv"));
    wait_for("a third run", limit, || project.exists("other.csv").then_some(()));
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(runs(&project), 3);
    running.interrupt();
    let finished = running.finish().expect(130);
    assert!(finished.stderr.contains("unknown key `pth`"), "{}", finished.stderr);
}

#[test]
fn ctrl_c_stops_the_run_in_progress() {
    let project = TestProject::new();
    project.write(
        "hold.yaml",
        "oml_version: 0.1.0\nname: hold\nsteps:\n  \
         - {id: source, component: test.source, mode: read, config: {rows: 9, then: hold}}\n  \
         - {id: write, component: test.sink, mode: write, config: {path: ids.txt}}\n",
    );
    let mut running = project.osiris(["run", "hold.yaml", "--watch"]).test_drivers().start();
    running.wait_for_part(&project.path("ids.txt"));
    running.interrupt();
    let finished = running.finish().expect(130);
    assert!(finished.stdout.is_empty() && finished.stderr.contains("cancelled"), "{finished:?}");
    assert!(!project.exists("ids.txt"));
}

#[test]
fn watch_refuses_json() {
    let project = TestProject::new();
    project.write("copy.yaml", PIPELINE);
    let finished = project.osiris(["run", "copy.yaml", "--watch", "--json"]).run().expect(2);
    assert_eq!(finished.json()["problems"][0]["code"], "usage_invalid");
}
