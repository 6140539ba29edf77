//! Runs drivers through the conformance kit: planted faults with the checks that must find them,
//! and drivers without faults.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::{Finished, Osiris, TestProject, built};

/// A planted fault.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Fault that the driver `faulty.driver` is instructed to show.
    #[serde(default)]
    fault: String,
    /// Replacements in the driver's spec, applied in order.
    #[serde(default)]
    change: Vec<(String, String)>,
    /// Another test driver to use, with its component and spec.
    #[serde(default)]
    driver: String,
    /// Change to the component's bytes: `cut`, `text` or `spec-twice`.
    #[serde(default)]
    bytes: String,
    /// Whether the unchanged driver serves as the previous version.
    #[serde(default)]
    compat: bool,
    /// Ids of the checks that must fail; all others must not.
    caught_by: Vec<String>,
}

/// Groups of checks that only read the file.
const STATIC: [&str; 5] = ["component", "spec", "schema", "imports", "config"];
/// Time limit that includes compilation; a driver with an embedded interpreter is large.
const PATIENCE: Duration = Duration::from_secs(300);
/// Name of the section with the spec, with its length.
const SECTION: &[u8] = b"\x0bosiris:spec";

/// Reads all faults of a file.
pub fn list(file: &Path) -> Vec<Fault> {
    let text = std::fs::read_to_string(file).expect("the faults can be read");
    serde_yaml_ng::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Runs the kit on a driver that satisfies the contract.
///
/// # Errors
/// Returns the failed checks with their observations.
pub fn passes(command: Osiris) -> Result<(), String> {
    let finished = command.run();
    let answer = finished.json();
    let (failed, passed) = (failed(&answer), answer["passed"].as_u64().unwrap_or_default());
    if !failed.is_empty() {
        return Err(format!("{failed:#?}"));
    }
    if finished.code() != Some(0) || passed < 60 {
        let Finished { status, stderr, .. } = finished;
        return Err(format!("{status}, and only {passed} checks passed: {stderr}"));
    }
    Ok(())
}

/// Runs the kit on a new driver of a project, with the cases generated for it.
#[track_caller]
pub fn new_driver_passes(project: &TestProject, name: &str, folder: &str) {
    let (file, cases) = (format!("drivers/{name}.wasm"), format!("{folder}/conformance.yaml"));
    let command = project.osiris(["drivers", "test", &file, "--cases", &cases, "--json"]);
    passes(command.patience(PATIENCE)).unwrap_or_else(|failed| panic!("{name}: {failed}"));
}

fn failed(answer: &Value) -> Vec<&Value> {
    let checks = answer["checks"].as_array().expect("the kit tells of its checks");
    checks.iter().filter(|check| check["result"] == "fail").collect()
}

impl Fault {
    /// Returns a short description of the fault.
    pub fn name(&self) -> String {
        let last = self.change.last().map(|(from, to)| format!("{from} -> {to}"));
        let what = [&self.fault, &self.bytes].into_iter().find(|name| !name.is_empty());
        let what = what.cloned().or(last).unwrap_or_else(|| "no fault".to_owned());
        format!(
            "{} ({})",
            self.caught_by.join(", "),
            what.split_whitespace().collect::<Vec<_>>().join(" ")
        )
    }

    /// Runs the kit on the faulty driver.
    ///
    /// # Errors
    /// Returns an error if other checks fail than expected.
    pub fn run(&self) -> Result<(), String> {
        let project = TestProject::new();
        project.write("faulty.wasm", self.component()?);
        let cases = folder().join("cases.yaml");
        let cases = cases.to_str().ok_or("the cases have an odd path")?;
        let mut arguments = vec!["drivers", "test", "faulty.wasm", "--json"];
        if self.compat {
            let before =
                std::fs::read(built::test_driver("faulty.driver")).map_err(|e| e.to_string())?;
            project.write("before.wasm", before);
            arguments.extend(["--previous", "before.wasm", "--only", "compat"]);
        } else if self.fault.is_empty() {
            STATIC.iter().for_each(|group| arguments.extend(["--only", group]));
        } else {
            arguments.extend(["--cases", cases]);
        }
        let finished =
            project.osiris(&arguments).run().expect(i32::from(!self.caught_by.is_empty()));
        let answer = finished.json();
        let failed: Vec<&str> =
            failed(&answer).iter().filter_map(|check| check["id"].as_str()).collect();
        if failed != self.caught_by {
            return Err(format!("{failed:?} failed, not {:?}: {answer:#}", self.caught_by));
        }
        Ok(())
    }

    fn component(&self) -> Result<Vec<u8>, String> {
        let (name, source) = match self.driver.as_str() {
            "" => ("faulty.driver".to_owned(), "faulty"),
            driver => (format!("test.{driver}"), driver),
        };
        let component =
            std::fs::read(built::test_driver(&name)).map_err(|error| error.to_string())?;
        match self.bytes.as_str() {
            "cut" => return Ok(component[..component.len() / 2].to_vec()),
            "text" => return Ok(b"no component".to_vec()),
            _ => {}
        }
        let file =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("drivers").join(source).join("spec.yaml");
        let mut spec = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
        let told = ("default: none".to_owned(), format!("default: {}", self.fault));
        let told = (!self.fault.is_empty()).then_some(told);
        for (from, to) in told.iter().chain(&self.change) {
            if !spec.contains(from) {
                return Err(format!("the spec has no {from:?}"));
            }
            spec = spec.replace(from, to);
        }
        Ok(respecified(&component, spec.as_bytes(), self.bytes == "spec-twice"))
    }
}

/// Returns the directory of the faults.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance")
}

/// Returns the component with another spec. The existing spec is in an inner module whose length
/// must not change: its section is renamed, so that it is ignored.
pub fn respecified(component: &[u8], spec: &[u8], keep: bool) -> Vec<u8> {
    let mut bytes = component.to_vec();
    if !keep && let Some(at) = bytes.windows(SECTION.len()).position(|part| part == SECTION) {
        bytes[at + 1..at + SECTION.len()].copy_from_slice(b"osiris:gone");
    }
    let content = [SECTION, spec].concat();
    bytes.push(0);
    bytes.extend(leb128(content.len()));
    bytes.extend(content);
    bytes
}

fn leb128(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let seven = (value & 0x7f) as u8;
        value >>= 7;
        bytes.push(if value == 0 { seven } else { seven | 0x80 });
        if value == 0 {
            return bytes;
        }
    }
}
