//! Drivers built for an earlier contract still run; those for a later one are recognized.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use osiris_tests::TestProject;
use serde_json::json;
use wit_parser::{Resolve, WorldId};

const PIPELINE: &str = "\
oml_version: 0.1.0
name: evolution
steps:
  - {id: source, component: test.source, mode: read, config: {rows: 10, batch: 4}}
  - {id: everything, component: evolution.everything, mode: transform, needs: [source]}
  - {id: pass, component: test.passthrough, mode: transform, needs: [everything]}
  - {id: write, component: test.sink, mode: write, needs: [pass], config: {path: ids.txt}}
";

const CONNECTIONS: &str = "\
version: 1
connections:
  evolution: {here: {place: Prague}}
";

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("evolution")
}

/// Returns the directories of the corpus, one per version of the contract.
fn versions() -> Vec<PathBuf> {
    let entries = fs::read_dir(corpus()).unwrap().map(|entry| entry.unwrap().path());
    let mut versions: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    versions.sort();
    assert!(versions.contains(&corpus().join("0.1.0")), "{versions:?}");
    versions
}

/// Reads a component of the corpus.
fn component(version: &Path, name: &str) -> Vec<u8> {
    let file = fs::File::open(version.join(format!("{name}.wasm.gz"))).unwrap();
    let mut bytes = Vec::new();
    GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    bytes
}

/// Creates a project with the components of a version as its only drivers.
fn new_project(version: &Path) -> TestProject {
    let project = TestProject::new();
    project.write("pipeline.yaml", PIPELINE);
    project.write("osiris_connections.yaml", CONNECTIONS);
    for name in ["source", "passthrough", "sink"] {
        project.write(format!("drivers/test.{name}.wasm"), component(version, name));
    }
    project.write("drivers/evolution.everything.wasm", component(version, "everything"));
    project
}

#[test]
fn drivers_of_earlier_contracts_run() {
    for version in versions() {
        let project = new_project(&version);
        // The second run finds the state of the first.
        for before in 0..2 {
            let run = project.osiris(["run", "pipeline.yaml", "--json"]).run().expect(0);
            let answer = run.json();
            assert_eq!(project.read("ids.txt"), "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
            let session = answer["session_id"].as_str().unwrap_or_else(|| panic!("{answer}"));
            let logs = format!("logs/run_{session}");
            let events = project.read(format!("{logs}/events.jsonl"));
            assert!(events.contains("\"evolution.happened\""), "{events}");
            assert!(events.contains(&format!("\"before\":{before}")), "{events}");
            let metrics = project.read(format!("{logs}/metrics.jsonl"));
            assert!(metrics.contains("\"evolution_count\"") && metrics.contains("42"), "{metrics}");
            assert!(
                metrics.contains("\"evolution_share\"") && metrics.contains("0.5"),
                "{metrics}"
            );
            let log = project.read(format!("{logs}/osiris.log"));
            for level in ["info", "warn", "error"] {
                assert!(log.contains(&format!("evolution {level} everything")), "{log}");
            }
            let note = project.read(format!("{logs}/artifacts/everything/note.txt"));
            assert_eq!(note, format!("run {before}\n"));
        }
    }
}

#[test]
fn drivers_of_earlier_contracts_answer_doctor_and_discover() {
    for version in versions() {
        let project = new_project(&version);
        let doctor = project.osiris(["connections", "doctor", "--json"]).run().expect(0).json();
        let message = doctor["connections"][0]["message"].as_str().unwrap();
        assert!(message.starts_with("well in Prague, within "), "{doctor}");
        let discover = ["discover", "@evolution.here", "--json"];
        let found = project.osiris(discover).run().expect(0).json();
        assert_eq!(found["resources"][0]["name"], json!("Prague"), "{found}");
        assert_eq!(found["resources"][0]["fields"][0]["name"], json!("id"), "{found}");
    }
}

/// Returns the component as if built for another contract.
fn rebuilt_for(component: &[u8], other: &str) -> Vec<u8> {
    let (from, to) = (b"osiris:driver/", b"@0.1.0");
    let mut bytes = component.to_vec();
    let mut count = 0;
    for start in 0..bytes.len() {
        if !bytes[start..].starts_with(from) {
            continue;
        }
        let name = &bytes[start..(start + 40).min(bytes.len())];
        if let Some(at) = name.windows(to.len()).position(|part| part == to) {
            bytes[start + at + 1..start + at + to.len()].copy_from_slice(other.as_bytes());
            count += 1;
        }
    }
    assert!(count > 3, "{count} names");
    bytes
}

#[test]
fn driver_of_another_contract_is_rejected_with_help() {
    let mut told = Vec::new();
    for other in ["0.2.0", "0.0.9"] {
        let project = new_project(&corpus().join("0.1.0"));
        let sink = component(&corpus().join("0.1.0"), "sink");
        project.write("drivers/test.sink.wasm", rebuilt_for(&sink, other));
        let finished = project.osiris(["run", "pipeline.yaml"]).run().expect(2);
        let stderr = finished.stderr.replace(&project.root().display().to_string(), "[PROJECT]");
        // Whether a driver is compiled here depends on earlier runs.
        let lines = stderr.lines().filter(|line| !line.starts_with("Compiling the driver"));
        told.push(lines.map(|line| format!("{line}\n")).collect::<String>());
        assert!(!project.exists("ids.txt"));
    }
    insta::assert_snapshot!(told.join("\n"));
}

/// Returns the world `plugin` of a contract, under any version.
fn world(resolve: &mut Resolve, wit: &str, version: &str) -> WorldId {
    let (package, rest) = wit.split_once("package osiris:driver@").expect("the contract's package");
    let (_, rest) = rest.split_once(';').expect("the end of its line");
    let wit = format!("{package}package osiris:driver@{version};{rest}");
    let package = resolve.push_source("driver.wit", &wit).expect("a sound contract");
    resolve.select_world(&[package], Some("plugin")).expect("the world `plugin`")
}

/// Returns whether a host of the contract `new` can run drivers built for `old`.
fn serves(new: &str, old: &str) -> bool {
    let mut resolve = Resolve::default();
    // Different versions, so that both can coexist; the check ignores them.
    let (old, new) = (world(&mut resolve, old, "0.0.1"), world(&mut resolve, new, "0.0.2"));
    wit_component::semver_check(resolve, old, new).is_ok()
}

#[test]
fn contract_changes_are_additions() {
    let now = include_str!("../../wit/driver.wit");
    let mut frozen = String::new();
    for version in versions() {
        frozen = fs::read_to_string(version.join("driver.wit")).unwrap();
        assert!(serves(now, &frozen), "wit/driver.wit breaks {}", version.display());
    }
    // The check distinguishes additions from breaking changes.
    for (what, from, to, fits) in [
        (
            "a function more to call",
            "    panicked: func(message: string);",
            "    panicked: func(message: string);\n    more: func();",
            true,
        ),
        ("a function less to call", "    panicked: func(message: string);", "", false),
        (
            "a field more in a record",
            "record partition { index: u32, count: u32 }",
            "record partition { index: u32, count: u32, of: u32 }",
            false,
        ),
        (
            "another type",
            "progress: func(done: u64, total: option<u64>);",
            "progress: func(done: u64, total: u64);",
            false,
        ),
        (
            "one more to export",
            "    discover: func(config: string)",
            "    more: func();\n    discover: func(config: string)",
            false,
        ),
    ] {
        let changed = frozen.replace(from, to);
        assert_ne!(changed, frozen, "{what}");
        assert_eq!(serves(&changed, &frozen), fits, "{what}");
    }
}
