//! `update`: new versions and the permissions that they ask for.

use crate::kit::{REGISTRY, driver, drivers, new_project, said};

#[test]
fn version_with_more_permissions_requires_acceptance() {
    let project = new_project();
    let reference = format!("oci://{}/rights/made", REGISTRY.host());
    let publish = |version: &str, more: &str| {
        project.write("new.wasm", driver("test.made", version, more));
        drivers(&project, &["publish", "new.wasm", &reference]).expect(0);
    };
    publish("1.0.0", "files: {read: [/path]}\nlimits: {memory: 64MiB}\n");
    drivers(&project, &["add", &reference]).expect(0);
    project.write("other.wasm", driver("test.other", "1.0.0", ""));
    drivers(&project, &["add", "other.wasm"]).expect(0);
    let mut texts = vec![said(&drivers(&project, &["update"]).expect(0), &project)];

    publish("1.1.0", "network: [{host: collect.example, port: 443}]\n");
    project.write("other.wasm", driver("test.other", "1.0.1", ""));
    let before = (project.files(), project.read("osiris.lock"));
    for arguments in [&["update", "--dry-run"][..], &["update"]] {
        texts.push(said(&drivers(&project, arguments), &project));
        assert_eq!((project.files(), project.read("osiris.lock")), before, "{arguments:?}");
    }
    let json = drivers(&project, &["update", "--dry-run", "--json"]).expect(0).json();
    let more = json["updated"][0]["added_permissions"].as_array().map(Vec::len);
    assert_eq!(more, Some(2), "{json}");
    // A driver that asks for no more is updated.
    texts.push(said(&drivers(&project, &["update", "test.other"]).expect(0), &project));
    texts.push(said(&drivers(&project, &["update", "--accept-rights"]).expect(0), &project));
    texts.push(said(&drivers(&project, &["update", "test.mode"]).expect(2), &project));
    insta::assert_snapshot!(texts.join("\n"));
    drivers(&project, &["sync", "--check"]).expect(0);
    assert!(project.read("osiris.lock").contains("dials: collect.example port 443"));
}
