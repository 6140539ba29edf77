//! `osiris e2b doctor`.

use osiris_tests::Cloud;
use osiris_tests::cloud::TEMPLATE;

use crate::{assert_told, project};

#[test]
fn all_is_well_with_a_bare_template() {
    let (cloud, sandbox) = (Cloud::bare(), project());
    let finished = cloud.osiris(&sandbox, ["e2b", "doctor"]).run().expect(0);
    assert_told("doctor", &finished, &sandbox);
    cloud.assert_empty();
}

#[test]
fn it_says_as_json_what_a_template_has() {
    let (cloud, sandbox) = (Cloud::equipped(), project());
    let arguments = ["e2b", "doctor", "--template", TEMPLATE, "--json"];
    let answer = cloud.osiris(&sandbox, arguments).run().expect(0).json();
    assert_eq!(answer["status"], "success", "{answer:#}");
    let checks = answer["checks"].as_array().expect("a list");
    let names: Vec<_> = checks.iter().filter_map(|check| check["name"].as_str()).collect();
    assert_eq!(names, ["key", "template", "limits", "runtime", "kill"]);
    assert!(checks.iter().all(|check| check["ok"] == true), "{answer:#}");
    let said = checks[3]["message"].as_str().unwrap_or_default();
    assert!(said.starts_with("it has osiris "), "{said}");
    cloud.assert_empty();
}

#[test]
fn a_wrong_key_is_told() {
    let (cloud, sandbox) = (Cloud::bare(), project());
    let doctor = cloud.osiris(&sandbox, ["e2b", "doctor"]).env("E2B_API_KEY", "e2b_00");
    assert_told("doctor-wrong-key", &doctor.run().expect(3), &sandbox);
}

#[test]
fn no_key_is_told() {
    let sandbox = project();
    let finished = sandbox.osiris(["e2b", "doctor"]).run().expect(3);
    assert_told("doctor-no-key", &finished, &sandbox);
}

#[test]
fn a_service_that_does_not_answer_is_told() {
    let (cloud, sandbox) = (Cloud::bare(), project());
    // Port 1 refuses connections.
    let doctor = cloud.osiris(&sandbox, ["e2b", "doctor", "--json"]);
    let answer = doctor.env("E2B_API_URL", "http://127.0.0.1:1").run().expect(3).json();
    assert_eq!((&answer["status"], &answer["checks"][0]["ok"]), (&"error".into(), &false.into()));
    let said = answer["checks"][0]["message"].as_str().unwrap_or_default();
    assert!(
        said.contains("cannot connect to 127.0.0.1:1: ") && said.contains("check the network"),
        "{said}"
    );
}

#[test]
fn an_unknown_template_is_told() {
    let (cloud, sandbox) = (Cloud::bare(), project());
    let finished = cloud.osiris(&sandbox, ["e2b", "doctor", "--template", "nobodys"]).run();
    assert_told("doctor-unknown-template", &finished.expect(3), &sandbox);
    cloud.assert_empty();
}
