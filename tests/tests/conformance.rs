//! The conformance kit finds every planted fault, with the check meant for that fault, and our own
//! drivers pass all checks.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use osiris_tests::databases::Project;
use osiris_tests::{Osiris, TestProject, built, conformance};

fn main() -> ExitCode {
    let faults = conformance::list(&conformance::folder().join("faults.yaml"));
    let mut trials: Vec<Trial> = faults
        .into_iter()
        .map(|fault| Trial::test(fault.name(), move || fault.run().map_err(Failed::from)))
        .collect();
    for name in ["filesystem.csv_extractor", "filesystem.csv_writer"] {
        trials.push(Trial::test(name, move || {
            let project = TestProject::new();
            passes(name, |arguments| project.osiris(arguments))
        }));
    }
    for (name, project, connection) in [
        ("mysql.extractor", "kit_mysql_out", "@mysql.movies"),
        ("mysql.writer", "kit_mysql_in", "@mysql.movies"),
        ("postgres.extractor", "kit_postgres_out", "@postgres.warehouse"),
        ("postgres.writer", "kit_postgres_in", "@postgres.warehouse"),
    ] {
        trials.push(Trial::test(name, move || {
            let project = Project::new(project);
            project.run("mysql-to-postgres");
            passes(name, |arguments| {
                let arguments: Vec<&str> =
                    arguments.iter().copied().chain(["--connection", connection]).collect();
                project.osiris(&arguments).patience(Duration::from_secs(300))
            })
        }));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Checks that one of our drivers passes every check that applies to it.
fn passes(name: &str, kit: impl Fn(&[&str]) -> Osiris) -> Result<(), Failed> {
    let file = built::folder().join("drivers").join(format!("{name}.wasm"));
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins");
    let cases = plugins.join(name.replace('.', "_")).join("conformance.yaml");
    let (file, cases) = (file.display().to_string(), cases.display().to_string());
    let command = kit(&["drivers", "test", &file, "--cases", &cases, "--json"]);
    conformance::passes(command).map_err(Failed::from)
}
