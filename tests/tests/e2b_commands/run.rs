//! `osiris run --e2b`: its requirements, and the messages if one is missing.

use osiris_tests::session::Session;
use osiris_tests::{Cloud, Finished, TestProject};

use crate::{assert_told, new_project};

const RUN: [&str; 3] = ["run", "pipeline.yaml", "--e2b"];

#[test]
fn run_without_a_key_starts_nothing() {
    let project = new_project();
    let finished = project.osiris(RUN).run().expect(3);
    assert_told("run-no-key", &finished, &project);
    assert!(!project.exists("logs") && !project.exists("out.csv"));
    let json = project.osiris([&RUN[..], &["--json"]].concat()).run().expect(3).json();
    assert_eq!((&json["status"], &json["exit_code"]), (&"error".into(), &3.into()));
}

#[test]
fn bare_template_requires_permission_to_install() {
    let (cloud, project) = (Cloud::bare(), new_project());
    let finished = cloud.osiris(&project, RUN).run().expect(3);
    assert_told("run-missing-dependencies", &finished, &project);
    cloud.assert_empty();
    let status = Session::only(&project).status;
    assert_eq!((&status["status"], &status["exit_code"]), (&"failed".into(), &3.into()));
    assert_eq!(status["error"]["kind"], "dependencies");
    assert_eq!(project.files(), ["in.csv", "pipeline.yaml"]);
    // Nothing was uploaded.
    assert_eq!(cloud.local().requests().get("POST /files"), None);
}

#[test]
fn permission_to_install_can_be_a_variable() {
    for (value, code) in [("1", 0), ("0", 3), ("", 3)] {
        let (cloud, project) = (Cloud::bare(), new_project());
        let run = cloud.osiris(&project, RUN).env("OSIRIS_E2B_INSTALL_DEPS", value);
        run.run().expect(code);
        assert_eq!(project.exists("out.csv"), code == 0);
        cloud.assert_empty();
    }
}

#[test]
fn files_of_the_template_are_not_uploaded() {
    let (cloud, project) = (Cloud::equipped(), new_project());
    cloud.run(&project, "pipeline.yaml", &[]).run().expect(0);
    let session = Session::only(&project);
    let of = |name: &str| {
        let found = session.events.iter().find(|event| event["event_type"] == name);
        found.unwrap_or_else(|| panic!("no {name}")).clone()
    };
    // The input and the compiled code of two drivers, which this template lacks.
    assert_eq!(of("e2b_uploaded")["files"], 3);
    assert_eq!(of("e2b_downloaded")["files"], session_files(&project, &session));
    for name in ["e2b_sandbox_created", "e2b_worker_started", "e2b_sandbox_killed"] {
        of(name);
    }
    assert_eq!(session.status["e2b"]["template"], osiris_tests::cloud::TEMPLATE);
    assert!(session.status["e2b"]["sandbox_id"].as_str().is_some_and(|id| id.starts_with('i')));
}

/// Counts the output and the artifacts.
fn session_files(project: &TestProject, session: &Session) -> usize {
    let mut count = usize::from(project.exists("out.csv"));
    let mut folders = vec![session.folder.join("artifacts")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("artifacts").flatten() {
            match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                true => folders.push(entry.path()),
                false => count += 1,
            }
        }
    }
    count
}

#[test]
fn sandbox_is_kept_on_request() {
    let (cloud, project) = (Cloud::equipped(), new_project());
    let more = ["--e2b-keep", "--e2b-timeout", "77"];
    let finished = cloud.run(&project, "pipeline.yaml", &more).run().expect(0);
    assert_told("run-keep", &finished, &project);
    let living = cloud.local().sandboxes();
    assert_eq!(living.len(), 1);
    let status = Session::only(&project).status;
    let tags = &living[0].metadata;
    assert_eq!(status["e2b"]["sandbox_id"], living[0].id.as_str());
    assert_eq!(tags.get("run").map(String::as_str), status["session_id"].as_str());
    assert_eq!((&*tags["app"], &*tags["kept"]), ("osiris", "true"));
    // The tags do not reveal the project.
    let told = format!("{tags:?}");
    assert!(!told.contains("project") && !told.contains("osiris-test-"), "{told}");
}

#[test]
fn e2b_options_without_e2b_are_rejected() {
    let project = new_project();
    for option in [&["--e2b-keep"][..], &["--e2b-install-deps"], &["--e2b-timeout", "5"]] {
        let arguments = [&["run", "pipeline.yaml"], option].concat();
        let finished: Finished = project.osiris(arguments).run().expect(2);
        assert!(finished.stderr.contains("--e2b"), "{}", finished.stderr);
    }
    for seconds in ["0", "86401", "soon"] {
        project.osiris([&RUN[..], &["--e2b-timeout", seconds]].concat()).run().expect(2);
    }
    for variable in ["NAME", "=x", "1A=x", "A B=x"] {
        project.osiris([&RUN[..], &["--e2b-env", variable]].concat()).run().expect(2);
    }
    let unset = [&RUN[..], &["--e2b-pass-env", "NOT_SET_ANYWHERE"]].concat();
    let finished = project.osiris(unset).env("E2B_API_KEY", "e2b_00").run().expect(3);
    assert!(finished.stderr.contains("NOT_SET_ANYWHERE"), "{}", finished.stderr);
}

#[test]
fn unknown_template_is_named() {
    let (cloud, project) = (Cloud::bare(), new_project());
    let arguments = [&RUN[..], &["--e2b-template", "nobodys"]].concat();
    let finished = cloud.osiris(&project, arguments).run().expect(3);
    assert_told("run-unknown-template", &finished, &project);
    assert_eq!(Session::only(&project).status["e2b"]["sandbox_id"], "");
}
