//! Full disks.

use osiris_tests::disk::TinyDisk;
use osiris_tests::session::Session;
use osiris_tests::{Finished, Sandbox};

/// Produces about one mebibyte of ids.
const PIPELINE: &str = "\
oml_version: 0.1.0
name: disk
steps:
  - {id: read, component: test.source, mode: read, config: {rows: 200000}}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: out/ids.csv}}
";

const TOO_LARGE: &str = "a file may not be larger here";

fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("pipeline.yaml", PIPELINE);
    std::fs::create_dir(sandbox.path("out")).unwrap();
    sandbox
}

/// Checks that the run reports the problem and leaves no output file.
#[track_caller]
fn check(sandbox: &Sandbox, finished: Finished, why: &str) {
    let finished = finished.expect(1);
    assert!(finished.stderr.contains("out/ids.csv"), "{}", finished.stderr);
    assert!(finished.stderr.contains(why), "{}", finished.stderr);
    assert_eq!(sandbox.files(), ["pipeline.yaml"]);
    let session = Session::only(sandbox);
    assert_eq!(session.status["status"], "failed");
    assert_eq!(session.status["error"]["step"], "write");
    assert_eq!(session.status["rows_written"], 0);
}

#[test]
fn a_full_disk_fails_the_run_and_leaves_no_output() {
    let sandbox = project();
    // Where tests may not mount anything, a file size limit replaces the small disk.
    let disk = TinyDisk::over(&sandbox.path("out"), 256);
    let osiris = sandbox.osiris(["run", "pipeline.yaml"]).guests();
    match disk {
        Some(_) => check(&sandbox, osiris.run(), "the disk is full"),
        None => check(&sandbox, osiris.file_size(256 << 10).run(), TOO_LARGE),
    }
}

#[test]
fn a_limit_on_the_size_of_files_fails_the_run_and_leaves_no_output() {
    let sandbox = project();
    let osiris = sandbox.osiris(["run", "pipeline.yaml"]).guests();
    check(&sandbox, osiris.file_size(256 << 10).run(), TOO_LARGE);
}

#[test]
fn a_session_that_cannot_be_written_fails_before_anything_runs() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = project();
    sandbox.osiris(["compile", "pipeline.yaml"]).guests().run().expect(0);
    std::fs::create_dir(sandbox.path("logs")).unwrap();
    let read_only = std::fs::Permissions::from_mode(0o555);
    std::fs::set_permissions(sandbox.path("logs"), read_only).unwrap();
    let finished = sandbox.osiris(["run", "--last-compile"]).guests().run().expect(3);
    assert!(finished.stderr.contains("logs"), "{}", finished.stderr);
    assert!(finished.stderr.contains("Permission denied"), "{}", finished.stderr);
    assert_eq!(sandbox.files(), ["pipeline.yaml"]);
}
