//! The real names of E2B's hosts, over TLS.

use std::process::Command;

use e2b_local::{E2bLocal, Options};
use serde_json::{Value, json};
use services::install;

/// The text that `curl` gets, and its exit code.
fn curl(server: &E2bLocal, arguments: &[&str]) -> (String, Option<i32>) {
    let words = server.command();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).args(["curl", "--silent", "--noproxy", "*"]).args(arguments);
    let output = command.output().expect("runs");
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
}

#[test]
fn real_host_names_resolve_to_the_emulator() {
    for program in ["curl", "openssl"] {
        install(program, program, &[]).expect("Debian has the package");
    }
    let options = Options { domain: Some("e2b.app".to_owned()), ..Options::default() };
    let server = E2bLocal::start(options).expect("starts");
    let [(domain, _), (authority, file), (_, key)] = &server.env();
    assert_eq!((*domain, *authority), ("E2B_DOMAIN", "SSL_CERT_FILE"));
    let (key, authority) = (format!("X-API-Key: {key}"), file.as_str());
    let body = json!({"templateID": "base"}).to_string();
    let (response, _) = curl(
        &server,
        &[
            "--cacert",
            authority,
            "--header",
            &key,
            "--data",
            &body,
            "https://api.e2b.app/v2/sandboxes",
        ],
    );
    let response: Value = serde_json::from_str(&response).expect("is JSON");
    let id = response["sandboxID"].as_str().expect("is text");
    let status = |arguments: &[&str]| {
        let write = ["--cacert", authority, "--write-out", "%{http_code}"];
        curl(&server, &[&write, arguments].concat()).0
    };
    assert_eq!(status(&[&format!("https://49983-{id}.e2b.app/health")]), "204");
    let header = format!("E2b-Sandbox-Id: {id}");
    let shared = ["--header", &header, "--header", "E2b-Sandbox-Port: 49983"];
    assert_eq!(status(&[&shared[..], &["https://sandbox.e2b.app/health"]].concat()), "204");
    // The API is at its own name only, and this machine trusts nobody who made this certificate.
    assert!(status(&["https://sandbox.e2b.app/v2/sandboxes"]).ends_with("400"));
    assert_eq!(curl(&server, &["https://api.e2b.app/health"]).1, Some(60));
    assert_eq!(curl(&server, &["--cacert", authority, "https://other.example/"]).1, Some(6));
}
