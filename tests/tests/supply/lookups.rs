//! `search`.

use services::registry::Registry;

use crate::kit::{driver, drivers, project, said};

#[test]
fn a_search_finds_by_name_and_by_title() {
    let registry = Registry::start(None).expect("the registry starts");
    let sandbox = project();
    for (name, version) in
        [("test.alpha", "1.0.0"), ("test.alpha", "1.10.0"), ("test.beta", "0.9.0")]
    {
        let role = name.trim_start_matches("test.");
        sandbox.write("one.wasm", driver(name, version, ""));
        let reference = format!("oci://{}/acme/{role}-driver", registry.host());
        drivers(&sandbox, &["publish", "one.wasm", &reference]).expect(0);
    }
    let mut texts = Vec::new();
    for arguments in [
        &["search"][..],
        &["search", "ALPHA"],
        &["search", "made for test.b"],
        &["search", "nothing"],
    ] {
        let host = registry.host();
        let found = drivers(&sandbox, &[arguments, &["--registry", &host]].concat()).expect(0);
        texts.push(said(&found, &sandbox));
    }
    texts.push(said(&drivers(&sandbox, &["search", "x"]).expect(2), &sandbox));
    insta::assert_snapshot!(texts.join("\n"));
    let found = sandbox.osiris(["drivers", "search", "beta", "--json"]);
    let found = found.env("OSIRIS_REGISTRY", registry.host()).run().expect(0).json();
    assert_eq!(found["drivers"][0]["version"], "0.9.0", "{found}");
}

#[test]
fn long_lists_come_page_by_page() {
    let registry = Registry::start(None).expect("the registry starts");
    let sandbox = project();
    let tags = format!("oci://{}/many/made", registry.host());
    for version in ["1.0.0", "1.0.2", "1.0.1"] {
        sandbox.write("made.wasm", driver("test.made", version, ""));
        drivers(&sandbox, &["publish", "made.wasm", &tags]).expect(0);
    }
    drivers(&sandbox, &["add", &tags]).expect(0);
    assert!(sandbox.read("osiris.lock").contains("version: 1.0.2"));
}
