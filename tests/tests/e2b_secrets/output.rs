//! A driver that reveals its secrets in every output: all of them are masked.

use std::fs;
use std::path::Path;

use osiris_tests::Cloud;
use osiris_tests::secret::{SECRET, assert_hidden, assert_none, assert_none_below};
use osiris_tests::service::{new_project, service};
use osiris_tests::session::Session;

use crate::worker::{Held, process, variables};

/// Checks that no log of E2B contains the secret.
fn assert_unknown_to_e2b(cloud: &Cloud) {
    assert_none("what E2B logs", &cloud.local().log().join("\n"));
}

#[test]
fn secrets_in_driver_output_are_masked_everywhere() {
    for (end, more) in
        [("end", "--verbose"), ("fail", "--verbose"), ("panic", "--verbose"), ("end", "--json")]
    {
        let cloud = Cloud::equipped();
        let project = new_project("127.0.0.1", service(), &format!("tell: true, then: {end}"));
        let run = cloud.run(&project, "pipeline.yaml", &[more, "--e2b-keep"]);
        let finished = run.env("SECRET", SECRET).run();
        let finished = finished.expect(if end == "end" { 0 } else { 1 });
        assert_hidden(&project, &finished);
        assert_unknown_to_e2b(&cloud);
        let session = Session::only(&project);
        assert!(session.log.contains("***MASKED***"), "{}", session.log);
        // The sandbox is in the state that the run left.
        let home = cloud.home();
        let id = session.status["session_id"].as_str().expect("it has an id");
        let folder = home.join(".osiris").join(format!("run-{id}"));
        let stream = fs::read_to_string(folder.join("stream.jsonl")).expect("the worker's copy");
        assert!(stream.contains("***MASKED***") && stream.contains("finished"), "{stream}");
        assert!(!folder.join("confidential.json").exists());
        assert_none_below(&home);
    }
}

#[test]
fn running_sandbox_has_no_secret_in_files_or_variables() {
    let held = Held::start(&["--verbose"], &[]);
    let home = held.cloud.home();
    let id = Session::only(&held.project).status["session_id"].as_str().expect("an id").to_owned();
    let folder = home.join(".osiris").join(format!("run-{id}"));
    assert!(folder.join("plan.json").exists());
    assert!(!folder.join("confidential.json").exists());
    assert_none_below(&home);
    let worker = process(&id);
    for text in variables(&worker) {
        assert_none("the worker's environment", &text);
    }
    let arguments = fs::read(worker.join("cmdline")).expect("it runs");
    assert_none("the worker's arguments", &String::from_utf8_lossy(&arguments));
    assert_unknown_to_e2b(&held.cloud);
    let (cloud, project, finished) = held.finish();
    assert_hidden(&project, &finished.expect(0));
    assert_unknown_to_e2b(&cloud);
    cloud.assert_empty();
    assert!(!Path::new(&worker).exists());
}

#[test]
fn secrets_file_is_readable_only_by_the_worker() {
    let cloud = Cloud::bare();
    let project = new_project("127.0.0.1", 7, "");
    let runtime = project.outside().join("worker.sh");
    let script = "#!/bin/sh\nstat -c 'modes %a' \"$3\" \"$3/confidential.json\" >&2\nexit 1\n";
    fs::write(&runtime, script).expect("it can be written");
    let run = cloud.run(&project, "pipeline.yaml", &["--e2b-install-deps"]);
    let finished = run.env("SECRET", SECRET).env("OSIRIS_E2B_RUNTIME", runtime).run().expect(3);
    assert!(finished.stderr.contains("modes 700\n    modes 600"), "{}", finished.stderr);
    cloud.assert_empty();
}
