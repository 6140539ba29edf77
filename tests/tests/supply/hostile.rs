//! Malicious servers. Whatever they do, the project stays unchanged.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use osiris_tests::secret::{SECRET, assert_hidden, assert_none};
use osiris_tests::web::{Request, Web, reply};
use osiris_tests::{Finished, TestProject, wasm};

use crate::kit::{driver, drivers, new_project, said};

/// Returns a manifest of one component.
fn manifest(component: &[u8]) -> String {
    named(&digest(component), component.len())
}

fn named(digest: &str, size: usize) -> String {
    format!(
        r#"{{"schemaVersion":2,"layers":[{{"mediaType":"application/wasm","digest":"{digest}","size":{size}}}]}}"#
    )
}

fn digest(bytes: &[u8]) -> String {
    let mut sum = std::process::Command::new("sha256sum")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("coreutils are there");
    sum.stdin.take().expect("a pipe").write_all(bytes).expect("it reads");
    let output = sum.wait_with_output().expect("it ends");
    format!("sha256:{}", &String::from_utf8_lossy(&output.stdout)[..64])
}

fn is_blob(request: &Request) -> bool {
    request.path.contains("/blobs/")
}

/// Starts a registry with one manifest for all references, and `blob` as its answer to requests for
/// blobs.
fn registry(
    manifest: String,
    blob: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static,
) -> Web {
    Web::start(move |request, stream| match is_blob(request) {
        true => blob(request, stream),
        false => reply(stream, "200 OK", &[], manifest.as_bytes()),
    })
}

/// Adds the driver of a registry, which must fail and leave nothing behind.
fn refused(project: &TestProject, web: &Web) -> Finished {
    let before = project.files();
    let finished = drivers(project, &["add", &format!("oci://{}/acme/made:1", web.host())]);
    assert_ne!(finished.code(), Some(0), "{}", finished.stdout);
    assert_eq!(project.files(), before);
    assert!(!finished.stderr.contains('\x1b'), "{:?}", finished.stderr);
    finished
}

/// Returns the messages for all servers, as a text for comparison.
fn told(all: Vec<(&str, Web)>) -> String {
    let project = new_project();
    let tell = |(name, web): (&str, Web)| {
        format!("## {name}\n{}", said(&refused(&project, &web), &project))
    };
    all.into_iter().map(tell).collect::<Vec<_>>().join("\n")
}

#[test]
fn wrong_bytes_are_rejected() {
    let good = driver("test.made", "1.0.0", "");
    let (half, other) = (good[..good.len() / 2].to_vec(), driver("test.made", "1.0.1", ""));
    let (whole, long) = (good.clone(), [good.as_slice(), b"more"].concat());
    let answer = |bytes: Vec<u8>| {
        move |_: &Request, stream: &mut TcpStream| reply(stream, "200 OK", &[], &bytes)
    };
    let truncated = move |_: &Request, stream: &mut TcpStream| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", whole.len());
        let _ = stream.write_all(&[head.as_bytes(), &whole[..whole.len() / 2]].concat());
    };
    insta::assert_snapshot!(told(vec![
        ("another component", registry(manifest(&good), answer(other))),
        ("half of it", registry(manifest(&good), answer(half))),
        ("more than it", registry(manifest(&good), answer(long))),
        ("cut off", registry(manifest(&good), truncated)),
        ("nothing", registry(manifest(&good), answer(Vec::new()))),
        ("no component", registry(manifest(b"<html>"), answer(b"<html>".to_vec()))),
        ("a digest that is a path", registry(named("sha256:../../x", 1), answer(Vec::new()))),
        ("a giant", registry(named(&digest(b""), usize::MAX / 2), answer(Vec::new()))),
    ]));
}

#[test]
fn endless_response_is_aborted() {
    let endless = |_: &Request, stream: &mut TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        while stream.write_all(&[b"1000\r\n".as_slice(), &[b'x'; 4096], b"\r\n"].concat()).is_ok() {
        }
    };
    let announced = |_: &Request, stream: &mut TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");
    };
    let good = driver("test.made", "1.0.0", "");
    insta::assert_snapshot!(told(vec![
        ("an endless component", registry(manifest(&good), endless)),
        ("an endless manifest", Web::start(endless)),
        ("a manifest too large", Web::start(announced)),
    ]));
}

#[test]
fn unsafe_redirects_are_refused() {
    let to = |location: &'static str| {
        Web::start(move |_, stream| {
            reply(stream, "302 Found", &[format!("Location: {location}")], b"")
        })
    };
    let around = Web::start(|request, stream| {
        reply(stream, "302 Found", &[format!("Location: {}x", request.path)], b"");
    });
    insta::assert_snapshot!(told(vec![
        ("to a file", to("file:///etc/passwd")),
        ("to another machine in the clear", to("http://192.0.2.1/latest/meta-data")),
        ("in circles", around),
    ]));
}

#[test]
fn server_errors_are_reported_safely() {
    let answer = |status: &'static str, headers: Vec<String>, body: &'static [u8]| {
        Web::start(move |_, stream| reply(stream, status, &headers, body))
    };
    let bearer =
        |realm: &str| vec![format!("WWW-Authenticate: Bearer realm=\"{realm}\",service=\"x\"")];
    let index = br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json"}"#;
    insta::assert_snapshot!(told(vec![
        ("not there", answer("404 Not Found", vec![], b"")),
        ("who are you", answer("401 Unauthorized", vec![], b"")),
        (
            "a wish that nobody has",
            answer("401 Unauthorized", vec!["WWW-Authenticate: Negotiate".to_owned()], b"")
        ),
        ("tokens in the clear", answer("401 Unauthorized", bearer("http://192.0.2.1/token"), b"")),
        ("tokens from nowhere", answer("401 Unauthorized", bearer("nowhere"), b"")),
        (
            "an escape",
            answer(
                "500 Internal Server Error",
                vec![],
                b"{\"errors\":[{\"message\":\"\\u001b[2Jgone\"}]}"
            )
        ),
        ("a page", answer("503 Service Unavailable", vec![], b"<html><body>busy")),
        ("no manifest", answer("200 OK", vec![], b"hello")),
        ("an image for many machines", answer("200 OK", vec![], index)),
        (
            "no HTTP",
            Web::start(|_, stream| {
                let _ = stream.write_all(b"SSH-2.0-x\r\n");
            })
        ),
        ("silence", Web::start(|_, _| {})),
    ]));
}

#[test]
fn web_download_is_checked_like_any_driver() {
    let good = driver("test.made", "1.0.0", "");
    let (whole, sha256) = (good.clone(), digest(&good));
    let web = Web::start(move |request, stream| match request.path.as_str() {
        "/made.wasm" => reply(stream, "200 OK", &[], &whole),
        "/moved.wasm" => reply(stream, "302 Found", &["Location: /made.wasm".to_owned()], b""),
        "/away.wasm" => reply(stream, "302 Found", &["Location: ftp://x/y".to_owned()], b""),
        _ => reply(stream, "404 Not Found", &[], b"no such thing"),
    });
    let project = TestProject::new();
    project.write("osiris.yaml", "version: 1\n");
    let at = |path: &str| format!("http://{}/{path}", web.host());
    drivers(&project, &["add", &at("moved.wasm"), "--sha256", &sha256]).expect(0);
    assert!(project.read("osiris.lock").contains(&at("moved.wasm")));
    std::fs::remove_file(project.path("drivers/test.made.wasm")).expect("it is there");
    drivers(&project, &["sync"]).expect(0);
    let mut texts = Vec::new();
    for (path, sha256) in
        [("gone.wasm", sha256.as_str()), ("away.wasm", &sha256), ("made.wasm", &"a".repeat(64))]
    {
        let refused = drivers(&project, &["add", &at(path), "--sha256", sha256, "--replace"]);
        texts.push(said(&refused, &project));
    }
    insta::assert_snapshot!(texts.join("\n"));
}

/// A registry that requires a token, with its blobs on another server.
#[test]
fn credentials_go_only_to_the_registry_and_its_token_server() {
    let good = driver("test.made", "1.0.0", "");
    let (whole, listed) = (good.clone(), manifest(&good));
    let store = Web::start(move |_, stream| reply(stream, "200 OK", &[], &whole));
    let tokens =
        Web::start(|_, stream| reply(stream, "200 OK", &[], br#"{"token":"t0ken-of-the-day"}"#));
    let (away, realm) = (store.host(), tokens.host());
    let registry = Web::start(move |request, stream| {
        if request.header("authorization") != Some("Bearer t0ken-of-the-day") {
            let challenge = format!(
                "WWW-Authenticate: Bearer realm=\"http://{realm}/token\",service=\"registry\""
            );
            reply(stream, "401 Unauthorized", &[challenge], b"");
        } else if is_blob(request) {
            reply(
                stream,
                "307 Temporary Redirect",
                &[format!("Location: http://{away}/blob")],
                b"",
            );
        } else {
            reply(stream, "200 OK", &[], listed.as_bytes());
        }
    });
    let project = new_project();
    let reference = format!("oci://{}/acme/made:1", registry.host());
    let finished = project
        .osiris(["drivers", "add", &reference, "--verbose"])
        .env("OSIRIS_REGISTRY", registry.host())
        .env("OSIRIS_REGISTRY_USER", "me")
        .env("OSIRIS_REGISTRY_PASSWORD", SECRET)
        .run()
        .expect(0);
    assert_hidden(&project, &finished);
    assert!(!(finished.stdout + &finished.stderr).contains("t0ken"));
    let asked = tokens.seen();
    assert!(asked[0].path.contains("scope=repository%3Aacme%2Fmade%3Apull"), "{asked:?}");
    assert!(asked[0].header("authorization").is_some_and(|key| key.starts_with("Basic ")));
    let [fetched] = store.seen().try_into().expect("one request");
    assert_eq!(fetched.header("authorization"), None, "{fetched:?}");
    for request in registry.seen() {
        assert_none("the registry", &format!("{request:?}"));
    }
}

#[test]
fn renamed_driver_is_rejected() {
    let named = std::sync::Arc::new(std::sync::Mutex::new("test.made"));
    let name = named.clone();
    let web = Web::start(move |_, stream| {
        let bytes = driver(*name.lock().expect("nobody panics with it"), "1.0.0", "");
        reply(stream, "200 OK", &[], &bytes);
    });
    let project = new_project();
    drivers(&project, &["add", &format!("http://{}/made.wasm", web.host())]).expect(0);
    *named.lock().expect("nobody panics with it") = "test.evil";
    let before = (project.files(), project.read("osiris.lock"));
    let refused = drivers(&project, &["update"]).expect(1);
    assert!(
        refused.stderr.contains("expected driver `test.made`, found driver `test.evil`"),
        "{}",
        refused.stderr
    );
    assert_eq!((project.files(), project.read("osiris.lock")), before);
}

#[test]
fn malicious_catalog_is_rejected() {
    let web = Web::start(|request, stream| {
        match request.path.as_str() {
        path if path.contains("_catalog") => reply(
            stream,
            "200 OK",
            &[],
            br#"{"repositories":["../../x","/etc/passwd","a b","ok/one","x\u001b[2J"]}"#,
        ),
        path if path.contains("/tags/list") => {
            reply(stream, "200 OK", &[], br#"{"tags":["../1","1.0.0","\u001b[2J"]}"#);
        }
        _ => reply(stream, "200 OK", &[], format!(
            r#"{{"schemaVersion":2,"layers":[{{"mediaType":"application/wasm","digest":"{}","size":1}}],"annotations":{{"org.opencontainers.image.title":"\u001b[2Jtitle"}}}}"#,
            digest(b"")
        ).as_bytes()),
    }
    });
    let project = new_project();
    let found = drivers(&project, &["search", "--registry", &web.host()]).expect(0);
    insta::assert_snapshot!(said(&found, &project));
    let paths: Vec<_> = web.seen().into_iter().map(|request| request.path).collect();
    assert!(
        paths.iter().all(|path| path.contains("_catalog") || path.starts_with("/v2/ok/one/")),
        "{paths:?}"
    );
}

#[test]
fn upload_to_another_server_is_refused() {
    let elsewhere = Web::start(|_, stream| reply(stream, "201 Created", &[], b""));
    let away = elsewhere.host();
    let web = Web::start(move |request, stream| match request.method.as_str() {
        "POST" => reply(stream, "202 Accepted", &[format!("Location: http://{away}/upload")], b""),
        _ => reply(stream, "404 Not Found", &[], b""),
    });
    let project = new_project();
    let reference = format!("oci://{}/acme/made", web.host());
    let refused = drivers(&project, &["publish", "made.wasm", &reference]).expect(3);
    assert!(refused.stderr.contains("another server"), "{}", refused.stderr);
    assert!(elsewhere.seen().is_empty());
}

#[test]
fn interrupted_download_leaves_nothing() {
    let good = wasm::touched(&driver("test.made", "1.0.0", ""));
    let listed = manifest(&good);
    let slow = registry(listed, move |_, stream| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", good.len());
        let _ = stream.write_all(&[head.as_bytes(), &good[..good.len() / 2]].concat());
        // Until the client has disconnected.
        let _ = std::io::Read::read(stream, &mut [0]);
    });
    let project = new_project();
    let before = project.files();
    let reference = format!("oci://{}/acme/made:1", slow.host());
    let running = project.osiris(["drivers", "add", &reference]).start();
    osiris_tests::wait::wait_for("the blob to be asked for", Duration::from_secs(30), || {
        slow.seen().iter().any(is_blob).then_some(())
    });
    running.interrupt();
    assert_ne!(running.finish().code(), Some(0));
    assert_eq!(project.files(), before);
}
