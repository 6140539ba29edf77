//! The parts of a driver's file that are read without running the driver.
#![no_main]

use std::fs;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use osiris_core::driver::spec::SECTION;
use osiris_core::driver::{DriverFile, sections};
use tempfile::TempDir;
use wasmparser::{Parser, Payload};

static FOLDER: LazyLock<TempDir> = LazyLock::new(osiris_fuzz::folder);

fuzz_target!(|bytes: &[u8]| {
    let path = FOLDER.path().join("driver.wasm");
    fs::write(&path, bytes).expect("the folder is ours");
    match DriverFile::read(&path) {
        Ok(file) => {
            assert_eq!(file.size, bytes.len() as u64);
            if let Some(problem) = file.mismatch() {
                let acts = |c: char| c.is_control() && c != '\n';
                assert!(!problem.message.contains(acts), "{:?}", problem.message);
            }
        }
        Err(error) => assert!(!error.diagnostics().is_empty()),
    }
    if let (Some(ours), Some(theirs)) = (sections::specs(bytes), specs(bytes)) {
        assert_eq!(ours, theirs, "nobody finds another spec in it");
    }
});

/// Returns the specs that `wasmparser` finds in a component, or `None` if the component is damaged.
fn specs(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut specs = Vec::new();
    if !Parser::is_component(bytes) {
        return None;
    }
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.ok()? {
            Payload::CustomSection(section) if section.name() == SECTION => {
                specs.push(section.data().to_vec());
            }
            _ => {}
        }
    }
    Some(specs)
}
