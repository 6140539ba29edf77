//! A real registry.

use osiris_tests::Sandbox;

use crate::kit::{REGISTRY, driver, drivers, project, said};

#[test]
fn what_is_published_is_what_is_added() {
    let sandbox = project();
    let reference = format!("oci://{}/kept/made", REGISTRY.host());
    let first = drivers(&sandbox, &["publish", "made.wasm", &reference]).expect(0);
    let again = drivers(&sandbox, &["publish", "made.wasm", &reference]).expect(0);
    let json = drivers(&sandbox, &["publish", "made.wasm", &reference, "--json"]).expect(0).json();
    assert_eq!((&json["unchanged"], &json["version"]), (&true.into(), &"1.0.0".into()), "{json}");
    let other = Sandbox::new();
    other.write("osiris.yaml", "version: 1\n");
    let added = drivers(&other, &["add", &reference]).expect(0);
    insta::assert_snapshot!([first, again, added].map(|one| said(&one, &sandbox)).join("\n"));
    let bytes = |sandbox: &Sandbox, path| std::fs::read(sandbox.path(path)).expect("it is there");
    assert_eq!(bytes(&other, "drivers/test.made.wasm"), bytes(&sandbox, "made.wasm"));
    let lock = other.read("osiris.lock");
    assert!(lock.contains(&format!("source: \"{reference}\"")), "{lock}");
    let digest = json["digest"].as_str().expect("a digest");
    assert!(lock.contains(digest), "{lock}");
    // By digest, and by tag.
    for reference in [format!("{reference}@{digest}"), format!("{reference}:1.0.0")] {
        let sandbox = project();
        drivers(&sandbox, &["add", &reference]).expect(0);
    }
}

#[test]
fn a_tag_keeps_its_bytes_unless_it_is_forced() {
    let sandbox = project();
    let reference = format!("oci://{}/taken/made:stable", REGISTRY.host());
    drivers(&sandbox, &["publish", "made.wasm", &reference]).expect(0);
    drivers(&sandbox, &["add", &reference]).expect(0);
    sandbox.write("made.wasm", driver("test.made", "1.0.1", ""));
    let refused = drivers(&sandbox, &["publish", "made.wasm", &reference]).expect(1);
    assert!(refused.stderr.contains("is there with other bytes"), "{}", refused.stderr);
    drivers(&sandbox, &["publish", "made.wasm", &reference, "--force"]).expect(0);
    // The lockfile keeps the version that the tag referred to before.
    std::fs::remove_file(sandbox.path("drivers/test.made.wasm")).expect("it is there");
    drivers(&sandbox, &["sync"]).expect(0);
    let shown = drivers(&sandbox, &["show", "test.made", "--json"]).expect(0).json();
    assert_eq!(shown["spec"]["version"], "1.0.0");
    let news = drivers(&sandbox, &["update", "--dry-run", "--json"]).expect(0).json();
    assert_eq!(news["updated"][0]["new"]["version"], "1.0.1", "{news}");
    drivers(&sandbox, &["sync", "--check"]).expect(0);
    drivers(&sandbox, &["update"]).expect(0);
    let shown = drivers(&sandbox, &["show", "test.made", "--json"]).expect(0).json();
    assert_eq!(shown["spec"]["version"], "1.0.1");
}

#[test]
fn what_is_not_there_is_said_with_a_way_on() {
    let sandbox = project();
    let host = REGISTRY.host();
    drivers(&sandbox, &["publish", "made.wasm", &format!("oci://{host}/odd/made:edge")]).expect(0);
    let mut texts = Vec::new();
    for reference in ["none/such", "none/such:1.0.0", "odd/made", "odd/made:2.0.0"] {
        let refused = drivers(&sandbox, &["add", &format!("oci://{host}/{reference}")]);
        texts.push(said(&refused, &sandbox));
    }
    sandbox.write("not.wasm", "not");
    let reference = format!("oci://{host}/none/such");
    texts.push(said(&drivers(&sandbox, &["publish", "not.wasm", &reference]), &sandbox));
    // Port 1 refuses connections.
    texts.push(said(&drivers(&sandbox, &["add", "oci://127.0.0.1:1/a/b"]), &sandbox));
    insta::assert_snapshot!(texts.join("\n"));
    assert_eq!(sandbox.files(), ["made.wasm", "not.wasm", "osiris.yaml"]);
}
