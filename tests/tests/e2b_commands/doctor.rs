//! `osiris e2b doctor`.

use osiris_tests::Cloud;
use osiris_tests::cloud::TEMPLATE;

use crate::{assert_told, new_project};

#[test]
fn doctor_passes_with_a_bare_template() {
    let (cloud, project) = (Cloud::bare(), new_project());
    let finished = cloud.osiris(&project, ["e2b", "doctor"]).run().expect(0);
    assert_told("doctor", &finished, &project);
    cloud.assert_empty();
}

#[test]
fn doctor_json_lists_the_template_content() {
    let (cloud, project) = (Cloud::equipped(), new_project());
    let arguments = ["e2b", "doctor", "--template", TEMPLATE, "--json"];
    let answer = cloud.osiris(&project, arguments).run().expect(0).json();
    assert_eq!(answer["status"], "success", "{answer:#}");
    let checks = answer["checks"].as_array().expect("a list");
    let names: Vec<_> = checks.iter().filter_map(|check| check["name"].as_str()).collect();
    assert_eq!(names, ["key", "template", "limits", "runtime", "kill"]);
    assert!(checks.iter().all(|check| check["ok"] == true), "{answer:#}");
    let said = checks[3]["message"].as_str().unwrap_or_default();
    assert!(said.starts_with("the template contains osiris "), "{said}");
    cloud.assert_empty();
}

#[test]
fn doctor_reports_a_wrong_key() {
    let (cloud, project) = (Cloud::bare(), new_project());
    let doctor = cloud.osiris(&project, ["e2b", "doctor"]).env("E2B_API_KEY", "e2b_00");
    assert_told("doctor-wrong-key", &doctor.run().expect(3), &project);
}

#[test]
fn doctor_reports_a_missing_key() {
    let project = new_project();
    let finished = project.osiris(["e2b", "doctor"]).run().expect(3);
    assert_told("doctor-no-key", &finished, &project);
}

#[test]
fn doctor_reports_an_unreachable_service() {
    let (cloud, project) = (Cloud::bare(), new_project());
    // Port 1 refuses connections.
    let doctor = cloud.osiris(&project, ["e2b", "doctor", "--json"]);
    let answer = doctor.env("E2B_API_URL", "http://127.0.0.1:1").run().expect(3).json();
    assert_eq!((&answer["status"], &answer["checks"][0]["ok"]), (&"error".into(), &false.into()));
    let said = answer["checks"][0]["message"].as_str().unwrap_or_default();
    assert!(
        said.contains("cannot connect to 127.0.0.1:1: ") && said.contains("check the network"),
        "{said}"
    );
}

#[test]
fn doctor_reports_an_unknown_template() {
    let (cloud, project) = (Cloud::bare(), new_project());
    let finished = cloud.osiris(&project, ["e2b", "doctor", "--template", "nobodys"]).run();
    assert_told("doctor-unknown-template", &finished.expect(3), &project);
    cloud.assert_empty();
}
