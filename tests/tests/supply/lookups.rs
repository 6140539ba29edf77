//! `search`.

use osiris_tests::web::{Web, reply};
use services::registry::Registry;

use crate::kit::{driver, drivers, new_project, said};

#[test]
fn search_matches_name_and_title() {
    let registry = Registry::start(None).expect("the registry starts");
    let project = new_project();
    for (name, version) in
        [("test.alpha", "1.0.0"), ("test.alpha", "1.10.0"), ("test.beta", "0.9.0")]
    {
        let role = name.trim_start_matches("test.");
        project.write("one.wasm", driver(name, version, ""));
        let reference = format!("oci://{}/acme/{role}-driver", registry.host());
        drivers(&project, &["publish", "one.wasm", &reference]).expect(0);
    }
    let mut texts = Vec::new();
    for arguments in [
        &["search"][..],
        &["search", "ALPHA"],
        &["search", "made for test.b"],
        &["search", "nothing"],
    ] {
        let host = registry.host();
        let found = drivers(&project, &[arguments, &["--registry", &host]].concat()).expect(0);
        texts.push(said(&found, &project));
    }
    texts.push(said(&drivers(&project, &["search", "xyzzy"]).expect(0), &project));
    insta::assert_snapshot!(texts.join("\n"));
    let found = project.osiris(["drivers", "search", "beta", "--json"]);
    let found = found.env("OSIRIS_REGISTRY", registry.host()).run().expect(0).json();
    assert_eq!(found["drivers"][0]["version"], "0.9.0", "{found}");
}

#[test]
fn tag_list_is_paged_and_bounded() {
    let next = || vec!["Link: </v2/next>; rel=\"next\"".to_owned()];
    let paged = Web::start(move |request, stream| match request.path.as_str() {
        "/v2/acme/made/tags/list?n=100" => {
            reply(stream, "200 OK", &next(), br#"{"tags":["1.0.0"]}"#)
        }
        "/v2/acme/made/tags/list?n=100&last=1%2E0%2E0" => {
            reply(stream, "200 OK", &[], br#"{"tags":["1.1.0"]}"#);
        }
        _ => reply(stream, "404 Not Found", &[], b""),
    });
    let project = new_project();
    drivers(&project, &["add", &format!("oci://{}/acme/made", paged.host())]).expect(3);
    let asked = paged.seen().pop().expect("it was asked").path;
    assert_eq!(asked, "/v2/acme/made/manifests/1.1.0");

    let endless =
        Web::start(move |_, stream| reply(stream, "200 OK", &next(), br#"{"tags":["x"]}"#));
    let reference = format!("oci://{}/acme/made", endless.host());
    drivers(&project, &["add", &reference]).expect(2);
    assert_eq!(endless.seen().len(), 100);
}

#[test]
fn registry_without_a_catalog_is_reported() {
    let web = Web::start(|_, stream| reply(stream, "404 Not Found", &[], b""));
    let refused = drivers(&new_project(), &["search", "--registry", &web.host()]).expect(3);
    assert!(refused.stderr.contains("does not list its repositories"), "{}", refused.stderr);
}
