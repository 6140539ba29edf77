use std::io::{Read, Write};
use std::time::Duration;

use tokio::time::Instant;

use super::super::error::{Error, Kind};
use super::super::{Command, Create};
use super::scripted::{Act, Scripted, answer, with_headers};
use super::{ID, control, envd, sandbox_json};

const OK: &str = "[]";

async fn list_result(script: Vec<Act>) -> (Result<(), Error>, usize) {
    let server = Scripted::start(script);
    let result = control(&server.url).list(&Default::default()).await;
    (result.map(drop), server.requests().await.len())
}

#[tokio::test]
async fn transient_errors_are_retried() {
    for status in [429, 502, 503, 504] {
        let (result, requests) = list_result(vec![answer(status, ""), answer(200, OK)]).await;
        assert_eq!((result.is_ok(), requests), (true, 2), "{status}");
    }
    let again = || with_headers(500, "Should-Retry: true\r\n", "");
    assert_eq!(list_result(vec![again(), again(), answer(200, OK)]).await.1, 3);
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n[{".to_vec();
    for lost in [Act::Drop, Act::Say(Vec::new()), Act::Say(b"HTTP/1.1 2".to_vec()), Act::Say(cut)] {
        let (result, requests) = list_result(vec![lost, answer(200, OK)]).await;
        assert_eq!((result.is_ok(), requests), (true, 2));
    }
}

#[tokio::test]
async fn permanent_errors_are_not_retried() {
    for act in [
        answer(400, ""),
        answer(401, ""),
        answer(404, ""),
        answer(500, ""),
        with_headers(503, "Should-Retry: false\r\n", ""),
        answer(502, r#"{"code":502,"message":"The sandbox was not found"}"#),
    ] {
        let (result, requests) = list_result(vec![act]).await;
        assert_eq!((result.is_err(), requests), (true, 1));
    }
}

#[tokio::test]
async fn retry_after_is_respected() {
    let start = Instant::now();
    let (result, _) =
        list_result(vec![with_headers(429, "Retry-After: 1\r\n", ""), answer(200, OK)]).await;
    assert!(result.is_ok() && start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn retry_after_beyond_the_deadline_fails_immediately() {
    for (value, seconds) in [("3600", 3600), ("99999999999999999999999", 86400)] {
        let start = Instant::now();
        let response = with_headers(429, &format!("Retry-After: {value}\r\n"), "");
        let (result, requests) = list_result(vec![response]).await;
        let error = result.unwrap_err();
        assert_eq!((error.kind, requests), (Kind::RateLimited, 1));
        assert_eq!(error.retry_after, Some(Duration::from_secs(seconds)));
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn invalid_retry_after_is_ignored() {
    for value in ["-1", "soon", "", "1.5", "Wed, 21 Oct 2099 07:28:00 GMT"] {
        let response = with_headers(429, &format!("Retry-After: {value}\r\n"), "");
        let (result, requests) = list_result(vec![response, answer(200, OK)]).await;
        assert_eq!((result.is_ok(), requests), (true, 2), "{value}");
    }
}

#[tokio::test]
async fn deadline_covers_all_attempts() {
    let timeout = Duration::from_millis(700);
    let start = Instant::now();
    let server = Scripted::start([answer(503, ""), Act::Hold(Vec::new())]);
    let error = control(&server.url).with_timeout(timeout).metrics(ID).await.unwrap_err();
    assert_eq!(error.kind, Kind::Timeout);
    assert!(error.message.contains("503"), "{error}");
    // The server is closed by now.
    let url = server.url.clone();
    assert_eq!(server.requests().await.len(), 2);
    let error = control(&url).with_timeout(timeout).metrics(ID).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unreachable);
    assert!(error.message.contains("E2B_API_URL"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn unsafe_requests_are_sent_once() {
    for act in [|| Act::Drop, || answer(503, ""), || answer(504, "")] {
        let server = Scripted::start([act(), act()]);
        let envd = envd(&server.url);
        assert!(envd.send_input(7, b"x").await.is_err());
        assert!(envd.start(&Command { cmd: "true".into(), ..Command::default() }).await.is_err());
        let lines: Vec<_> =
            server.requests().await.into_iter().map(|request| request.line).collect();
        assert_eq!(lines, ["POST /process.Process/SendInput", "POST /process.Process/Start"]);
    }
}

#[tokio::test]
async fn kill_is_retried_until_done() {
    let script = [answer(409, ""), answer(500, ""), Act::Drop, answer(429, ""), answer(204, "")];
    let server = Scripted::start(script);
    control(&server.url).kill(ID).await.unwrap();
    let requests = server.requests().await;
    assert_eq!(requests.len(), 5);
    assert!(requests.iter().all(|request| request.line == format!("DELETE /sandboxes/{ID}")));

    let missing = answer(404, r#"{"code":404,"message":"Sandbox \"x\" doesn't exist or ..."}"#);
    let server = Scripted::start([missing]);
    control(&server.url).kill(ID).await.unwrap();
    let server = Scripted::start([answer(401, "")]);
    assert_eq!(control(&server.url).kill(ID).await.unwrap_err().kind, Kind::Auth);
}

#[tokio::test]
async fn rejected_create_is_not_retried() {
    for status in [400, 401, 403, 422] {
        let server = Scripted::start([answer(status, "")]);
        assert!(control(&server.url).create(&Create::default()).await.is_err());
        assert_eq!(server.requests().await.len(), 1);
    }
    let script = [answer(429, ""), answer(503, ""), answer(201, &sandbox_json("0.6.13"))];
    let server = Scripted::start(script);
    control(&server.url).create(&Create::default()).await.unwrap();
    let keys: Vec<_> = server
        .requests()
        .await
        .iter()
        .map(|request| request.header("idempotency-key").unwrap().to_owned())
        .collect();
    assert!(keys.len() == 3 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[tokio::test]
async fn plain_http_answer_to_https_is_rejected() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let hello = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut hello = [0; 3];
        stream.read_exact(&mut hello).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        hello
    });
    let error = control(&url).with_timeout(Duration::from_secs(2)).metrics(ID).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unreachable);
    // The server received a TLS handshake and no unencrypted key.
    assert_eq!(hello.join().unwrap(), [22, 3, 1]);
}
