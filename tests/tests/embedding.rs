//! The example programs that embed the host.

use std::process::Command;

use osiris_tests::{TestProject, built};

fn example(name: &str, arguments: &[&str]) -> String {
    let program = built::folder().join("examples").join(name);
    let output = Command::new(&program)
        .args(arguments)
        .env("OSIRIS_CACHE", built::cache())
        .env("OSIRIS_DRIVERS", built::folder().join("drivers"))
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}; run `cargo test`", program.display()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn project() -> (TestProject, String) {
    let project = TestProject::new();
    project.osiris(["init"]).run().expect(0);
    let root = project.root().display().to_string();
    (project, root)
}

#[test]
fn example_runs_a_driver() {
    let (_project, root) = project();
    let driver = built::folder().join("drivers/filesystem.csv_extractor.wasm");
    let config = r#"{"path": "data/planets.csv"}"#;
    let printed = example("run_driver", &[driver.to_str().unwrap(), &root, config]);
    assert_eq!(printed, "8 rows\n");
}

#[test]
fn example_runs_a_pipeline() {
    let (project, root) = project();
    let printed = example("run_pipeline", &[&root, "pipelines/hello.yaml", "read-planets"]);
    assert_eq!(printed, "8 rows of 5 columns\nsuccess: 8 rows written\n");
    assert!(project.exists("output/planets.csv"));
}
