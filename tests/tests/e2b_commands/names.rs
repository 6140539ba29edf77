//! The real names of the hosts, over TLS: what a user has, with no address in the
//! environment.

use osiris_tests::Cloud;

use crate::project;

#[test]
fn a_run_finds_the_hosts_of_e2b() {
    let (cloud, sandbox) = (Cloud::named("e2b.app"), project());
    cloud.run(&sandbox, "pipeline.yaml", &[]).run().expect(0);
    assert_eq!(sandbox.read("out.csv"), "n\n1\n");
    cloud.assert_empty();
}

#[test]
fn a_run_finds_the_sandboxes_of_another_domain() {
    // Each sandbox has a host there.
    let (cloud, sandbox) = (Cloud::named("cloud.example"), project());
    cloud.run(&sandbox, "pipeline.yaml", &[]).run().expect(0);
    assert_eq!(sandbox.read("out.csv"), "n\n1\n");
    cloud.assert_empty();
}

#[test]
fn a_host_that_nobody_vouches_for_gets_no_key() {
    let (cloud, sandbox) = (Cloud::named("e2b.app"), project());
    let run = cloud.run(&sandbox, "pipeline.yaml", &[]).env("SSL_CERT_FILE", "/dev/null");
    let finished = run.run();
    assert_ne!(finished.code(), Some(0), "{}", finished.stderr);
    assert!(finished.stderr.contains("certificate"), "{}", finished.stderr);
    assert_eq!(cloud.local().log(), [""; 0]);
}
