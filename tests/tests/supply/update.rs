//! `update`: new versions and the permissions that they ask for.

use crate::kit::{REGISTRY, driver, drivers, project, said};

#[test]
fn a_version_that_asks_for_more_must_be_accepted() {
    let sandbox = project();
    let reference = format!("oci://{}/rights/made", REGISTRY.host());
    let publish = |version: &str, more: &str| {
        sandbox.write("new.wasm", driver("test.made", version, more));
        drivers(&sandbox, &["publish", "new.wasm", &reference]).expect(0);
    };
    publish("1.0.0", "files: {read: [/path]}\nlimits: {memory: 64MiB}\n");
    drivers(&sandbox, &["add", &reference]).expect(0);
    sandbox.write("other.wasm", driver("test.other", "1.0.0", ""));
    drivers(&sandbox, &["add", "other.wasm"]).expect(0);
    let mut texts = vec![said(&drivers(&sandbox, &["update"]).expect(0), &sandbox)];

    publish("1.1.0", "network: [{host: collect.example, port: 443}]\n");
    sandbox.write("other.wasm", driver("test.other", "1.0.1", ""));
    let before = (sandbox.files(), sandbox.read("osiris.lock"));
    for arguments in [&["update", "--dry-run"][..], &["update"]] {
        texts.push(said(&drivers(&sandbox, arguments), &sandbox));
        assert_eq!((sandbox.files(), sandbox.read("osiris.lock")), before, "{arguments:?}");
    }
    let json = drivers(&sandbox, &["update", "--dry-run", "--json"]).expect(0).json();
    let more = json["updated"][0]["more_rights"].as_array().map(Vec::len);
    assert_eq!(more, Some(2), "{json}");
    // A driver that asks for no more is updated.
    texts.push(said(&drivers(&sandbox, &["update", "test.other"]).expect(0), &sandbox));
    texts.push(said(&drivers(&sandbox, &["update", "--accept-rights"]).expect(0), &sandbox));
    texts.push(said(&drivers(&sandbox, &["update", "test.mode"]).expect(2), &sandbox));
    insta::assert_snapshot!(texts.join("\n"));
    drivers(&sandbox, &["sync", "--check"]).expect(0);
    assert!(sandbox.read("osiris.lock").contains("dials: collect.example port 443"));
}
