//! Our drivers with malicious specs.

use std::fs;
use std::path::Path;

use osiris_tests::conformance::respecified;
use osiris_tests::{TestProject, built};
use serde_json::Value;

/// Reads the spec of one of our drivers, by its directory.
pub(crate) fn of(folder: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder).join("spec.yaml");
    let text = fs::read_to_string(file).expect("the driver has a spec");
    serde_yaml_ng::from_str(&text).expect("the spec is YAML")
}

/// Installs a component in the project with this spec in place of its own.
pub(crate) fn install(project: &TestProject, component: &Path, spec: &Value) {
    let bytes = fs::read(component).expect("the component is built");
    let name = spec["name"].as_str().expect("the spec has a name");
    let bytes = respecified(&bytes, spec.to_string().as_bytes(), false);
    project.write(format!("drivers/{name}.wasm"), bytes);
}

/// Returns the component of a driver that comes with osiris.
pub(crate) fn built_in(name: &str) -> std::path::PathBuf {
    built::folder().join("drivers").join(format!("{name}.wasm"))
}
