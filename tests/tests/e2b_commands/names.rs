//! The real names of the hosts, over TLS: what a user has, with no address in the
//! environment.

use osiris_tests::Cloud;

use crate::new_project;

#[test]
fn run_reaches_the_default_domain() {
    let (cloud, project) = (Cloud::named("e2b.app"), new_project());
    cloud.run(&project, "pipeline.yaml", &[]).run().expect(0);
    assert_eq!(project.read("out.csv"), "n\n1\n");
    cloud.assert_empty();
}

#[test]
fn run_reaches_a_custom_domain() {
    // Each sandbox has a host there.
    let (cloud, project) = (Cloud::named("cloud.example"), new_project());
    cloud.run(&project, "pipeline.yaml", &[]).run().expect(0);
    assert_eq!(project.read("out.csv"), "n\n1\n");
    cloud.assert_empty();
}

#[test]
fn untrusted_certificate_gets_no_key() {
    let (cloud, project) = (Cloud::named("e2b.app"), new_project());
    let run = cloud.run(&project, "pipeline.yaml", &[]).env("SSL_CERT_FILE", "/dev/null");
    let finished = run.run();
    assert_ne!(finished.code(), Some(0), "{}", finished.stderr);
    assert!(finished.stderr.contains("certificate"), "{}", finished.stderr);
    assert_eq!(cloud.local().log(), [""; 0]);
}
