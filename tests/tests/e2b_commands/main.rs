//! `osiris e2b`, and the messages of `osiris run --e2b`.

mod doctor;
mod dry;
mod names;
mod run;
mod sweep;
mod template;

use std::path::Path;

use osiris_tests::{Finished, TestProject, snapshot};

const COPY: &str = "\
oml_version: 0.1.0
name: copy
steps:
  - {id: read, component: filesystem.csv_extractor, mode: read, config: {path: in.csv}}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: out.csv}}
";

/// Creates a project that copies a file.
fn new_project() -> TestProject {
    let project = TestProject::new();
    project.write("in.csv", "n\n1\n");
    project.write("pipeline.yaml", COPY);
    project
}

/// Compares the whole output of a command with a file in `expected/`.
#[track_caller]
fn assert_told(name: &str, finished: &Finished, project: &TestProject) {
    let mut text = format!("exit: {}\n", finished.code().unwrap_or(-1));
    for (name, output) in [("stdout", &finished.stdout), ("stderr", &finished.stderr)] {
        let output = snapshot::normalise(output, project);
        if !output.is_empty() {
            text.push_str(&format!("--- {name}\n{output}"));
        }
    }
    for (pattern, name) in [
        (r"\bi[a-z0-9]{20}\b", "[SANDBOX]"),
        (r"\b[0-9]+(\.[0-9]+)? (B|KiB|MiB|GiB)\b", "[SIZE]"),
        (r"http://127\.0\.0\.1:[0-9]{3,}", "[API]"),
    ] {
        text = snapshot::replace(&text, pattern, name);
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2b_commands/expected");
    let compared = snapshot::compare(&folder.join(format!("{name}.txt")), &text);
    compared.unwrap_or_else(|why| panic!("{why}"));
}
