use super::super::error::{Error, Kind};
use super::scripted::{Act, Scripted, answer, with_headers};
use super::{ID, KEY, TOKEN, control, envd};

/// Returns the error of looking up a sandbox, for a response that is not retried.
async fn lookup_error(act: Act) -> Error {
    let server = Scripted::start([act]);
    let error = control(&server.url).info(ID).await.unwrap_err();
    assert_eq!(server.requests().await.len(), 1);
    error
}

#[tokio::test]
async fn control_plane_errors_have_kinds() {
    let json_error = |status: u16, message: &str| {
        answer(status, &format!(r#"{{"code":{status},"message":"{message}"}}"#))
    };
    for (status, kind) in [
        (400, Kind::Invalid),
        (401, Kind::Auth),
        (403, Kind::Forbidden),
        (409, Kind::Conflict),
        (422, Kind::Invalid),
        (500, Kind::Server),
        (507, Kind::DiskFull),
    ] {
        let error = lookup_error(json_error(status, "Because of this")).await;
        assert_eq!((error.kind, error.status), (kind, Some(status)));
        assert!(error.message.contains("Because of this"), "{error}");
        assert!(error.message.contains(ID) && error.message.contains("127.0.0.1"), "{error}");
    }
    let gone = lookup_error(json_error(502, "The sandbox was not found")).await;
    assert_eq!(gone.kind, Kind::SandboxGone);
}

#[tokio::test]
async fn rejected_sandbox_token_is_not_reported_as_wrong_key() {
    let server = Scripted::start([answer(401, r#"{"code":401,"message":"invalid token"}"#)]);
    let error = envd(&server.url).make_dir("/x").await.unwrap_err();
    assert_eq!(error.kind, Kind::Token);
    assert!(error.message.contains("rebuild the template"), "{error}");
    assert!(!error.message.contains("E2B_API_KEY"), "{error}");
}

#[tokio::test]
async fn error_code_takes_precedence_over_status() {
    let body = r#"{"code":503,"message":"m","error_code":"sandbox_capacity_unavailable"}"#;
    let error = lookup_error(with_headers(503, "Should-Retry: false\r\n", body)).await;
    assert_eq!(error.kind, Kind::Capacity);
    assert_eq!(error.code.as_deref(), Some("sandbox_capacity_unavailable"));

    let server = Scripted::start([answer(404, r#"{"code":"not_found","message":"no process"}"#)]);
    let error = envd(&server.url).signal(7, super::super::Signal::Term).await.unwrap_err();
    assert_eq!((error.kind, error.status), (Kind::NotFound, Some(404)));
    assert_eq!(error.code.as_deref(), Some("not_found"));
}

#[tokio::test]
async fn load_balancer_responses_are_typed_errors() {
    let html = "<html><body>Blocked</body></html>";
    let error = lookup_error(with_headers(403, "Content-Type: text/html\r\n", html)).await;
    assert_eq!(error.kind, Kind::Forbidden);
    assert!(error.message.contains("an HTML page") && !error.message.contains("Blocked"));
    let error =
        lookup_error(with_headers(400, "Content-Type: text/plain\r\n", "Invalid host")).await;
    assert!(error.message.contains("Invalid host"), "{error}");
    let error = lookup_error(with_headers(400, "", "")).await;
    assert!(error.message.contains("no reason"), "{error}");
    let error = lookup_error(with_headers(302, "Location: http://127.0.0.1:1/\r\n", "")).await;
    assert_eq!(error.kind, Kind::Protocol);
    let error = lookup_error(answer(400, r#"[{"message":7}]"#)).await;
    assert_eq!(error.kind, Kind::Invalid);
}

#[tokio::test]
async fn error_messages_are_short_single_lines_without_secrets() {
    let body = format!(r#"{{"code":400,"message":"bad key {KEY}\nsecond\u001b[31m"}}"#);
    let error = lookup_error(answer(400, &body)).await;
    assert!(error.message.contains("bad key ***"), "{error}");
    assert!(!format!("{error:?}").contains(KEY) && !error.message.contains("second"), "{error:?}");

    let echoed = format!("token {TOKEN}, key {KEY}");
    let server = Scripted::start([with_headers(400, "", &echoed)]);
    let error = envd(&server.url).make_dir("/x").await.unwrap_err();
    assert!(error.message.contains("token ***, key ***"), "{error}");

    let error = lookup_error(with_headers(400, "", &"ä".repeat(100_000))).await;
    assert!(error.message.len() < 1000 && error.message.ends_with("(cut)"), "{error}");
}

#[tokio::test]
async fn malformed_or_endless_response_is_rejected() {
    let list = |body: &str| Scripted::start([answer(200, body)]);
    for body in [r#"{"sandboxes":[]}"#, "<html>", "", &format!("[{}", "[".repeat(5000))] {
        let server = list(body);
        let error = control(&server.url).list(&Default::default()).await.unwrap_err();
        assert_eq!(error.kind, Kind::Protocol, "{error}");
    }
    let server = list(&" ".repeat(9 << 20));
    let error = control(&server.url).list(&Default::default()).await.unwrap_err();
    assert!(error.kind == Kind::Protocol && error.message.contains("longer"), "{error}");
}
