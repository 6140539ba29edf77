use std::sync::{Arc, Mutex};

use super::super::envd::Envd;
use super::super::error::{Error, Kind};
use super::super::{Source, Type};
use super::scripted::{Act, Request, Scripted, answer, with_headers};
use super::{envd, sandbox, settings};

fn entry(size: usize) -> Act {
    let size = if size == 0 { String::new() } else { format!(r#", "size":"{size}""#) };
    let entry = format!(r#"{{"entry":{{"name":"x", "type":"FILE_TYPE_FILE"{size}, "mode":420}}}}"#);
    answer(200, &entry)
}

fn absent() -> Act {
    answer(404, r#"{"code":"not_found","message":"file not found"}"#)
}

fn lines(requests: &[Request]) -> Vec<&str> {
    requests.iter().map(|one| one.line.split(['?', ' ', '/']).nth(2).unwrap()).collect()
}

fn ok() -> Act {
    answer(200, "{}")
}

#[tokio::test]
async fn upload_is_complete_before_it_is_renamed() {
    let server = Scripted::start([answer(200, "[]"), entry(200_000), ok()]);
    let progress = Arc::new(Mutex::new(Vec::new()));
    let counter = Arc::clone(&progress);
    let source =
        Source::bytes(vec![7; 200_000]).on_progress(move |n| counter.lock().unwrap().push(n));
    envd(&server.url).upload("/home/user/a b.bin", &source).await.unwrap();
    let requests = server.requests().await;
    let upload = &requests[0];
    assert!(upload.line.starts_with("POST /files?path=%2Fhome%2Fuser%2Fa%20b%2Ebin%2Epart%2D"));
    assert_eq!(upload.header("content-length"), Some("200000"));
    assert_eq!(upload.header("content-type"), Some("application/octet-stream"));
    assert_eq!(upload.body, vec![7; 200_000]);
    let part = requests[1].json()["path"].as_str().unwrap().to_owned();
    assert!(part.starts_with("/home/user/a b.bin.part-"));
    let expected = serde_json::json!({"source": part, "destination": "/home/user/a b.bin"});
    assert_eq!(requests[2].json(), expected);
    let progress = progress.lock().unwrap();
    assert!(progress.is_sorted() && progress.last() == Some(&200_000), "{progress:?}");
}

#[tokio::test]
async fn retried_upload_uses_a_new_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x");
    std::fs::write(&file, vec![9; 300_000]).unwrap();
    let script = [
        Act::Cut(100_000),
        answer(503, ""),
        answer(200, "[]"),
        entry(1000),
        answer(200, "[]"),
        entry(300_000),
        ok(),
        ok(),
        ok(),
        ok(),
    ];
    let server = Scripted::start(script);
    envd(&server.url).upload("x", &Source::file(&file)).await.unwrap();
    let requests = server.requests().await;
    let stat = "filesystem.Filesystem";
    let expected = ["files", "files", "files", stat, "files", stat, stat, stat, stat, stat];
    assert_eq!(lines(&requests), expected);
    assert_eq!(requests[4].body, vec![9; 300_000]);
    assert!(requests[6].line.ends_with("Move"));
    // The last part was renamed; the three before are removed.
    let first = requests[7].json()["path"].as_str().unwrap().to_owned();
    assert!(requests[7].line.ends_with("Remove") && first.starts_with("x.part-"));
    assert_ne!(requests[7].body, requests[8].body);
}

#[tokio::test]
async fn failed_upload_removes_its_part() {
    let full =
        r#"{"code":507,"message":"attempted to write 3 bytes: not enough disk space available"}"#;
    let server = Scripted::start([answer(507, full), ok()]);
    let error = envd(&server.url).upload("x", &Source::bytes("abc")).await.unwrap_err();
    assert_eq!(error.kind, Kind::DiskFull);
    assert!(server.requests().await[1].line.ends_with("Remove"));
    let source = Source::file("/nowhere/at/all");
    let error = envd("http://127.0.0.1:1").upload("x", &source).await.unwrap_err();
    assert_eq!(error.kind, Kind::Local);
    assert!(error.message.contains("/nowhere/at/all"), "{error}");
}

#[tokio::test]
async fn large_upload_is_compressed_if_envd_supports_gzip() {
    for (version, gzip) in [("0.6.13", true), ("0.5.7", true), ("0.5.6", false)] {
        let server = Scripted::start([answer(200, "[]"), entry(2 << 20), ok()]);
        let envd = Envd::new(&settings(&server.url), &sandbox(version)).unwrap();
        envd.upload("x", &Source::bytes(vec![7; 2 << 20])).await.unwrap();
        let requests = server.requests().await;
        let upload = &requests[0];
        assert_eq!(upload.header("content-encoding"), gzip.then_some("gzip"));
        assert_eq!(upload.header("content-length").is_none(), gzip);
        assert_eq!(upload.body.starts_with(&[0x1f, 0x8b]), gzip);
        assert_eq!(upload.body.len() < 100_000, gzip, "{}", upload.body.len());
    }
}

#[tokio::test]
async fn older_envd_gets_a_multipart_form() {
    let server = Scripted::start([answer(200, "[]"), entry(3), ok()]);
    let envd = Envd::new(&settings(&server.url), &sandbox("0.3.9")).unwrap();
    envd.upload("x", &Source::bytes("abc")).await.unwrap();
    let requests = server.requests().await;
    let upload = &requests[0];
    assert!(upload.line.ends_with("&username=user"));
    assert_eq!(upload.header("authorization"), Some("Basic dXNlcjo="));
    let kind = upload.header("content-type").unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let body = std::str::from_utf8(&upload.body).unwrap();
    assert!(
        body.starts_with(&format!("--{boundary}\r\nContent-Disposition: form-data; name=\"file\""))
    );
    assert!(body.ends_with(&format!("\r\n\r\nabc\r\n--{boundary}--\r\n")));
}

#[tokio::test]
async fn rename_with_lost_response_succeeds() {
    let server = Scripted::start([Act::Drop, absent(), entry(1)]);
    envd(&server.url).rename("a", "b").await.unwrap();
    assert_eq!(server.requests().await.len(), 3);
    let server = Scripted::start([absent()]);
    assert_eq!(envd(&server.url).rename("a", "b").await.unwrap_err().kind, Kind::NotFound);
}

#[tokio::test]
async fn stat_and_make_dir_handle_missing_and_existing_paths() {
    let exists = answer(409, r#"{"code":"already_exists","message":"directory already exists"}"#);
    let script = [entry(0), absent(), exists, answer(409, "{}")];
    let server = Scripted::start(script);
    let envd = envd(&server.url);
    let entry = envd.stat("/x").await.unwrap().unwrap();
    assert_eq!((entry.kind, entry.size, entry.mode), (Type::File, 0, 0o644));
    assert_eq!(envd.stat("/x").await.unwrap(), None);
    envd.make_dir("/x").await.unwrap();
    assert_eq!(envd.make_dir("/x").await.unwrap_err().kind, Kind::Conflict);
}

#[tokio::test]
async fn download_starts_at_the_requested_offset() {
    let part = with_headers(206, "Content-Range: bytes 3-5/6\r\n", "def");
    let end = with_headers(416, "Content-Range: bytes */6\r\n", "");
    let over = with_headers(416, "Content-Range: bytes */6\r\n", "");
    let script = [with_headers(200, "", "abcdef"), part, end, entry(6), over, entry(6)];
    let server = Scripted::start(script);
    let envd = envd(&server.url);
    let all = async |from| {
        let mut download = envd.download("/x", from).await?;
        let (mut all, left) = (Vec::new(), download.left);
        while let Some(piece) = download.next().await? {
            all.extend_from_slice(&piece);
        }
        assert_eq!(download.left, Some(0));
        Ok::<_, Error>((String::from_utf8(all).unwrap(), left))
    };
    assert_eq!(all(0).await.unwrap(), ("abcdef".into(), Some(6)));
    assert_eq!(all(3).await.unwrap(), ("def".into(), Some(3)));
    assert_eq!(all(6).await.unwrap(), (String::new(), Some(0)));
    assert_eq!(all(7).await.unwrap_err().kind, Kind::Invalid);
    let requests = server.requests().await;
    assert_eq!(requests[0].header("range"), None);
    assert_eq!(requests[0].header("accept-encoding"), Some("identity"));
    assert_eq!(requests[1].header("range"), Some("bytes=3-"));
}

#[tokio::test]
async fn download_with_wrong_range_is_an_error() {
    for act in [
        with_headers(200, "", "abcdef"),
        with_headers(206, "", "def"),
        with_headers(206, "Content-Range: bytes 30-35/60\r\n", "def"),
        with_headers(206, "Content-Range: bytes 3-5/6\r\nContent-Encoding: gzip\r\n", "def"),
    ] {
        let server = Scripted::start([act]);
        let error = envd(&server.url).download("/x", 3).await.unwrap_err();
        assert_eq!(error.kind, Kind::Protocol);
    }
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nabc".to_vec();
    let server = Scripted::start([Act::Say(cut)]);
    let mut download = envd(&server.url).download("/x", 0).await.unwrap();
    assert_eq!(download.next().await.unwrap().unwrap(), "abc");
    assert_eq!(download.next().await.unwrap_err().kind, Kind::StreamLost);
    assert_eq!(download.left, Some(3));
    let missing = answer(404, r#"{"code":404,"message":"path '/x' does not exist"}"#);
    let server = Scripted::start([missing]);
    let error = envd(&server.url).download("/x", 0).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
}
