//! The control plane.

use std::time::Duration;

use e2b_local::{Options, Versions};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Emulator, Sandbox, answer, http};

#[test]
fn request_without_a_key_is_rejected() {
    let emulator = Emulator::new();
    let url = format!("{}/v2/sandboxes", emulator.server.api_url);
    let client = http();
    for request in [client.get(&url), client.get(&url).header("X-API-Key", "e2b_00")] {
        let (status, error) = answer(request);
        assert_eq!((status, &error["code"]), (401, &json!(401)));
        let message = error["message"].as_str().expect("is text");
        assert!(message.starts_with("Invalid API key, please visit https://e2b.dev/docs/api-key"));
    }
    let health = client.get(format!("{}/health", emulator.server.api_url)).send().expect("answers");
    assert_eq!(health.status(), 204);
}

#[test]
fn invalid_create_request_is_explained() {
    let emulator =
        Emulator::with(Options { lifetime: Duration::from_secs(7200), ..Options::default() });
    let create = |body: Value| emulator.post("/v2/sandboxes", &body);
    let error = |status: u16, message: &str| (status, json!({"code": status, "message": message}));
    assert_eq!(create(json!({})).0, 400);
    assert_eq!(create(json!({"templateID": "none"})), error(404, "template 'none' not found"));
    assert_eq!(
        create(json!({"templateID": "base:old"})),
        error(404, "tag 'old' does not exist for template 'base'")
    );
    assert_eq!(
        create(json!({"templateID": "base", "timeout": 0})),
        error(400, "Timeout must be greater than 0")
    );
    assert_eq!(
        create(json!({"templateID": "base", "timeout": 7201})),
        error(400, "Timeout cannot be greater than 2 hours")
    );
    assert_eq!(emulator.server.sandboxes(), []);
}

#[test]
fn unknown_sandbox_is_not_found() {
    let emulator = Emulator::new();
    let id = "iaaaaaaaaaaaaaaaaaaaa";
    let message = format!("Sandbox \"{id}\" doesn't exist or you don't have access to it");
    let error = json!({"code": 404, "message": message});
    assert_eq!(emulator.get(&format!("/sandboxes/{id}")), (404, error.clone()));
    let response = answer(emulator.api(Method::DELETE, &format!("/sandboxes/{id}")));
    assert_eq!(response, (404, error.clone()));
    let timeout = emulator.post(&format!("/sandboxes/{id}/timeout"), &json!({"timeout": 5}));
    assert_eq!(timeout, (404, error));
    let invalid = emulator.get("/sandboxes/NO");
    assert_eq!(invalid, (400, json!({"code": 400, "message": "Invalid sandbox ID"})));
}

#[test]
fn create_is_idempotent_per_key() {
    let emulator = Emulator::new();
    let body = json!({"templateID": "base", "metadata": {"run": "1"}});
    let create = |body: &Value| {
        answer(
            emulator.api(Method::POST, "/v2/sandboxes").header("Idempotency-Key", "k-1").json(body),
        )
    };
    let first = create(&body);
    assert_eq!(first.0, 201);
    assert_eq!(create(&body), first);
    let (status, error) = create(&json!({"templateID": "base"}));
    assert_eq!((status, &error["error_code"]), (422, &json!("idempotency_request_mismatch")));
    assert_eq!(emulator.server.sandboxes().len(), 1);
}

#[test]
fn number_of_sandboxes_is_limited() {
    let emulator = Emulator::with(Options { concurrent: 1, ..Options::default() });
    let first = emulator.sandbox();
    let create = || emulator.post("/v2/sandboxes", &json!({"templateID": "base"}));
    let (status, error) = create();
    assert_eq!(status, 429);
    let message = error["message"].as_str().expect("is text");
    assert!(message.contains("maximum number of concurrent E2B sandboxes (1)"), "{message}");
    assert_eq!(answer(emulator.api(Method::DELETE, &format!("/sandboxes/{}", first.id))).0, 204);
    assert_eq!(create().0, 201);
}

#[test]
fn list_is_paged_in_order() {
    let emulator = Emulator::new();
    let make = |n: usize| {
        let body = json!({"templateID": "base", "metadata": {"run": "a b&c", "n": n.to_string()}});
        Sandbox::of(&emulator.post("/v2/sandboxes", &body).1).id
    };
    let ids: Vec<String> = (0..5).map(make).collect();
    emulator.sandbox();
    let mut found = Vec::new();
    let mut token = String::new();
    let mut pages = 0;
    loop {
        let path = "/v2/sandboxes?order=asc&limit=2&metadata=run%3Da%2520b%2526c";
        let request = emulator.api(Method::GET, &format!("{path}&nextToken={token}"));
        let response = request.send().expect("answers");
        assert_eq!(response.headers()["x-total-running"], "5");
        let next = response.headers().get("x-next-token").cloned();
        let items: Value = response.json().expect("is JSON");
        for item in items.as_array().expect("is a list") {
            assert_eq!((&item["state"], &item["cpuCount"]), (&json!("running"), &json!(2)));
            found.push(item["sandboxID"].as_str().expect("is text").to_owned());
        }
        pages += 1;
        let Some(next) = next else { break };
        token = next.to_str().expect("is text").to_owned();
    }
    assert_eq!((pages, found), (3, ids.clone()));
    assert_eq!(emulator.get(&format!("/v2/sandboxes?order=desc&nextToken={token}")).0, 400);
    assert_eq!(emulator.get("/v2/sandboxes?state=paused").1, json!([]));
    assert_eq!(emulator.get("/v2/sandboxes?limit=101").0, 400);
    let all = emulator.get("/v2/sandboxes").1;
    let newest = all[0]["sandboxID"].as_str().expect("is text");
    assert_ne!(newest, ids[4], "the newest sandbox has other tags");
}

#[test]
fn connect_never_shortens_the_lifetime() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let end = || {
        let (_, detail) = emulator.get(&format!("/sandboxes/{}", sandbox.id));
        detail["endAt"].as_str().expect("is text").to_owned()
    };
    let before = end();
    for version in ["", "/v2"] {
        let path = format!("{version}/sandboxes/{}/connect", sandbox.id);
        let (status, body) = emulator.post(&path, &json!({"timeout": 5}));
        assert_eq!((status, &body["envdAccessToken"]), (200, &json!(sandbox.token)));
    }
    assert_eq!(end(), before);
    let path = format!("/sandboxes/{}", sandbox.id);
    assert_eq!(emulator.post(&format!("{path}/refreshes"), &json!({"duration": 3000})).0, 204);
    assert!(end() > before);
    assert_eq!(emulator.post(&format!("{path}/timeout"), &json!({"timeout": 9})).0, 204);
    assert!(end() < before);
}

#[test]
fn api_versions_can_be_disabled() {
    let body = json!({"templateID": "base"});
    let old = Emulator::with(Options { versions: Versions::V1, ..Options::default() });
    assert_eq!(old.post("/sandboxes", &body).0, 201);
    assert!(matches!(old.post("/v2/sandboxes", &body).0, 404 | 405));
    let new = Emulator::with(Options { versions: Versions::V2, ..Options::default() });
    assert_eq!(new.post("/v2/sandboxes", &body).0, 201);
    assert!(matches!(new.post("/sandboxes", &body).0, 404 | 405));
}

#[test]
fn requests_are_logged_and_counted() {
    let emulator = Emulator::new();
    let body = json!({"templateID": "base", "metadata": {"run": "known"}});
    let sandbox = Sandbox::of(&emulator.post("/v2/sandboxes", &body).1);
    let message = json!({"process": {"cmd": "true", "args": ["argument"], "envs": {"A": "value"}}});
    emulator.open(&sandbox, "Start", &message).send().expect("answers");
    let log = emulator.server.log().join("\n");
    for part in ["POST /v2/sandboxes", "known", "argument", "value"] {
        assert!(log.contains(part), "{part} is not in {log}");
    }
    let requests = emulator.server.requests();
    assert_eq!(requests["POST /v2/sandboxes"], 1);
    assert_eq!(requests["POST /process.Process/Start"], 1);
    let sandboxes = emulator.server.sandboxes();
    assert_eq!(
        (sandboxes[0].id.as_str(), sandboxes[0].metadata["run"].as_str()),
        (&*sandbox.id, "known")
    );
}
