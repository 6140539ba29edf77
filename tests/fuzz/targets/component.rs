//! A driver's file, as far as it is read without running it.
#![no_main]

use std::fs;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use osiris::driver::{DriverFile, fuzzing};
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(osiris_fuzz::folder);

fuzz_target!(|bytes: &[u8]| {
    let path = FOLDER.path().join("driver.wasm");
    fs::write(&path, bytes).expect("the folder is ours");
    match DriverFile::read(&path) {
        Ok(file) => {
            assert_eq!(file.size, bytes.len() as u64);
            if let Some(problem) = fuzzing::mismatch(&file) {
                let acts = |c: char| c.is_control() && c != '\n';
                assert!(!problem.message.contains(acts), "{:?}", problem.message);
            }
        }
        Err(error) => assert!(!error.problems.is_empty()),
    }
});
