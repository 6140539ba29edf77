//! Makes drivers in Rust from scratch and runs them in a pipeline; and checks the messages for
//! typical mistakes.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use osiris_tests::{Finished, Osiris, TestProject, built, conformance};
use serde_json::Value;

/// Returns a target directory that is kept, so that only the first test run waits for cargo.
fn target() -> PathBuf {
    built::folder().join("authoring")
}

/// Held while cargo runs: concurrent runs would wait for each other, and longer than a test may.
static CARGO: Mutex<()> = Mutex::new(());

/// Makes this user's Rust toolchain available to a command.
fn with_rust(osiris: Osiris) -> Osiris {
    ["HOME", "CARGO_HOME", "RUSTUP_HOME"]
        .into_iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)))
        .fold(osiris, |osiris, (name, value)| osiris.env(name, value))
        .env("CARGO_TARGET_DIR", target())
        .patience(Duration::from_secs(900))
}

/// Makes a driver in `driver/` of the project.
fn new(project: &TestProject, name: &str) {
    let arguments = ["drivers", "new", name, "--lang", "rust", "--dir", "driver"];
    project.osiris(arguments).run().expect(0);
}

/// Builds the driver into the project's drivers.
fn build(project: &TestProject) -> Finished {
    let _one = CARGO.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    with_rust(project.osiris(["drivers", "build", "driver", "--json"])).run()
}

/// Runs the tests generated with the driver.
#[track_caller]
fn cargo_test(project: &TestProject) {
    let _one = CARGO.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut command = Command::new("cargo");
    // The driver's own directory names its toolchain.
    command.env_remove("RUSTUP_TOOLCHAIN").env("CARGO_TARGET_DIR", target());
    let output = command.arg("test").current_dir(project.path("driver")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.matches(" ... ok").count() >= 3, "{said}");
}

/// Makes, tests and builds a driver of each role, runs the conformance kit on it, and runs all of
/// them as one pipeline.
#[test]
fn new_drivers_of_each_role_are_tested_built_and_run() {
    let project = TestProject::new();
    for name in ["acme.people_extractor", "acme.long_processor", "acme.out_writer"] {
        new(&project, name);
        cargo_test(&project);
        let answer = build(&project).expect(0).json();
        let driver = &answer["drivers"][0];
        assert_eq!(driver["name"], name);
        let (size, sha256) = (driver["size"].as_u64().unwrap(), driver["sha256"].as_str().unwrap());
        assert!(size < 400_000 && sha256.len() == 64, "{driver}");
        conformance::new_driver_passes(&project, name, "driver");
        std::fs::remove_dir_all(project.path("driver")).unwrap();
    }
    project.write(
        "pipeline.yaml",
        "oml_version: 0.1.0\n\
         name: people\n\
         steps:\n\
         \x20 - id: read\n\
         \x20   component: acme.people_extractor\n\
         \x20   mode: read\n\
         \x20   config: {path: people.jsonl, columns: [{name: name}, {name: age, type: integer}]}\n\
         \x20 - {id: long, component: acme.long_processor, mode: transform, needs: [read], config: {column: name, minimum: 3}}\n\
         \x20 - {id: write, component: acme.out_writer, mode: write, needs: [long], config: {path: out/long.jsonl}}\n",
    );
    project.write("people.jsonl", "{\"name\": \"Zoë\", \"age\": 7}\n{\"name\": \"Al\"}\n{}\n");
    project.osiris(["run", "pipeline.yaml"]).run().expect(0);
    assert_eq!(project.read("out/long.jsonl"), "{\"characters\":3,\"name\":\"Zoë\"}\n");
    // Errors in the data are reported with their line.
    project.write("people.jsonl", "{}\n{\"age\": \"seven\"}\n");
    let finished = project.osiris(["run", "pipeline.yaml"]).run().expect(1);
    let message = "people.jsonl, line 2: `age` is \"seven\", not an integer of 64 bits";
    assert!(finished.stderr.contains(message), "{}", finished.stderr);
}

/// Name, expected exit code, a part of the expected message, and how to make the mistake.
type Mistake<'m> = (&'m str, i32, &'m str, &'m dyn Fn(&TestProject));

/// Typical mistakes, each with the message that the author gets.
#[test]
fn author_mistakes_are_explained_with_position() {
    let source = "driver/src/lib.rs";
    let mistakes: [Mistake<'_>; 5] = [
        ("no export!", 2, "osiris_sdk::export!", &|project| {
            let text = project.read(source).replace("osiris_sdk::export!(Processor);", "");
            project.write(source, text);
        }),
        ("a configuration that serde cannot read", 1, "Deserialize", &|project| {
            let text = project.read(source).replace("#[derive(Deserialize)]", "");
            project.write(source, text.replace("#[serde(default = \"one\")]", ""));
        }),
        ("no spec.yaml", 2, "driver/spec.yaml", &|project| {
            std::fs::remove_file(project.path("driver/spec.yaml")).unwrap();
        }),
        ("a spec that does not hold together", 2, "driver/spec.yaml", &|project| {
            let text = project.read("driver/spec.yaml");
            project
                .write("driver/spec.yaml", text.replace("modes: [transform]", "modes: [change]"));
        }),
        ("no component", 2, "crate-type", &|project| {
            let text = project.read("driver/Cargo.toml");
            project.write("driver/Cargo.toml", text.replace("\"cdylib\", \"rlib\"", "\"rlib\""));
        }),
    ];
    for (what, code, part, make) in mistakes {
        let project = TestProject::new();
        new(&project, "acme.clean_processor");
        make(&project);
        let finished = build(&project).expect(code);
        let problem: &Value = &finished.json()["problems"][0];
        let said = format!("{}\n{problem}", finished.stderr);
        assert!(said.contains(part), "{what}: {said}");
        assert!(!project.exists("drivers"), "{what}");
    }
}

#[test]
fn drivers_new_overwrites_nothing_and_checks_names() {
    let project = TestProject::new();
    new(&project, "acme.crm_extractor");
    let before = project.files();
    let again = ["drivers", "new", "acme.crm_extractor", "--lang", "rust", "--dir", "driver"];
    let finished = project.osiris(again).run().expect(2);
    assert!(finished.stderr.contains("--dir"), "{}", finished.stderr);
    let bad = ["drivers", "new", "Acme CRM", "--lang", "rust", "--json"];
    let answer = project.osiris(bad).run().expect(2).json();
    assert_eq!(answer["problems"][0]["code"], "driver_name_invalid");
    assert_eq!(project.files(), before);
}

/// `pack` turns any component into a driver.
#[test]
fn pack_adds_a_spec_to_a_component() {
    let project = TestProject::new();
    let component = std::fs::read(built::test_driver("test.passthrough")).unwrap();
    project.write("some.wasm", component);
    let spec =
        "name: acme.through\nversion: 2.0.0\nmodes: [transform]\nconfigSchema: {type: object}\n";
    project.write("spec.yaml", spec);
    let pack = ["drivers", "pack", "some.wasm", "--spec", "spec.yaml", "--json"];
    let packed = project.osiris(pack).run().expect(0).json();
    assert_eq!((&packed["name"], &packed["version"]), (&"acme.through".into(), &"2.0.0".into()));
    let inspect = ["drivers", "inspect", "drivers/acme.through.wasm", "--json"];
    let shown = project.osiris(inspect).run().expect(0).json();
    assert_eq!((&shown["sha256"], &shown["size"]), (&packed["sha256"], &packed["size"]));
    // Inconsistencies are reported with the author's own file, and nothing is written.
    project.write("spec.yaml", spec.replace("2.0.0", "two"));
    let out = ["drivers", "pack", "some.wasm", "--spec", "spec.yaml", "--out", "out.wasm"];
    let finished = project.osiris(out).run().expect(2);
    assert!(finished.stderr.contains("--> spec.yaml:2"), "{}", finished.stderr);
    assert!(!project.exists("out.wasm"));
}
