//! TLS servers that the machine trusts, or does not.

use osiris_tests::Sandbox;
use services::https::Files;

use crate::kit::{drivers, project, said};

#[test]
fn a_server_must_be_one_that_the_machine_trusts() {
    let shared = project();
    let files = Files::start(&shared.project()).expect("the server starts");
    let sandbox = Sandbox::new();
    sandbox.write("osiris.yaml", "version: 1\n");
    let address = format!("https://localhost:{}/made.wasm", files.port);
    let stranger = drivers(&sandbox, &["add", &address, "--insecure"]).expect(3);
    assert!(stranger.stderr.contains("invalid peer certificate"), "{}", said(&stranger, &sandbox));
    assert_eq!(sandbox.files(), ["osiris.yaml"]);
    let add = sandbox.osiris(["drivers", "add", &address]).env("SSL_CERT_FILE", files.ca_file());
    add.run().expect(0);
    assert!(sandbox.read("osiris.lock").contains(&address));
}
