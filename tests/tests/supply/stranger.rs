//! A lockfile from an untrusted project cannot name local addresses or files, and a login is not
//! sent to servers that a registry names.

use std::fs;

use osiris_tests::secret::{SECRET, assert_hidden, assert_none};
use osiris_tests::web::{Web, reply};
use osiris_tests::{Finished, TestProject};

use crate::kit::{driver, drivers, new_project};

/// Returns a lockfile with one missing driver from this source.
fn lock(source: &str) -> String {
    let sha256 = "0123456789abcdef".repeat(4);
    format!(
        "---\ndrivers:\n  test.made:\n    grants: []\n    sha256: {sha256}\n    size: 100\n    source: '{source}'\n    version: 1.0.0\nversion: 1\n"
    )
}

/// Creates a project as cloned from somebody else.
fn cloned(source: &str) -> TestProject {
    let project = TestProject::new();
    project.write("osiris.yaml", "version: 1\n");
    project.write("osiris.lock", lock(source));
    project
}

/// Returns the sha256 of a file, according to `sha256sum`.
fn sha256(path: &str) -> String {
    let output = std::process::Command::new("sha256sum").arg(path).output().expect("it runs");
    String::from_utf8_lossy(&output.stdout)[..64].to_owned()
}

#[test]
fn lockfile_source_outside_the_project_is_not_read() {
    let secret = TestProject::new();
    secret.write("secret.txt", SECRET);
    let outside = secret.path("secret.txt").display().to_string();
    for source in
        [outside.as_str(), "/etc/passwd", "/proc/self/environ", "../x", "link", "./a/../link"]
    {
        let project = cloned(source);
        std::os::unix::fs::symlink(&outside, project.path("link")).expect("links can be made");
        for command in [&["sync"][..], &["update"]] {
            let refused = drivers(&project, command).expect(3);
            let text = format!("{}{}", refused.stdout, refused.stderr);
            assert!(text.contains("names a file outside the project"), "{source}: {text}");
            assert!(text.contains("--allow-local"), "{source}: {text}");
            for file in [outside.as_str(), "/etc/passwd"] {
                assert!(!text.contains(&sha256(file)), "{source}: {text}");
            }
        }
    }
    // A file in the project is read, but its hash is not revealed either.
    let project = cloned(".env");
    project.write(".env", format!("PASSWORD='{SECRET}'\n"));
    let hash = sha256(&project.path(".env").display().to_string());
    let refused = drivers(&project, &["sync"]);
    assert_ne!(refused.code(), Some(0));
    assert!(!refused.stderr.contains(&hash), "{}", refused.stderr);
    assert_none("stderr", &refused.stderr);
}

#[test]
fn lockfile_source_on_this_machine_is_not_requested() {
    let web = Web::start(|_, stream| reply(stream, "200 OK", &[], b"done"));
    let port = web.host().rsplit(':').next().expect("a port").to_owned();
    for host in ["127.0.0.1", "localhost", "127.1", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"] {
        let sources = [
            format!("http://{host}:{port}/shutdown?now=1"),
            format!("https://{host}:{port}/shutdown?now=1"),
            format!("oci://{host}:{port}/acme/made:1"),
        ];
        for source in sources {
            let project = cloned(&source);
            for arguments in [&["sync"][..], &["sync", "--insecure"], &["update", "--insecure"]] {
                let refused = drivers(&project, arguments);
                assert_ne!(refused.code(), Some(0), "{source}");
                assert_eq!(web.seen().len(), 0, "{source} {arguments:?}: {}", refused.stderr);
            }
        }
    }
    // `.env` of the project is untrusted, too.
    let project = cloned(&format!("http://127.0.0.1:{port}/x"));
    project.write(".env", "OSIRIS_ALLOW_LOCAL=1\n");
    let refused = drivers(&project, &["sync"]).expect(3);
    assert!(refused.stderr.contains("this machine"), "{}", refused.stderr);
    assert!(refused.stderr.contains("--allow-local"), "{}", refused.stderr);
    assert_eq!(web.seen().len(), 0);
    // The user can allow it explicitly.
    let _ = drivers(&project, &["sync", "--allow-local"]);
    let _ = project.osiris(["drivers", "sync"]).env("OSIRIS_ALLOW_LOCAL", "1").run();
    assert_eq!(web.seen().len(), 2);
}

#[test]
fn driver_added_locally_is_fetched_again() {
    let bytes = driver("test.made", "1.0.0", "");
    let web = Web::start(move |_, stream| reply(stream, "200 OK", &[], &bytes));
    let project = new_project();
    drivers(&project, &["add", &format!("http://{}/made.wasm", web.host())]).expect(0);
    fs::remove_file(project.path("drivers/test.made.wasm")).expect("it is there");
    drivers(&project, &["sync"]).expect(0);
    assert_eq!(web.seen().len(), 2);
}

/// Starts a registry that requires a token from another server.
fn registry(realm: String) -> Web {
    Web::start(move |_, stream| {
        let wants = format!("WWW-Authenticate: Bearer realm=\"{realm}\",service=\"x\"");
        reply(stream, "401 Unauthorized", &[wants], b"");
    })
}

fn add(project: &TestProject, web: &Web, more: &[(&str, &str)]) -> Finished {
    let reference = format!("oci://{}/acme/made:1", web.host());
    let mut command = project.osiris(["drivers", "add", &reference]);
    for (name, value) in more {
        command = command.env(name, value);
    }
    command
        .env("OSIRIS_REGISTRY", web.host())
        .env("OSIRIS_REGISTRY_USER", "me")
        .env("OSIRIS_REGISTRY_PASSWORD", SECRET)
        .run()
}

#[test]
fn login_is_sent_only_to_the_registrys_token_server() {
    let thief = Web::start(|_, stream| reply(stream, "200 OK", &[], br#"{"token":"t"}"#));
    let port = thief.host().rsplit(':').next().expect("a port").to_owned();
    for host in ["localhost", "127.0.0.2"] {
        let web = registry(format!("http://{host}:{port}/token"));
        let project = new_project();
        project.write(".env", format!("OSIRIS_REGISTRY_TOKEN_SERVER={host}:{port}\n"));
        let refused = add(&project, &web, &[]).expect(3);
        assert!(refused.stderr.contains("is another server"), "{}", refused.stderr);
        assert!(refused.stderr.contains("OSIRIS_REGISTRY_TOKEN_SERVER"), "{}", refused.stderr);
        assert_hidden(&project, &refused);
        assert_eq!(thief.seen().len(), 0, "{host}");
    }
    // The user can name the token server that belongs to the registry.
    let own = format!("localhost:{port}");
    let web = registry(format!("http://{own}/token"));
    let _ = add(&new_project(), &web, &[("OSIRIS_REGISTRY_TOKEN_SERVER", &own)]);
    assert!(thief.seen()[0].header("authorization").is_some());
}

#[test]
fn redirect_is_checked_by_resolved_address() {
    let inner = Web::start(|_, stream| reply(stream, "200 OK", &[], b"inner"));
    let port = inner.host().rsplit(':').next().expect("a port").to_owned();
    // A local server may redirect to this machine, by any name, but not to link-local addresses.
    for (host, seen) in [("127.0.0.1", 1), ("169.254.169.254", 1), ("10.255.255.254", 1)] {
        let to = format!("Location: http://{host}:{port}/x");
        let web =
            Web::start(move |_, stream| reply(stream, "302 Found", std::slice::from_ref(&to), b""));
        let project = new_project();
        let add =
            drivers(&project, &["add", &format!("http://{}/x.wasm", web.host()), "--insecure"]);
        assert_ne!(add.code(), Some(0));
        assert_eq!(inner.seen().len(), seen, "{host}: {}", add.stderr);
        assert!(!project.exists("osiris.lock"));
    }
}
