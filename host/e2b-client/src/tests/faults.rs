//! Tests against the emulator, with faults.

use std::time::Duration;

use e2b_local::{Answer, Effect, Fault, Options, Versions};
use futures_util::future::join_all;

use super::super::envd::Envd;
use super::super::error::Kind;
use super::super::{Health, Output, Source};
use super::emulator::{Cloud, create, read, shell};

const CREATE: &str = "POST /v2/sandboxes";
const START: &str = "POST /process.Process/Start";

#[tokio::test]
async fn faulty_create_makes_exactly_one_sandbox() {
    let lost = Answer::error(504, "upstream request timeout");
    let mut cases = Vec::new();
    for (versions, route) in [(Versions::Both, CREATE), (Versions::V1, "POST /sandboxes")] {
        for effect in [
            Effect::Drop,
            Effect::DropDone,
            Effect::AnswerDone(lost.clone()),
            Effect::CutAnswer(10),
            Effect::DropThenDo(Duration::from_millis(700)),
            Effect::Answer(Answer::error(429, "Rate limit exceeded").header("Retry-After", "1")),
        ] {
            cases.push(async move {
                let cloud = Cloud::start(Options { versions, ..Options::default() }).await;
                cloud.server.fault(Fault::on(route, effect.clone()));
                let (sandbox, envd) = cloud.sandbox().await;
                let sandboxes = cloud.server.sandboxes();
                assert_eq!(sandboxes.len(), 1, "{effect:?}");
                assert_eq!(sandboxes[0].id, sandbox.id);
                assert!(matches!(envd.health().await, Health::Up));
            });
        }
    }
    join_all(cases).await;
}

#[tokio::test]
async fn failed_create_leaves_no_sandbox() {
    let cloud = Cloud::start(Options::default()).await;
    cloud.server.fault(Fault::on(CREATE, Effect::DropDone).always());
    cloud.server.fault(Fault::on("POST /v2/sandboxes/{id}/connect", Effect::Drop).always());
    let control = cloud.control.with_timeout(Duration::from_secs(3));
    assert!(control.create(&create("r1")).await.unwrap_err().is_transient());
    assert_eq!(cloud.server.sandboxes(), []);

    let cloud = Cloud::start(Options { concurrent: 1, ..Options::default() }).await;
    cloud.sandbox().await;
    let control = cloud.control.with_timeout(Duration::from_secs(1));
    let error = control.create(&create("r2")).await.unwrap_err();
    assert_eq!(error.kind, Kind::RateLimited);
    assert!(error.message.contains("maximum number of concurrent"), "{error}");
}

#[tokio::test]
async fn upload_retries_after_cuts_and_reports_a_full_disk() {
    let cloud = Cloud::start(Options::default()).await;
    let (_, envd) = cloud.sandbox().await;
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| (n / 7) as u8).collect();
    let source = Source::bytes(bytes.clone());
    for effect in [
        Effect::CutUpload(400_000),
        Effect::DropDone,
        Effect::Drop,
        Effect::Answer(Answer::error(503, "busy")),
    ] {
        cloud.server.fault(Fault::on("POST /files", effect.clone()));
        envd.upload("/home/user/x", &source).await.unwrap();
        assert!(read(&envd, "/home/user/x", 0).await == bytes, "{effect:?}");
        let rest = envd.run(&shell("ls -A /home/user | wc -l")).await.unwrap();
        assert_eq!(rest.stdout, b"1\n", "{effect:?}");
    }
    cloud.server.fault(Fault::on("POST /filesystem.Filesystem/Move", Effect::DropDone));
    envd.upload("/home/user/x", &Source::bytes("new")).await.unwrap();
    cloud.server.fault(Fault::on("POST /files", Effect::DiskFull(1000)).always());
    let error = envd.upload("/home/user/x", &source).await.unwrap_err();
    assert_eq!(error.kind, Kind::DiskFull);
    assert_eq!(read(&envd, "/home/user/x", 0).await, b"new");
    let rest = envd.run(&shell("ls -A /home/user")).await.unwrap();
    assert_eq!(rest.stdout, b"x\n");
}

#[tokio::test]
async fn cut_download_resumes_at_its_offset() {
    let cloud = Cloud::start(Options::default()).await;
    let (_, envd) = cloud.sandbox().await;
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| (n / 7) as u8).collect();
    envd.upload("/home/user/x", &Source::bytes(bytes.clone())).await.unwrap();
    cloud.server.fault(Fault::on("GET /files", Effect::CutAnswer(600_000)));
    let mut download = envd.download("/home/user/x", 0).await.unwrap();
    let mut content = Vec::new();
    let error = loop {
        match download.next().await {
            Ok(piece) => content.extend_from_slice(&piece.unwrap()),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind, Kind::StreamLost);
    content.extend(read(&envd, "/home/user/x", content.len() as u64).await);
    assert!(content == bytes);
}

/// Returns the output of a process until its stream breaks.
async fn outcome(envd: &Envd, script: &str) -> (String, Kind) {
    let mut output = String::new();
    let mut process = match envd.start(&shell(script)).await {
        Ok(process) => process,
        Err(error) => return (output, error.kind),
    };
    loop {
        match process.next().await {
            Ok(Some(Output::Stdout(piece))) => {
                output.push_str(std::str::from_utf8(&piece).unwrap())
            }
            Ok(Some(_)) => {}
            Ok(None) => panic!("the stream did not break"),
            Err(error) => return (output, error.kind),
        }
    }
}

#[tokio::test]
async fn broken_stream_is_never_a_normal_end() {
    let cloud = Cloud::start(Options::default()).await;
    let (_, envd) = cloud.sandbox().await;
    let envd = envd.with_keepalive(Duration::from_secs(1));
    let script = "echo one; echo two; exec sleep 600";
    for (effect, expected) in [
        (Effect::NoStart, ""),
        (Effect::CutLine(2), "one\n"),
        (Effect::Silence { after: 1, keepalives: false }, ""),
    ] {
        cloud.server.fault(Fault::on(START, effect.clone()));
        let (output, kind) = outcome(&envd, script).await;
        assert_eq!(kind, Kind::StreamLost, "{effect:?}");
        assert!(output.starts_with(expected), "{effect:?}: {output}");
    }
    cloud.server.fault(Fault::on(START, Effect::NoEnd));
    assert_eq!(outcome(&envd, "echo one").await, ("one\n".into(), Kind::StreamLost));
    assert_eq!(cloud.server.requests()[START], 4);
}

#[tokio::test]
async fn offline_requests_wait_for_the_network() {
    let cloud = Cloud::start(Options::default()).await;
    let (sandbox, envd) = cloud.sandbox().await;
    cloud.server.set_online(false);
    assert!(matches!(envd.health().await, Health::Unreachable(_)));
    let control = cloud.control.with_timeout(Duration::from_millis(500));
    let error = control.set_timeout(&sandbox.id, Duration::from_secs(60)).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unreachable);
    let reconnect = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        cloud.server.set_online(true);
    };
    let (result, ()) = tokio::join!(cloud.control.kill(&sandbox.id), reconnect);
    result.unwrap();
    assert_eq!(cloud.server.sandboxes(), []);
}
