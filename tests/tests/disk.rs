//! Full disks.

use osiris_tests::disk::TinyDisk;
use osiris_tests::session::Session;
use osiris_tests::{Finished, TestProject};

/// Produces about one mebibyte of ids.
const PIPELINE: &str = "\
oml_version: 0.1.0
name: disk
steps:
  - {id: read, component: test.source, mode: read, config: {rows: 200000}}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: out/ids.csv}}
";

const TOO_LARGE: &str = "a file may not be larger here";

fn new_project() -> TestProject {
    let project = TestProject::new();
    project.write("pipeline.yaml", PIPELINE);
    std::fs::create_dir(project.path("out")).unwrap();
    project
}

/// Checks that the run reports the problem and leaves no output file.
#[track_caller]
fn check(project: &TestProject, finished: Finished, why: &str) {
    let finished = finished.expect(1);
    assert!(finished.stderr.contains("out/ids.csv"), "{}", finished.stderr);
    assert!(finished.stderr.contains(why), "{}", finished.stderr);
    assert_eq!(project.files(), ["pipeline.yaml"]);
    let session = Session::only(project);
    assert_eq!(session.status["status"], "failed");
    assert_eq!(session.status["error"]["step"], "write");
    assert_eq!(session.status["rows_written"], 0);
}

#[test]
fn full_disk_fails_the_run_and_leaves_no_output() {
    let project = new_project();
    // Where tests may not mount anything, a file size limit replaces the small disk.
    let disk = TinyDisk::over(&project.path("out"), 256);
    let osiris = project.osiris(["run", "pipeline.yaml"]).test_drivers();
    match disk {
        Some(_) => check(&project, osiris.run(), "the disk is full"),
        None => check(&project, osiris.file_size(256 << 10).run(), TOO_LARGE),
    }
}

#[test]
fn file_size_limit_fails_the_run_and_leaves_no_output() {
    let project = new_project();
    let osiris = project.osiris(["run", "pipeline.yaml"]).test_drivers();
    check(&project, osiris.file_size(256 << 10).run(), TOO_LARGE);
}

#[test]
fn unwritable_session_fails_before_any_step() {
    use std::os::unix::fs::PermissionsExt;
    let project = new_project();
    project.osiris(["compile", "pipeline.yaml"]).test_drivers().run().expect(0);
    std::fs::create_dir(project.path("logs")).unwrap();
    let read_only = std::fs::Permissions::from_mode(0o555);
    std::fs::set_permissions(project.path("logs"), read_only).unwrap();
    let finished = project.osiris(["run", "--last-compile"]).test_drivers().run().expect(3);
    assert!(finished.stderr.contains("logs"), "{}", finished.stderr);
    assert!(finished.stderr.contains("Permission denied"), "{}", finished.stderr);
    assert_eq!(project.files(), ["pipeline.yaml"]);
}
