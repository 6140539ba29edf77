//! Connections to a service on loopback: the addresses that a driver may reach, and the places
//! where its secrets appear.

use std::fs;
use std::path::Path;

use osiris_tests::secret::{SECRET, assert_hidden};
use osiris_tests::service::{new_project, service};
use osiris_tests::session::Session;
use osiris_tests::{Finished, TestProject};
use serde_json::Value;

fn osiris(project: &TestProject, arguments: &[&str]) -> Finished {
    project.osiris(arguments).test_drivers().env("SECRET", SECRET).run()
}

fn only_artifact(session: &Session, step: &str) -> Value {
    let path = session.folder.join("artifacts").join(step).join("cleaned_config.json");
    read_json(&path)
}

fn read_json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).expect("it is there")).expect("it is JSON")
}

#[test]
fn step_reaches_only_its_connection() {
    let project = new_project(
        "127.0.0.1",
        service(),
        "database: shop, dial: ['127.0.0.1:1', '169.254.169.254:80']",
    );
    let finished = osiris(&project, &["run", "pipeline.yaml"]).expect(0);
    let lines = project.read("lines.txt");
    assert!(lines.contains("shop.public") && lines.contains("heard hello"), "{lines}");
    for address in ["127.0.0.1:1", "169.254.169.254:80"] {
        assert!(lines.contains(&format!("{address}: Permission denied")), "{lines}");
    }
    assert_hidden(&project, &finished);
    let config = only_artifact(&Session::only(&project), "ask");
    assert_eq!(config["connection"], "@service.main");
    assert_eq!(config["resolved_connection"]["password"], "***MASKED***");
    assert_eq!(config["resolved_connection"]["dsn"], "***MASKED***");
    assert_eq!(config["resolved_connection"]["database"], "shop");
}

#[test]
fn granted_host_name_can_be_resolved() {
    let project =
        new_project("localhost", service(), "dial: ['localhost:1', 'localhost.localdomain:1']");
    osiris(&project, &["run", "pipeline.yaml"]).expect(0);
    let lines = project.read("lines.txt");
    assert!(lines.contains("heard hello"), "{lines}");
    assert!(lines.contains("localhost:1: Permission denied"), "{lines}");
    assert!(!lines.contains("reached"), "{lines}");
}

#[test]
fn refused_connection_names_address_and_grants() {
    // Without the final dot, this would be an address that the user names.
    let project = new_project("169.254.169.254.", 80, "");
    let finished = osiris(&project, &["run", "pipeline.yaml"]).expect(1);
    assert!(finished.stderr.contains("network access denied"), "{}", finished.stderr);
    assert!(finished.stderr.contains("allowed: 169.254.169.254.:"), "{}", finished.stderr);
}

#[test]
fn secrets_in_driver_output_are_masked_everywhere() {
    for end in ["end", "fail", "panic"] {
        let project = new_project("127.0.0.1", service(), &format!("tell: true, then: {end}"));
        let code = if end == "end" { 0 } else { 1 };
        let finished = osiris(&project, &["run", "pipeline.yaml", "--verbose"]).expect(code);
        assert_hidden(&project, &finished);
        let session = Session::only(&project);
        assert!(session.log.contains("***MASKED***"), "{}", session.log);
    }
}

#[test]
fn doctor_reports_health_without_secrets() {
    let project = new_project("127.0.0.1", service(), "");
    let well = osiris(&project, &["connections", "doctor", "--json"]).expect(0).json();
    let found = &well["connections"][0];
    assert_eq!(
        (found["category"].as_str(), found["ok"].as_bool()),
        (Some("ok"), Some(true)),
        "{well}"
    );
    assert!(found["latency_ms"].as_f64().is_some_and(|latency| latency < 2000.0), "{well}");

    // Port 1 refuses connections.
    let ill = project.osiris(["connections", "doctor"]).test_drivers();
    let ill = ill.env("SECRET", SECRET).env("PORT", "1").run().expect(3);
    assert!(
        ill.stdout.contains("@service.main") && ill.stdout.contains("network"),
        "{}",
        ill.stdout
    );
    assert_hidden(&project, &ill);
}

#[test]
fn slow_doctor_times_out() {
    let project = new_project("127.0.0.1", service(), "");
    let slow = project.read("osiris_connections.yaml") + "      schema: slow\n";
    project.write("osiris_connections.yaml", slow);
    let answer =
        osiris(&project, &["connections", "doctor", "--timeout", "0.1", "--json"]).expect(3).json();
    assert_eq!(answer["connections"][0]["category"], "timeout", "{answer}");
}

#[test]
fn discovery_is_cached_until_refreshed() {
    let project = new_project("127.0.0.1", service(), "");
    let discover = |more: &[&str]| {
        osiris(&project, &[&["discover", "@service.main", "--json"], more].concat())
            .expect(0)
            .json()
    };
    let first = discover(&[]);
    assert_eq!(first["cached"], false);
    assert_eq!(first["resources"][0]["name"], "heard hello", "{first}");
    assert_eq!(discover(&[])["cached"], true);
    let again = discover(&["--refresh"]);
    assert_eq!(again["cached"], false);
    assert_eq!(again["fingerprint"], first["fingerprint"]);
    assert_eq!(again["changes"]["added"], Value::Array(Vec::new()), "{again}");
    assert_hidden(&project, &osiris(&project, &["discover", "@service.main"]).expect(0));
}
