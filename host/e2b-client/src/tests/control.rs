use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::super::control::State;
use super::super::error::Kind;
use super::super::{Source, Step, Template};
use super::scripted::{Scripted, answer, with_headers};
use super::{ID, KEY, control, sandbox_json};

fn one(id: &str) -> String {
    json!([{
        "sandboxID": id, "templateID": "t", "clientID": "6532622b", "state": "paused",
        "startedAt": "2026-11-23T06:00:00Z", "endAt": "2026-11-23T06:05:00Z",
        "cpuCount": 2, "memoryMB": 512, "diskSizeMB": 1024, "envdVersion": "0.6.13",
        "metadata": {"run": "r1"}, "somethingNew": [1],
    }])
    .to_string()
}

#[tokio::test]
async fn list_fetches_all_pages() {
    let next = |token: &str, id| with_headers(200, &format!("X-Next-Token: {token}\r\n"), &one(id));
    let server = Scripted::start([next("a+b/=", "i1"), next("c", "i2"), answer(200, &one("i3"))]);
    let tags = BTreeMap::from([("a b".into(), "c&d=e".into()), ("run".into(), "r1".into())]);
    let sandboxes = control(&server.url).list(&tags).await.unwrap();
    let ids: Vec<_> = sandboxes.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["i1", "i2", "i3"]);
    assert_eq!(sandboxes[0].state, State::Paused);
    assert_eq!(sandboxes[0].metadata.as_ref().unwrap()["run"], "r1");
    let query = "GET /v2/sandboxes?state=running%2Cpaused&limit=100\
        &metadata=a%2520b%3Dc%2526d%253De%26run%3Dr1";
    let lines: Vec<_> = server.requests().await.into_iter().map(|request| request.line).collect();
    let second = format!("{query}&nextToken=a%2Bb%2F%3D");
    assert_eq!(lines, [query, &second, &format!("{query}&nextToken=c")]);
}

#[tokio::test]
async fn repeated_page_token_is_an_error() {
    let page = || with_headers(200, "X-Next-Token: a\r\n", "[]");
    let server = Scripted::start([page(), page()]);
    let error = control(&server.url).list(&BTreeMap::new()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Protocol);
}

#[tokio::test]
async fn sandbox_info_is_parsed() {
    let info = one(ID);
    let missing = json!({"code": 404, "message": format!("Sandbox \"{ID}\" doesn't exist")});
    let script = [answer(200, &info[1..info.len() - 1]), answer(404, &missing.to_string())];
    let server = Scripted::start(script);
    let control = control(&server.url);
    let info = control.info(ID).await.unwrap().unwrap();
    assert_eq!((info.memory_mib, info.cpu_count, info.state), (512, 2, State::Paused));
    assert!(control.info(ID).await.unwrap().is_none());
}

#[tokio::test]
async fn lifetime_is_sent_in_whole_seconds() {
    let server = Scripted::start([answer(204, ""), answer(204, ""), answer(404, "{}")]);
    let control = control(&server.url);
    control.set_timeout(ID, Duration::from_millis(90_900)).await.unwrap();
    control.set_timeout(ID, Duration::ZERO).await.unwrap();
    let error = control.set_timeout(ID, Duration::MAX).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    let bodies: Vec<_> = server.requests().await.iter().map(|request| request.json()).collect();
    assert_eq!(bodies, [90, 1, i32::MAX].map(|seconds| json!({ "timeout": seconds })));
}

#[tokio::test]
async fn connect_falls_back_to_the_older_route() {
    let gone =
        answer(404, &json!({"message": format!("Sandbox \"{ID}\" doesn't exist")}).to_string());
    let script = [answer(404, "404 page not found"), answer(201, &sandbox_json("0.6.13")), gone];
    let server = Scripted::start(script);
    let control = control(&server.url);
    let sandbox = control.connect(ID, Duration::from_secs(60)).await.unwrap();
    assert_eq!(sandbox.id, ID);
    let error = control.connect(ID, Duration::from_secs(60)).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    let requests = server.requests().await;
    assert_eq!(requests[1].line, format!("POST /sandboxes/{ID}/connect"));
    assert_eq!(requests[1].json(), json!({"timeout": 60}));
    assert_eq!(requests.len(), 3);
}

#[tokio::test]
async fn sandbox_metrics_are_parsed() {
    let body = r#"[{"timestampUnix":7,"cpuCount":2,"cpuUsedPct":12.5,"memUsed":10,"memTotal":20}]"#;
    let server = Scripted::start([answer(200, body)]);
    let samples = control(&server.url).metrics(ID).await.unwrap();
    assert_eq!((samples[0].timestamp_unix, samples[0].mem_used), (7, 10));
    assert_eq!(samples[0].cpu_used_pct, 12.5);
}

#[tokio::test]
async fn invalid_sandbox_id_is_never_sent() {
    let server = Scripted::start([]);
    let control = control(&server.url);
    for id in ["", "../templates/x", "a/b", "A", "a-b-c", "i?x", "i%2f"] {
        assert_eq!(control.kill(id).await.unwrap_err().kind, Kind::Invalid, "{id}");
    }
}

#[tokio::test]
async fn template_build_uploads_files_and_reports_failure() {
    let store = Scripted::start([answer(200, "")]);
    let slot = json!({"present": false, "url": format!("{}/up?sig=s", store.url),
        "headers": {"x-kind": "tar"}});
    let building = r#"{"status":"building","logEntries":[{"message":"one"}]}"#;
    let ready = r#"{"status":"ready","logEntries":[]}"#;
    let failed = r#"{"status":"error","logEntries":[],"reason":{"message":"exit 1"}}"#;
    let server = Scripted::start([
        answer(202, r#"{"templateID":"t1","buildID":"b1","public":false}"#),
        answer(201, &slot.to_string()),
        answer(202, ""),
        answer(200, building),
        answer(200, ready),
        answer(200, failed),
        answer(201, r#"{"present":true}"#),
    ]);
    let control = control(&server.url);
    let copy = Step {
        kind: "COPY".into(),
        args: ["osiris", "/usr/local/bin/osiris", "root:root", "0755"].map(Into::into).into(),
        files_hash: Some("ab12".into()),
    };
    let template = Template {
        name: "osiris:v1".into(),
        cpu_count: 2,
        memory_mib: 1024,
        from: "base".into(),
        steps: vec![copy],
    };
    let build = control.create_template(&template).await.unwrap();
    assert!(control.send_files(&build, "ab12", &Source::bytes("tar")).await.unwrap());
    control.start_build(&build, &template).await.unwrap();
    let mut log = Vec::new();
    let timeout = Duration::from_secs(10);
    control.wait_build(&build, timeout, |line| log.push(line.to_owned())).await.unwrap();
    assert_eq!(log, ["one"]);
    let error = control.wait_build(&build, timeout, |_| ()).await.unwrap_err();
    assert!(error.message.ends_with("exit 1"), "{error}");
    assert!(!control.send_files(&build, "ab12", &Source::bytes("tar")).await.unwrap());

    let put = store.requests().await.remove(0);
    assert_eq!((put.line.as_str(), put.body.as_slice()), ("PUT /up?sig=s", &b"tar"[..]));
    assert_eq!(put.header("x-kind"), Some("tar"));
    assert!(!put.headers.iter().any(|header| header.contains(KEY)));
    let requests = server.requests().await;
    assert_eq!(requests[2].line, "POST /v2/templates/t1/builds/b1");
    assert_eq!(requests[2].json()["steps"][0]["filesHash"], "ab12");
    assert_eq!(requests[4].line, "GET /templates/t1/builds/b1/status?logsOffset=1&limit=100");
}
