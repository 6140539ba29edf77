use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::error::Kind;
use super::super::{Create, Network};
use super::scripted::{Act, Request, Scripted, answer};
use super::{ID, KEY, TOKEN, control, sandbox_json};

const OTHER: &str = "iother0000000000000000";

fn create_options() -> Create {
    let map = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
    Create {
        template: "osiris:v1".into(),
        timeout: Duration::from_secs(120),
        metadata: map("run", "r1"),
        env: map("K", "V"),
        network: Network {
            allow_out: vec!["x.org".into()],
            deny_out: vec!["0.0.0.0/0".into()],
            dns_servers: Some(Vec::new()),
            allow_public_traffic: Some(false),
        },
    }
}

fn create_response() -> Act {
    answer(201, &sandbox_json("0.6.13"))
}

fn list_response(ids: &[&str]) -> Act {
    let one = |id: &&str| {
        json!({
            "sandboxID": id, "templateID": "base", "clientID": "6532622b", "state": "running",
            "startedAt": "2026-11-23T06:00:00Z", "endAt": "2026-11-23T06:05:00Z",
            "cpuCount": 2, "memoryMB": 512, "diskSizeMB": 1024, "envdVersion": "0.6.13",
        })
    };
    answer(200, &Value::from_iter(ids.iter().map(one)).to_string())
}

fn lines(requests: &[Request]) -> Vec<&str> {
    requests.iter().map(|request| request.line.split('?').next().unwrap()).collect()
}

#[tokio::test]
async fn create_request_matches_the_newer_route() {
    let server = Scripted::start([create_response()]);
    let sandbox = control(&server.url).create(&create_options()).await.unwrap();
    assert_eq!((sandbox.id.as_str(), sandbox.template.as_str()), (ID, "base"));
    assert_eq!(sandbox.envd_version, semver::Version::new(0, 6, 13));
    assert_eq!(sandbox.token().unwrap().reveal(), TOKEN);

    let requests = server.requests().await;
    let request = &requests[0];
    assert_eq!(request.line, "POST /v2/sandboxes");
    assert_eq!(request.header("x-api-key"), Some(KEY));
    assert_eq!(request.header("content-type"), Some("application/json"));
    let key = request.header("idempotency-key").unwrap();
    assert!(
        key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    );
    let expected = json!({
        "templateID": "osiris:v1", "timeout": 120, "envVars": {"K": "V"},
        "metadata": {"run": "r1", "osiris_create": key},
        "network": {"allowOut": ["x.org"], "denyOut": ["0.0.0.0/0"], "dnsServers": [], "allowPublicTraffic": false},
    });
    assert_eq!(request.json(), expected);
}

#[tokio::test]
async fn create_falls_back_to_the_older_route() {
    let unknown = [
        answer(404, r#"{"code":404,"message":"no matching operation was found"}"#),
        answer(404, "404 page not found"),
        answer(404, ""),
        answer(405, r#"{"code":405,"message":"method not allowed"}"#),
    ];
    for unknown in unknown {
        let server = Scripted::start([unknown, create_response()]);
        control(&server.url).create(&Create::default()).await.unwrap();
        let requests = server.requests().await;
        assert_eq!(lines(&requests), ["POST /v2/sandboxes", "POST /sandboxes"]);
        let body = requests[1].json();
        assert_eq!((&body["secure"], &body["timeout"]), (&json!(true), &json!(1)));
    }
}

#[tokio::test]
async fn unknown_template_does_not_fall_back() {
    for message in ["template 'x' not found", "tag 'v9' does not exist for template 'x'"] {
        let server = Scripted::start([answer(404, &json!({"message": message}).to_string())]);
        let error = control(&server.url).create(&create_options()).await.unwrap_err();
        assert_eq!(error.kind, Kind::NotFound);
        assert!(error.message.contains(message), "{error}");
        assert_eq!(server.requests().await.len(), 1);
    }
}

#[tokio::test]
async fn lost_create_response_finds_sandbox_and_kills_extras() {
    let cut = Act::Say(b"HTTP/1.1 201 Created\r\nContent-Length: 900\r\n\r\n{\"sand".to_vec());
    for lost in [Act::Drop, cut, answer(504, ""), answer(201, "{}")] {
        let script = [
            lost,
            list_response(&[]),
            list_response(&[ID, OTHER]),
            answer(200, &sandbox_json("0.6.13")),
            list_response(&[ID, OTHER]),
            answer(204, ""),
        ];
        let server = Scripted::start(script);
        let sandbox = control(&server.url).create(&create_options()).await.unwrap();
        assert_eq!(sandbox.id, ID);
        let requests = server.requests().await;
        let (list, connect) = ("GET /v2/sandboxes", format!("POST /v2/sandboxes/{ID}/connect"));
        let kill = format!("DELETE /sandboxes/{OTHER}");
        assert_eq!(
            lines(&requests),
            ["POST /v2/sandboxes", list, list, connect.as_str(), list, kill.as_str()]
        );
        let key = requests[0].header("idempotency-key").unwrap();
        assert!(requests[1].line.contains(&key.replace('-', "%252D")), "{}", requests[1].line);
        assert_eq!(requests[3].json(), json!({"timeout": 120}));
    }
}

#[tokio::test]
async fn late_sandbox_is_killed() {
    let mut script = vec![Act::Drop];
    script.extend((0..4).map(|_| list_response(&[])));
    script.extend([create_response(), list_response(&[ID, OTHER]), answer(204, "")]);
    let server = Scripted::start(script);
    assert_eq!(control(&server.url).create(&create_options()).await.unwrap().id, ID);
    let requests = server.requests().await;
    assert_eq!(requests[5].line, "POST /v2/sandboxes");
    assert_eq!(requests[5].body, requests[0].body);
    assert_eq!(requests[7].line, format!("DELETE /sandboxes/{OTHER}"));
}

#[tokio::test]
async fn idempotency_key_with_unknown_outcome_is_not_reused() {
    let unknown = r#"{"code":409,"message":"m","error_code":"idempotency_outcome_unknown"}"#;
    let mut script = vec![answer(409, unknown)];
    script.extend((0..4).map(|_| list_response(&[])));
    script.extend([create_response(), list_response(&[ID])]);
    let server = Scripted::start(script);
    control(&server.url).create(&create_options()).await.unwrap();
    let requests = server.requests().await;
    let key = |request: &Request| request.header("idempotency-key").unwrap().to_owned();
    assert_ne!(key(&requests[0]), key(&requests[5]));
    assert_eq!(requests[0].body, requests[5].body);
}

#[tokio::test]
async fn unsafe_sandbox_is_killed() {
    let open = sandbox_json("0.6.13").replace(&format!("{TOKEN:?}"), "null");
    for body in [sandbox_json("0.1.9"), open] {
        let server = Scripted::start([answer(201, &body), list_response(&[ID]), answer(204, "")]);
        let error = control(&server.url).create(&create_options()).await.unwrap_err();
        assert!(error.message.contains("rebuild the template"), "{error}");
        assert_eq!(server.requests().await[2].line, format!("DELETE /sandboxes/{ID}"));
    }
}
