//! A real registry.

use osiris_tests::TestProject;

use crate::kit::{REGISTRY, driver, drivers, new_project, said};

#[test]
fn published_driver_is_added_unchanged() {
    let project = new_project();
    let reference = format!("oci://{}/kept/made", REGISTRY.host());
    let first = drivers(&project, &["publish", "made.wasm", &reference]).expect(0);
    let again = drivers(&project, &["publish", "made.wasm", &reference]).expect(0);
    let json = drivers(&project, &["publish", "made.wasm", &reference, "--json"]).expect(0).json();
    assert_eq!((&json["unchanged"], &json["version"]), (&true.into(), &"1.0.0".into()), "{json}");
    let other = TestProject::new();
    other.write("osiris.yaml", "version: 1\n");
    let added = drivers(&other, &["add", &reference]).expect(0);
    insta::assert_snapshot!([first, again, added].map(|one| said(&one, &project)).join("\n"));
    let bytes =
        |project: &TestProject, path| std::fs::read(project.path(path)).expect("it is there");
    assert_eq!(bytes(&other, "drivers/test.made.wasm"), bytes(&project, "made.wasm"));
    let lock = other.read("osiris.lock");
    assert!(lock.contains(&format!("source: \"{reference}\"")), "{lock}");
    let digest = json["digest"].as_str().expect("a digest");
    assert!(lock.contains(digest), "{lock}");
    // By digest, and by tag.
    for reference in [format!("{reference}@{digest}"), format!("{reference}:1.0.0")] {
        let project = new_project();
        drivers(&project, &["add", &reference]).expect(0);
    }
}

#[test]
fn published_tag_is_replaced_only_by_force() {
    let project = new_project();
    let reference = format!("oci://{}/taken/made:stable", REGISTRY.host());
    drivers(&project, &["publish", "made.wasm", &reference]).expect(0);
    drivers(&project, &["add", &reference]).expect(0);
    project.write("made.wasm", driver("test.made", "1.0.1", ""));
    let refused = drivers(&project, &["publish", "made.wasm", &reference]).expect(1);
    assert!(refused.stderr.contains("already exists with different content"), "{}", refused.stderr);
    drivers(&project, &["publish", "made.wasm", &reference, "--force"]).expect(0);
    // The lockfile keeps the version that the tag referred to before.
    std::fs::remove_file(project.path("drivers/test.made.wasm")).expect("it is there");
    drivers(&project, &["sync"]).expect(0);
    let shown = drivers(&project, &["show", "test.made", "--json"]).expect(0).json();
    assert_eq!(shown["spec"]["version"], "1.0.0");
    let news = drivers(&project, &["update", "--dry-run", "--json"]).expect(0).json();
    assert_eq!(news["updated"][0]["new"]["version"], "1.0.1", "{news}");
    drivers(&project, &["sync", "--check"]).expect(0);
    drivers(&project, &["update"]).expect(0);
    let shown = drivers(&project, &["show", "test.made", "--json"]).expect(0).json();
    assert_eq!(shown["spec"]["version"], "1.0.1");
}

#[test]
fn missing_package_error_has_help() {
    let project = new_project();
    let host = REGISTRY.host();
    drivers(&project, &["publish", "made.wasm", &format!("oci://{host}/odd/made:edge")]).expect(0);
    let mut texts = Vec::new();
    for reference in ["none/such", "none/such:1.0.0", "odd/made", "odd/made:2.0.0"] {
        let refused = drivers(&project, &["add", &format!("oci://{host}/{reference}")]);
        texts.push(said(&refused, &project));
    }
    project.write("not.wasm", "not");
    let reference = format!("oci://{host}/none/such");
    texts.push(said(&drivers(&project, &["publish", "not.wasm", &reference]), &project));
    // Port 1 refuses connections.
    texts.push(said(&drivers(&project, &["add", "oci://127.0.0.1:1/a/b"]), &project));
    insta::assert_snapshot!(texts.join("\n"));
    assert_eq!(project.files(), ["made.wasm", "not.wasm", "osiris.yaml"]);
}
