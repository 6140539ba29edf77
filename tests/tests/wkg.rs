//! Exchanges drivers with `wkg`, the registry client of the Bytecode Alliance.

use std::path::Path;
use std::process::Command;

use osiris_tests::{TestProject, built};
use services::registry::Registry;

#[test]
fn drivers_are_exchanged_with_wkg() {
    let own = built::folder().join("tools/bin");
    let wkg =
        services::program("wkg", &[&own.to_string_lossy()]).expect("`cargo xtask test` builds it");
    let registry = Registry::start(None).unwrap();
    let host = registry.host();
    let project = TestProject::new();
    project.write("osiris.yaml", "version: 1\n");
    let (ours, theirs) = (built::test_driver("test.source"), built::test_driver("test.sink"));
    let run = |arguments: &[&str]| {
        let output = Command::new(&wkg)
            .args(arguments)
            .args(["--insecure", &host])
            .current_dir(project.root())
            .env("HOME", project.outside().join("home"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
    };
    let path = |file: &Path| file.display().to_string();

    let reference = format!("oci://{host}/acme/source");
    project.osiris(["drivers", "publish", &path(&ours), &reference]).run().expect(0);
    run(&["oci", "pull", &format!("{host}/acme/source:0.1.0"), "--output", "pulled.wasm"]);
    assert!(same(&ours, &project.path("pulled.wasm")));

    run(&["oci", "push", &format!("{host}/acme/sink:0.1.0"), &path(&theirs)]);
    project.osiris(["drivers", "add", &format!("oci://{host}/acme/sink")]).run().expect(0);
    assert!(same(&theirs, &project.path("drivers/test.sink.wasm")));
}

fn same(one: &Path, other: &Path) -> bool {
    std::fs::read(one).unwrap() == std::fs::read(other).unwrap()
}
