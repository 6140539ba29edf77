//! A sandbox reaches what the steps were granted, whoever runs in it.

use std::fs;
use std::net::TcpListener;

use osiris_tests::Cloud;
use osiris_tests::secret::SECRET;
use osiris_tests::service::{new_project, service};

/// A worker that dials on its own, without any sandbox.
const WORKER: &str = r#"#!/bin/bash
say() {
    exec 3<> "/dev/tcp/$1/$2" && echo hello >&3 && head -n 1 <&3
    echo "$1 ends"
}
{ say 127.0.0.1 GRANTED; say 127.0.0.2 OTHER; say 192.0.2.7 5432; } > "$HOME/reached" 2> /dev/null
exit 1
"#;

#[test]
fn worker_reaches_only_granted_addresses() {
    for (program, package) in [("ip", "iproute2"), ("nft", "nftables")] {
        services::install(program, package, &[]).expect("Debian has the package");
    }
    let cloud = Cloud::bare();
    assert_eq!(cloud.local().unenforced(), None);
    let granted = service();
    // Another service of this machine, which nobody was granted.
    let other = TcpListener::bind(("127.0.0.2", 0)).expect("loopback has a free port");
    other.set_nonblocking(true).expect("it can be asked");
    let port = other.local_addr().expect("it is bound").port();
    let project = new_project("127.0.0.1", granted, "");
    let runtime = project.outside().join("worker.sh");
    let script = WORKER.replace("GRANTED", &granted.to_string());
    fs::write(&runtime, script.replace("OTHER", &port.to_string())).expect("it can be written");
    let run = cloud.run(&project, "pipeline.yaml", &["--e2b-install-deps", "--e2b-keep"]);
    run.env("SECRET", SECRET).env("OSIRIS_E2B_RUNTIME", runtime).run().expect(3);
    let reached = fs::read_to_string(cloud.home().join("reached")).expect("the worker ran");
    assert_eq!(reached, "heard hello\n127.0.0.1 ends\n127.0.0.2 ends\n192.0.2.7 ends\n");
    assert!(other.accept().is_err(), "the service that nobody was granted was dialled");
}
