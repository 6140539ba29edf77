//! Commands whose output is read by other programs.

use osiris_tests::TestProject;

const PIPELINE: &str = "\
oml_version: 0.1.0
name: commands
steps:
  - {id: source, component: test.source, mode: read}
  - {id: write, component: test.sink, mode: write, config: {path: ids.txt}}
";

#[test]
fn every_shell_has_completions() {
    let project = TestProject::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = project.osiris(["completions", shell]).run().expect(0).stdout;
        assert!(
            script.contains("osiris") && script.contains("OSIRIS_COMPLETE"),
            "{shell}: {script}"
        );
    }
}

#[test]
fn every_error_with_json_is_one_json_document() {
    let project = TestProject::new();
    project.write("bad.yaml", "steps: 1\n");
    let commands: [(&[&str], i64); 9] = [
        (&["validate", "bad.yaml"], 2),
        (&["compile", "bad.yaml"], 2),
        (&["run", "bad.yaml"], 2),
        (&["run", "missing.yaml"], 2),
        (&["run", "--last-compile"], 2),
        (&["fly"], 2),
        (&["run", "--colour"], 2),
        (&["drivers", "show", "no.driver"], 3),
        (&["drivers", "inspect", "bad.yaml"], 2),
    ];
    for (arguments, code) in commands {
        let finished =
            project.osiris(arguments.iter().chain(&["--json"])).run().expect(code as i32);
        let answer = finished.json();
        assert_eq!(answer["status"], "error", "{arguments:?}: {answer:#}");
        assert_eq!(answer["exit_code"], code, "{arguments:?}: {answer:#}");
        let problem = &answer["problems"][0];
        assert!(problem["code"].is_string(), "{arguments:?}: {answer:#}");
        assert!(problem["message"].is_string(), "{arguments:?}: {answer:#}");
    }
}

#[test]
fn diff_finds_differences_only_between_different_pipelines() {
    let project = TestProject::new();
    project.write("same.yaml", PIPELINE);
    project.write("other.yaml", PIPELINE.replace("mode: read}", "mode: read, config: {rows: 4}}"));
    let mut ids = Vec::new();
    for file in ["same.yaml", "same.yaml", "other.yaml"] {
        let answer = project.osiris(["run", file, "--json"]).test_drivers().run().expect(0).json();
        ids.push(answer["session_id"].as_str().unwrap().to_owned());
    }
    let diff = |a: usize, b: usize| project.osiris(["runs", "diff", &ids[a], &ids[b]]).run();
    diff(0, 1).expect(0);
    let differs = diff(0, 2).expect(1);
    let text = format!("{}{}", differs.stdout, differs.stderr);
    assert!(text.contains("rows"), "{text}");
    let shown = project.osiris(["runs", "show", &ids[2], "--json"]).run().expect(0).json();
    assert!(shown.to_string().contains("\"rows_written\":4"), "{shown:#}");
}

#[test]
fn closed_pipe_does_not_panic() {
    use std::process::{Command, Stdio};
    let mut osiris = Command::new(osiris_tests::built::osiris())
        .args(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(osiris.stdout.take());
    let output = osiris.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn invalid_driver_file_does_not_affect_others() {
    let project = TestProject::new();
    project.write("drivers/broken.wasm", "not wasm at all");
    let list = project.osiris(["drivers", "list"]).test_drivers().run().expect(0);
    assert!(list.stdout.contains("test.source"), "{}", list.stdout);
    assert!(list.stdout.contains("filesystem.csv_extractor"), "{}", list.stdout);
    assert!(list.stderr.contains("drivers/broken.wasm"), "{}", list.stderr);
    project.write("pipeline.yaml", PIPELINE);
    project.osiris(["run", "pipeline.yaml"]).test_drivers().run().expect(0);
}
