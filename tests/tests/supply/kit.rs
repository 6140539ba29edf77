//! Shared parts of these tests.

use std::sync::LazyLock;

use osiris_tests::snapshot::{normalise, replace};
use osiris_tests::{Finished, TestProject, wasm};
use services::registry::Registry;

/// A registry without login, shared by all tests of this program.
pub(crate) static REGISTRY: LazyLock<Registry> =
    LazyLock::new(|| Registry::start(None).expect("the registry starts"));

/// Returns a component that cannot run, with a name, a version and more of a spec.
pub(crate) fn driver(name: &str, version: &str, more: &str) -> Vec<u8> {
    wasm::driver(&format!(
        "name: {name}\nversion: {version}\ntitle: Made for {name}\nmodes: [extract]\nconfigSchema: {{type: object, properties: {{path: {{type: string}}, other: {{type: string}}}}}}\n{more}"
    ))
}

/// Creates a project with a driver `test.made` in `made.wasm`.
pub(crate) fn new_project() -> TestProject {
    let project = TestProject::new();
    project.write("osiris.yaml", "version: 1\n");
    project.write("made.wasm", driver("test.made", "1.0.0", "files: {read: [/path]}\n"));
    project
}

/// Runs `osiris drivers`.
pub(crate) fn drivers(project: &TestProject, arguments: &[&str]) -> Finished {
    project.osiris(["drivers"].iter().chain(arguments)).run()
}

/// Returns the output of a command, without parts that differ from run to run.
pub(crate) fn said(finished: &Finished, project: &TestProject) -> String {
    let text = format!("{}\n{}{}", finished.status, finished.stdout, finished.stderr);
    let text = normalise(&text, project);
    let text = replace(&text, r"127\.0\.0\.1:[0-9]+", "127.0.0.1:[PORT]");
    replace(&text, r"[0-9.]+ (B|KiB|MiB)", "[SIZE]")
}
