//! Output of a compilation, and checks of that output by a run.

use std::collections::BTreeMap;
use std::path::PathBuf;

use osiris_tests::{TestProject, built, wasm};

const PIPELINE: &str = "\
oml_version: 0.1.0
name: builds
params: {rows: 3}
steps:
  - {id: source, component: test.source, mode: read, config: {rows: '${params.rows}'}}
  - {id: write, component: test.sink, mode: write, config: {path: ids.txt}}
";

/// Creates a project with local drivers and a compiled pipeline.
fn compiled() -> TestProject {
    let project = TestProject::new();
    project.write("pipeline.yaml", PIPELINE);
    for driver in ["test.source", "test.sink"] {
        let component = std::fs::read(built::test_driver(driver)).unwrap();
        project.write(format!("drivers/{driver}.wasm"), component);
    }
    project.osiris(["compile", "pipeline.yaml"]).run().expect(0);
    project
}

/// Returns every file below `.osiris/build`, by path.
fn build(project: &TestProject) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![project.path(".osiris/build")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(project.root()).unwrap().to_owned();
                files.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// Returns the path of a file in the only build.
fn find(project: &TestProject, name: &str) -> PathBuf {
    let found = build(project).into_keys().find(|path| path.ends_with(name));
    found.unwrap_or_else(|| panic!("no {name} in {:?}", build(project).keys()))
}

#[test]
fn same_input_compiles_to_the_same_bytes_in_any_folder() {
    let without_time = |project: &TestProject| {
        let mut files = build(project);
        files.retain(|path, _| !path.ends_with("compiled.json"));
        files
    };
    let (one, other) = (compiled(), compiled());
    let files = without_time(&one);
    assert_eq!(files, without_time(&other));
    for name in ["manifest.yaml", "plan.json", "fingerprints.json", "cfg/source.json"] {
        assert!(files.keys().any(|path| path.ends_with(name)), "{name} in {:?}", files.keys());
    }
    for (path, bytes) in files {
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains("osiris-test-"), "{} has a path: {text}", path.display());
    }
}

#[test]
fn recompiling_changes_nothing_and_other_parameters_add_a_build() {
    let project = compiled();
    let before = build(&project);
    project.osiris(["compile", "pipeline.yaml"]).run().expect(0);
    assert_eq!(build(&project), before);
    project.osiris(["compile", "pipeline.yaml", "--param", "rows=4"]).run().expect(0);
    assert!(build(&project).len() >= 2 * before.len() - 1);
}

#[test]
fn manifest_runs_by_its_path() {
    let project = compiled();
    let manifest = find(&project, "manifest.yaml");
    project.osiris(["run".into(), manifest]).run().expect(0);
    assert_eq!(project.read("ids.txt"), "0\n1\n2\n");
}

#[test]
fn driver_changed_since_compile_is_rejected_by_name() {
    let project = compiled();
    let driver = project.path("drivers/test.sink.wasm");
    let changed = wasm::touched(&std::fs::read(&driver).unwrap());
    std::fs::write(&driver, changed).unwrap();
    let finished = project.osiris(["run", "--last-compile"]).run().expect(3);
    assert!(
        finished.stderr.contains("driver `test.sink` has changed since"),
        "{}",
        finished.stderr
    );
    assert!(finished.stderr.contains("osiris compile"), "{}", finished.stderr);
    assert!(!project.exists("ids.txt"));
    // A new compilation fixes it.
    project.osiris(["run", "pipeline.yaml"]).run().expect(0);
}

#[test]
fn edited_build_is_rejected_with_the_file() {
    for (name, from, to) in [
        ("manifest.yaml", "name: builds", "name: changed"),
        ("cfg/source.json", "\"rows\":3", "\"rows\":4"),
    ] {
        let project = compiled();
        let path = find(&project, name);
        let text = project.read(&path);
        assert!(text.contains(from), "{text}");
        project.write(&path, text.replace(from, to));
        let finished = project.osiris(["run", "--last-compile"]).run().expect(2);
        assert!(finished.stderr.contains(name), "{}", finished.stderr);
        assert!(finished.stderr.contains("osiris compile"), "{}", finished.stderr);
        assert!(!project.exists("ids.txt"));
    }
}
