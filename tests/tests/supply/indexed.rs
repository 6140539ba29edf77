//! Indexes of drivers: names instead of addresses.

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use osiris_tests::snapshot::replace;
use osiris_tests::web::{Request, Web, reply};
use osiris_tests::{Finished, TestProject};

use crate::kit::{REGISTRY, driver, drivers, said};

/// An author of drivers with a folder, a key and a web server that serves the folder.
struct Author {
    folder: TestProject,
    key: String,
    web: Web,
    /// Whether the server drops every connection.
    down: Arc<AtomicBool>,
}

impl Author {
    fn new() -> Self {
        let folder = TestProject::new();
        let keygen = drivers(&folder, &["keygen", "--out", "my.key", "--json"]).expect(0).json();
        let key = keygen["public_key"].as_str().expect("a key").to_owned();
        let (root, down) = (folder.root(), Arc::new(AtomicBool::new(false)));
        let is_down = down.clone();
        let web = Web::start(move |request: &Request, stream: &mut TcpStream| {
            if is_down.load(Relaxed) {
                return;
            }
            match std::fs::read(root.join(request.path.trim_start_matches('/'))) {
                Ok(bytes) => reply(stream, "200 OK", &[], &bytes),
                Err(_) => reply(stream, "404 Not Found", &[], b""),
            }
        });
        Self { folder, key, web, down }
    }

    /// Enters a version of a driver into the index.
    fn release(&self, name: &str, version: &str, more: &str) {
        let file = format!("{name}-{version}.wasm");
        self.folder.write(&file, driver(name, version, more));
        self.index(&[&file]).expect(0);
    }

    fn index(&self, arguments: &[&str]) -> Finished {
        let all = [&["index", "drivers.json", "--key", "my.key"], arguments].concat();
        drivers(&self.folder, &all)
    }

    /// Creates a project with the author's index.
    fn user(&self) -> TestProject {
        project(&format!("http://{}/drivers.json", self.web.host()), &self.key)
    }
}

fn project(source: &str, key: &str) -> TestProject {
    let project = TestProject::new();
    project.write(
        "osiris.yaml",
        format!(
            "version: 1\ndrivers:\n  indexes:\n    acme: {{source: \"{source}\", key: \"{key}\"}}\n"
        ),
    );
    project
}

/// Runs `osiris drivers` in a project whose user trusts servers on this machine.
fn local(project: &TestProject, arguments: &[&str]) -> Finished {
    let all = ["drivers"].iter().chain(arguments);
    project.osiris(all).env("OSIRIS_ALLOW_LOCAL", "1").run()
}

fn text(finished: &Finished, project: &TestProject) -> String {
    let text = said(finished, project);
    let text = replace(&text, "osiris-key:[A-Za-z0-9_-]{43}", "osiris-key:[KEY]");
    let text = replace(&text, "rm .*/indexes/[0-9a-f]{64}.json", "rm [COPY]");
    replace(&text, "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2} UTC", "[TIME]")
}

#[test]
fn driver_is_found_added_and_updated_by_name() {
    let author = Author::new();
    author.release("acme.crm", "1.2.0", "network: [{host: crm.acme.example, port: 443}]\n");
    author.release("acme.crm", "1.10.0-rc.1", "");
    author.release("acme.shop", "0.1.0", "");
    let project = author.user();
    let mut texts = Vec::new();
    for arguments in [
        &["search", "ACME."][..],
        &["search", "xyzzy"],
        &["info", "acme.crm"],
        &["info", "acme.crm@1.10.0-rc.1"],
        &["add", "acme.crm"],
        &["add", "acme.cmr"],
        &["add", "acme.crm@9.0.0"],
        &["add", "acme.crm", "--index", "acne"],
    ] {
        texts.push(text(&local(&project, arguments), &project));
    }
    let lock = project.read("osiris.lock");
    assert!(lock.contains("index: acme\n"), "{lock}");
    let source = format!("source: \"http://{}/acme.crm-1.2.0.wasm\"", author.web.host());
    assert!(lock.contains(&source), "{lock}");
    let original = author.folder.path("acme.crm-1.2.0.wasm");
    let bytes = std::fs::read(original).expect("it was published");
    assert_eq!(std::fs::read(project.path("drivers/acme.crm.wasm")).expect("it is there"), bytes);
    // The lockfile leads to the real source.
    std::fs::remove_file(project.path("drivers/acme.crm.wasm")).expect("it is there");
    local(&project, &["sync"]).expect(0);
    texts.push(text(&local(&project, &["update"]).expect(0), &project));
    author.release("acme.crm", "1.3.0", "network: [{host: crm.acme.example, port: 443}]\n");
    texts.push(text(&local(&project, &["update"]).expect(0), &project));
    assert!(project.read("osiris.lock").contains("acme.crm-1.3.0.wasm"));
    local(&project, &["sync", "--check"]).expect(0);
    insta::assert_snapshot!(texts.join("\n"));
    let found = local(&project, &["info", "acme.crm", "--json"]).expect(0).json();
    assert_eq!(found["versions"].as_array().map(Vec::len), Some(3), "{found}");
    assert_eq!((&found["selected"], &found["sequence"]), (&"1.3.0".into(), &4.into()), "{found}");
}

#[test]
fn index_that_cannot_be_trusted_is_refused() {
    let author = Author::new();
    author.release("acme.crm", "1.0.0", "");
    let old = author.folder.read("drivers.json");
    author.release("acme.crm", "1.1.0", "");
    let new = author.folder.read("drivers.json");
    let project = author.user();
    local(&project, &["search"]).expect(0);
    let other = Author::new();
    other.release("acme.crm", "6.6.6", "");
    let mut texts = Vec::new();
    for (name, content) in [
        ("another key", other.folder.read("drivers.json")),
        ("changed", new.replace("1.1.0", "1.1.1")),
        ("unsigned", new.lines().take(new.lines().count() - 1).collect::<Vec<_>>().join("\n")),
        ("not an index", "<html>\n".to_owned()),
        ("empty", String::new()),
        ("truncated", new[..new.len() / 2].to_owned()),
        ("too large", format!("{{{}", " ".repeat(9 << 20))),
        ("older", old),
    ] {
        author.folder.write("drivers.json", content);
        for arguments in [&["search"][..], &["info", "acme.crm"], &["add", "acme.crm"]] {
            let refused = local(&project, arguments);
            assert_ne!(refused.code(), Some(0), "{name}: {}", refused.stdout);
            if arguments == ["add", "acme.crm"] {
                texts.push(format!("## {name}\n{}", text(&refused, &project)));
            }
        }
        let json = local(&project, &["add", "acme.crm", "--json"]).json();
        assert_eq!(json["status"], "error", "{json}");
        assert_eq!(project.files(), ["osiris.yaml"]);
    }
    insta::assert_snapshot!(texts.join("\n"));
    // The good one is still good.
    author.folder.write("drivers.json", new);
    local(&project, &["add", "acme.crm"]).expect(0);
}

#[test]
fn copy_is_used_while_the_server_is_down() {
    let author = Author::new();
    author.release("acme.crm", "1.0.0", "");
    let project = author.user();
    author.down.store(true, Relaxed);
    let first = local(&project, &["search", "acme.crm"]).expect(3);
    author.down.store(false, Relaxed);
    local(&project, &["search"]).expect(0);
    author.down.store(true, Relaxed);
    let second = local(&project, &["search", "acme.crm"]).expect(0);
    let json = local(&project, &["search", "acme.crm", "--json"]).expect(0);
    assert_eq!(json.json()["offline_copies"][0], "acme", "{}", json.stdout);
    assert_eq!(json.stderr, "");
    // The driver itself has no copy.
    let third = local(&project, &["add", "acme.crm"]).expect(3);
    let texts = [first, second, third].map(|one| text(&one, &project));
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn index_of_a_cloned_project_reaches_no_local_server() {
    let author = Author::new();
    author.release("acme.crm", "1.0.0", "");
    let project = author.user();
    let refused = drivers(&project, &["search"]).expect(3);
    assert!(refused.stderr.contains("connection denied"), "{}", refused.stderr);
    assert!(refused.stderr.contains("--allow-local"), "{}", refused.stderr);
    assert!(author.web.seen().is_empty());
    drivers(&project, &["search", "--allow-local"]).expect(0);
    let secret = author.folder.path("drivers.json");
    let outside = self::project(secret.to_str().expect("a path"), &author.key);
    let refused = drivers(&outside, &["search"]).expect(3);
    assert!(refused.stderr.contains("`osiris.yaml` names a file outside"), "{}", refused.stderr);
}

#[test]
fn index_in_the_project_is_a_file() {
    let author = Author::new();
    author.release("acme.crm", "1.0.0", "");
    let project = project("share/drivers.json", &author.key);
    for file in ["drivers.json", "acme.crm-1.0.0.wasm"] {
        let bytes = std::fs::read(author.folder.path(file)).expect("it was published");
        project.write(format!("share/{file}"), bytes);
    }
    drivers(&project, &["add", "acme.crm"]).expect(0);
    assert!(project.read("osiris.lock").contains("source: share/acme.crm-1.0.0.wasm"));
    std::fs::remove_file(project.path("drivers/acme.crm.wasm")).expect("it is there");
    drivers(&project, &["sync"]).expect(0);
    drivers(&project, &["update"]).expect(0);
}

#[test]
fn driver_must_be_the_one_that_the_index_lists() {
    let author = Author::new();
    author.release("acme.crm", "1.0.0", "");
    let project = author.user();
    author.folder.write("acme.crm-1.0.0.wasm", driver("acme.crm", "1.0.0", "limits: {cpu: 50}\n"));
    let changed = local(&project, &["add", "acme.crm"]).expect(1);
    author.folder.write("acme.crm-1.0.0.wasm", driver("acme.shop", "1.0.0", ""));
    let replaced = author.index(&["acme.crm-1.0.0.wasm"]).expect(0);
    assert!(replaced.stdout.contains("acme.shop"), "{}", replaced.stdout);
    // The same version with other content is only replaced on request.
    author.folder.write("acme.crm-1.0.0.wasm", driver("acme.crm", "1.0.0", "limits: {cpu: 50}\n"));
    let taken = author.index(&["acme.crm-1.0.0.wasm"]).expect(1);
    author.index(&["acme.crm-1.0.0.wasm", "--replace"]).expect(0);
    local(&project, &["add", "acme.crm"]).expect(0);
    let foreign = drivers(&author.folder, &["keygen", "--out", "other.key"]).expect(0);
    assert!(foreign.stdout.contains("other.key"));
    let other = ["index", "drivers.json", "acme.crm-1.0.0.wasm", "--key", "other.key"];
    let denied = drivers(&author.folder, &other).expect(2);
    let outside = TestProject::new();
    outside.write("made.wasm", driver("test.made", "1.0.0", ""));
    let elsewhere = outside.path("made.wasm");
    let elsewhere = author.index(&[elsewhere.to_str().expect("a path")]).expect(2);
    let texts = [changed, taken, denied, elsewhere].map(|one| {
        replace(&text(&one, &author.folder), "/[^ ]*/made.wasm", "[ELSEWHERE]/made.wasm")
    });
    insta::assert_snapshot!(replace(&texts.join("\n"), "[0-9a-f]{64}", "[SHA256]"));
}

#[test]
fn several_indexes_never_replace_each_other() {
    let (one, two) = (Author::new(), Author::new());
    one.release("acme.crm", "1.0.0", "");
    two.release("acme.crm", "9.9.9", "");
    two.release("acme.shop", "1.0.0", "");
    let project = TestProject::new();
    let index = |author: &Author| {
        format!("{{source: \"http://{}/drivers.json\", key: other}}", author.web.host())
            .replace("other", &format!("\"{}\"", author.key))
    };
    let (first, second) = (index(&one), index(&two));
    let settings =
        format!("version: 1\ndrivers:\n  indexes:\n    one: {first}\n    two: {second}\n");
    project.write("osiris.yaml", settings);
    let mut texts = vec![text(&local(&project, &["search", "acme."]).expect(0), &project)];
    texts.push(text(&local(&project, &["add", "acme.crm"]).expect(2), &project));
    texts.push(text(&local(&project, &["add", "acme.crm", "--index", "one"]).expect(0), &project));
    insta::assert_snapshot!(replace(&texts.join("\n"), "[0-9a-f]{64}", "[SHA256]"));
    local(&project, &["add", "acme.shop"]).expect(0);
    assert!(project.read("osiris.lock").contains("index: two"));
}

#[test]
fn index_and_drivers_are_published_to_a_registry() {
    let author = Author::new();
    let host = REGISTRY.host();
    let at = |name: &str| format!("oci://{host}/indexed/{name}");
    author.folder.write("crm.wasm", driver("acme.crm", "1.0.0", ""));
    let publish = |arguments: &[&str]| drivers(&author.folder, arguments);
    let first = ["publish", "crm.wasm", &at("crm"), "--index", "oci.json", "--key", "my.key"];
    publish(&first).expect(0);
    let mut texts = vec![text(&publish(&first).expect(0), &author.folder)];
    let index = ["publish", "oci.json", &at("drivers")];
    texts.push(text(&publish(&index).expect(0), &author.folder));
    texts.push(text(&publish(&index).expect(0), &author.folder));

    let project = project(&at("drivers"), &author.key);
    local(&project, &["add", "acme.crm"]).expect(0);
    let lock = project.read("osiris.lock");
    assert!(lock.contains(&format!("source: \"{}:1.0.0\"", at("crm"))), "{lock}");
    author.folder.write("crm.wasm", driver("acme.crm", "1.1.0", ""));
    publish(&first).expect(0);
    publish(&index).expect(0);
    texts.push(text(&local(&project, &["update"]).expect(0), &project));

    // An index is no driver, and a driver is no index.
    texts.push(text(&local(&project, &["add", &at("drivers:latest")]).expect(2), &project));
    let wrong = self::project(&at("crm:1.0.0"), &author.key);
    texts.push(text(&local(&wrong, &["search"]).expect(2), &wrong));
    let over = ["publish", "oci.json", &at("crm:1.0.0")];
    texts.push(text(&publish(&over).expect(1), &author.folder));
    let all = replace(&texts.join("\n"), "[0-9a-f]{64}", "[SHA256]");
    insta::assert_snapshot!(all);
}

#[test]
fn driver_of_osiris_is_pinned_by_name() {
    let project = TestProject::new();
    project.write("osiris.yaml", "version: 1\n");
    let near = drivers(&project, &["add", "filesystem.csv_extractr"]).expect(2);
    assert!(near.stderr.contains("did you mean `filesystem.csv_extractor`?"), "{}", near.stderr);
    let version = drivers(&project, &["add", "filesystem.csv_extractor@99.0.0"]).expect(2);
    assert!(version.stderr.contains("osiris comes with version 1.0.0"), "{}", version.stderr);
    let info = drivers(&project, &["info", "filesystem.csv_extractor"]).expect(0);
    assert!(info.stdout.contains("comes with osiris"), "{}", info.stdout);
    drivers(&project, &["add", "filesystem.csv_extractor"]).expect(0);
    let lock = project.read("osiris.lock");
    assert!(lock.contains("source: \"osiris://filesystem.csv_extractor\""), "{lock}");
    // The pinned copy is the one that runs.
    project.write("in.csv", "a,b\n1,2\n");
    project.write("pipeline.yaml", "oml_version: 0.1.0\nname: copy\nsteps:\n  - {id: read, component: filesystem.csv_extractor, mode: read, config: {path: in.csv}}\n  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: out.csv}}\n");
    project.osiris(["run", "pipeline.yaml"]).run().expect(0);
    let list = drivers(&project, &["list", "--json"]).expect(0);
    let listed = list.json()["drivers"].clone();
    let pinned = listed.as_array().into_iter().flatten();
    let pinned = pinned.filter(|one| one["name"] == "filesystem.csv_extractor");
    assert_eq!(pinned.map(|one| one["built_in"].clone()).collect::<Vec<_>>(), [false]);
    std::fs::remove_file(project.path("drivers/filesystem.csv_extractor.wasm"))
        .expect("it is there");
    drivers(&project, &["sync"]).expect(0);
    drivers(&project, &["update"]).expect(0);
    // Another osiris comes with another version.
    let sha256 = "0123456789abcdef".repeat(4);
    project
        .write("osiris.lock", replace(&lock, "sha256: [0-9a-f]{64}", &format!("sha256: {sha256}")));
    let other = drivers(&project, &["sync"]).expect(1);
    assert!(
        other.stderr.contains("osiris drivers update filesystem.csv_extractor"),
        "{}",
        other.stderr
    );
}
