//! Runs a pipeline in two projects, on this machine and in a sandbox.

use osiris_tests::parity::Traces;
use osiris_tests::session::Session;
use osiris_tests::{Cloud, Finished, TestProject};

/// Two equal projects, the first run on this machine and the second in a sandbox.
pub(crate) struct Both {
    pub(crate) here: TestProject,
    pub(crate) there: TestProject,
    /// Session of the second project.
    pub(crate) session: Session,
    /// Result of the second command.
    pub(crate) finished: Finished,
}

/// Runs `pipeline.yaml` of a project that `fill` creates, twice. Fails the test unless both runs
/// end with this exit code and the same results.
#[track_caller]
pub(crate) fn both(code: i32, fill: impl Fn(&TestProject)) -> Both {
    let cloud = Cloud::live_or_equipped();
    let (here, there) = (TestProject::new(), TestProject::new());
    fill(&here);
    fill(&there);
    here.osiris(["run", "pipeline.yaml"]).test_drivers().run().expect(code);
    let finished = cloud.run(&there, "pipeline.yaml", &[]).run().expect(code);
    cloud.assert_empty();
    let session = compare(&here, &there);
    Both { here, there, session, finished }
}

/// Fails the test unless the runs of two projects had the same results, according to both `osiris
/// runs diff` and this test. Returns the last session of the second project.
#[track_caller]
pub(crate) fn compare(here: &TestProject, there: &TestProject) -> Session {
    let all = |project| Session::all(project).expect("sessions keep to the schemas");
    let (locals, mut remotes) = (all(here), all(there));
    assert_eq!(locals.len(), remotes.len());
    for (local, remote) in locals.iter().zip(&remotes) {
        assert_eq!(local.status.get("e2b"), None);
        assert!(remote.status["e2b"]["metrics"]["e2b_overhead_ms"].is_u64());
        let mut names = remote.events.iter().filter_map(|event| event["event_type"].as_str());
        assert!(names.any(|name| name == "e2b_sandbox_killed"), "it ran in no sandbox");
        Traces::of(here, local).assert_same(&Traces::of(there, remote));
        let folders = [local, remote].map(|session| session.folder.display().to_string());
        let diff = here.osiris(["runs", "diff", &folders[0], &folders[1], "--json"]).run();
        let answer = diff.json();
        if local.status["status"] == "success" {
            assert_eq!(answer["same"], true, "{answer:#}");
            diff.expect(0);
            continue;
        }
        // The progress of the other steps at a failure depends on timing.
        for difference in answer["differences"].as_array().expect("a list") {
            let item = difference["item"].as_str().unwrap_or_default();
            let of_failure = item == "error" || item.ends_with("run_error");
            assert!(!of_failure && difference["area"] != "artifacts", "{answer:#}");
        }
    }
    let left = there.files().into_iter().find(|name| name.ends_with(".part"));
    assert_eq!(left, None);
    remotes.pop().expect("a run")
}
