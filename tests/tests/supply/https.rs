//! TLS servers that the machine trusts, or does not.

use osiris_tests::TestProject;
use services::https::Files;

use crate::kit::{drivers, new_project, said};

#[test]
fn untrusted_https_server_is_rejected() {
    let shared = new_project();
    let files = Files::start(&shared.root()).expect("the server starts");
    let project = TestProject::new();
    project.write("osiris.yaml", "version: 1\n");
    let address = format!("https://localhost:{}/made.wasm", files.port);
    let stranger = drivers(&project, &["add", &address, "--insecure"]).expect(3);
    assert!(stranger.stderr.contains("invalid peer certificate"), "{}", said(&stranger, &project));
    assert_eq!(project.files(), ["osiris.yaml"]);
    let add = project.osiris(["drivers", "add", &address]).env("SSL_CERT_FILE", files.ca_file());
    add.run().expect(0);
    assert!(project.read("osiris.lock").contains(&address));
}
