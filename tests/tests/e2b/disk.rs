//! A disk of the sandbox that fills up during the run.

use crate::fixture::Fixture;
use crate::{Test, tests};

pub(crate) const TESTS: &[Test] = tests![full_disk_during_the_run_is_reported,];

const PIPELINE: &str = "\
oml_version: 0.1.0
name: disk
steps:
  - {id: source, component: test.source, mode: read, config: {rows: 2000000}}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: ids.csv}}
";

fn full_disk_during_the_run_is_reported() {
    let mut fixture = Fixture::new(PIPELINE);
    // A file size limit larger than the compiled code replaces the disk's.
    let script = "#!/bin/sh\ntrap '' XFSZ\nulimit -f 20000\nexec /usr/local/bin/osiris \"$@\"\n";
    fixture.runtime = fixture.project.outside().join("runtime");
    std::fs::write(&fixture.runtime, script).expect("the folder can be written");
    let finished = fixture.run(&["--e2b-install-deps"]).run();
    fixture.assert_failed(finished, 1, "internal", &["ids.csv", "a file may not be larger here"]);
    assert_eq!(fixture.last_session().status["error"]["step"], "write");
}
