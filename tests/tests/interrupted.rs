//! Runs that do not finish.

use osiris_tests::session::Session;
use osiris_tests::{Running, TestProject};

/// An endless source that writes to a file.
const ENDLESS: &str = "\
oml_version: 0.1.0
name: endless
steps:
  - {id: source, component: test.source, mode: read, config: {rows: 1000, batch: 100, then: hold}}
  - {id: write, component: test.sink, mode: write, config: {path: ids.txt}}
";

/// Starts the endless run and waits until rows reach the output.
fn in_mid_run(project: &TestProject) -> Running {
    project.write("endless.yaml", ENDLESS);
    let mut running = project.osiris(["run", "endless.yaml"]).test_drivers().start();
    running.wait_for_part(&project.path("ids.txt"));
    running
}

#[test]
fn killed_run_is_listed_as_crashed_without_output() {
    let project = TestProject::new();
    let running = in_mid_run(&project);
    let session = Session::only(&project);
    assert_eq!(session.status["status"], "running");
    running.kill();
    assert_eq!(running.finish().code(), None);
    assert!(!project.exists("ids.txt"));
    assert_eq!(project.files().len(), 2, "{:?}", project.files());

    let list = project.osiris(["runs", "list", "--json"]).run().expect(0).json();
    assert!(list.to_string().contains("\"status\":\"crashed\""), "{list:#}");
    let status = Session::only(&project).status;
    assert_eq!(status["status"], "crashed");
    assert_eq!(status["error"]["kind"], "crash");
    // What it had not finished is gone with the first look at it.
    assert_eq!(project.files(), ["endless.yaml"]);
}

#[test]
fn running_run_is_not_listed_as_crashed() {
    let project = TestProject::new();
    let running = in_mid_run(&project);
    let list = project.osiris(["runs", "list", "--json"]).run().expect(0).json();
    assert!(list.to_string().contains("\"status\":\"running\""), "{list:#}");
    drop(running);
}

#[test]
fn ctrl_c_cancels_the_run_and_removes_unfinished_output() {
    assert_cancels(Running::interrupt, 130);
}

#[test]
fn sigterm_cancels_the_run_like_ctrl_c() {
    // `timeout` sends the signal twice.
    let terminate_twice = |running: &Running| {
        running.terminate();
        running.terminate();
    };
    assert_cancels(terminate_twice, 143);
}

#[track_caller]
fn assert_cancels(signal: impl FnOnce(&Running), exit: i32) {
    let project = TestProject::new();
    let running = in_mid_run(&project);
    signal(&running);
    let finished = running.finish().expect(exit);
    let session = Session::only(&project);
    assert_eq!(session.status["status"], "cancelled", "{}", finished.stderr);
    assert_eq!(session.status["exit_code"], exit);
    assert_eq!(session.status["error"]["kind"], "cancelled");
    for step in ["source", "write"] {
        assert_eq!(session.step(step)["status"], "cancelled");
    }
    assert_eq!(project.files(), ["endless.yaml"]);
    assert!(finished.stderr.contains("cancelled"), "{}", finished.stderr);
}

#[test]
fn run_succeeds_after_a_killed_one() {
    let project = TestProject::new();
    in_mid_run(&project).kill();
    let ends = ENDLESS.replace("then: hold", "then: end");
    project.write("ends.yaml", ends);
    project.osiris(["run", "ends.yaml"]).test_drivers().run().expect(0);
    assert_eq!(project.read("ids.txt").lines().count(), 1000);
}

#[test]
fn completed_steps_of_a_killed_run_are_not_retried() {
    let project = TestProject::new();
    let steps = ENDLESS.replace("endless", "steps").replace(
        "steps:\n",
        "steps:\n  - {id: few, component: test.source, mode: read, config: {rows: 1}}\n  \
         - {id: first, component: test.sink, mode: write, config: {path: first.txt}}\n",
    );
    let steps = steps.replace("id: source,", "id: source, needs: [first],");
    project.write("pipelines/steps.yaml", steps);
    let mut running = project.osiris(["run", "steps"]).test_drivers().start();
    running.wait_for_part(&project.path("ids.txt"));
    let retry = ["run", "--retry-failed", "--dry-run", "--json"];
    let finished = project.osiris(retry).test_drivers().run().expect(2);
    assert!(finished.stdout.contains("it is in progress"), "{}", finished.stdout);
    running.kill();
    running.finish();
    let plan = project.osiris(retry).test_drivers().run().expect(0).json();
    let ids: Vec<_> = plan["steps"].as_array().unwrap().iter().map(|step| &step["id"]).collect();
    assert_eq!(ids, ["source", "write"]);
}

#[test]
fn logs_follow_a_run_to_its_end() {
    let project = TestProject::new();
    let running = in_mid_run(&project);
    let follow = project.osiris(["logs", "--follow"]).start();
    let step = project.osiris(["logs", "--follow", "--step", "write", "--json"]).start();
    follow.wait_for_output("step_start");
    running.interrupt();
    running.finish().expect(130);
    let followed = follow.finish().expect(0).stdout;
    let lines: Vec<&str> = followed.lines().collect();
    assert!(lines[0].contains(" EVENT [run] run_start "), "{followed}");
    assert!(lines[lines.len() - 1].contains(" EVENT [run] run_end "), "{followed}");
    let json = step.finish().expect(0).json();
    let records = json["records"].as_array().unwrap();
    assert!(records.iter().all(|record| record["fields"]["step_id"] == "write"), "{json:#}");
    assert_eq!((&json["run_status"], records.len() > 1), (&"cancelled".into(), true), "{json:#}");
}

#[test]
fn logs_follow_a_killed_run_to_its_end() {
    let project = TestProject::new();
    let running = in_mid_run(&project);
    let follow = project.osiris(["logs", "--follow"]).start();
    follow.wait_for_output("step_start");
    running.kill();
    let followed = follow.finish().expect(0).stdout;
    assert!(followed.contains("ended unexpectedly"), "{followed}");
}

#[test]
fn running_run_is_not_pruned() {
    let project = TestProject::new();
    project.write("ends.yaml", ENDLESS.replace("then: hold", "then: end"));
    for _ in 0..3 {
        project.osiris(["run", "ends.yaml"]).test_drivers().run().expect(0);
    }
    let running = in_mid_run(&project);
    let prune = |arguments: &[&str]| {
        let arguments = [&["runs", "prune", "--json"], arguments].concat();
        project.osiris(arguments).run().expect(0).json()
    };
    assert_eq!(prune(&["--keep", "2", "--older-than", "1h"])["kept"], 4);
    let would = prune(&["--keep", "2", "--dry-run"]);
    assert_eq!((&would["kept"], would["removed"].as_array().unwrap().len()), (&2.into(), 2));
    assert_eq!(Session::all(&project).unwrap().len(), 4);
    assert_eq!(prune(&["--keep", "2"])["kept"], 2);
    assert_eq!(prune(&["--keep", "0"])["kept"], 1);
    assert_eq!(Session::only(&project).status["status"], "running");
    drop(running);
}
