//! The program that runs in sandboxes: the real one, without debug information.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use osiris_tests::built;

/// Path of the program in templates.
pub(crate) const PLACE: &str = "/usr/local/bin/osiris";

static STRIPPED: LazyLock<PathBuf> = LazyLock::new(|| {
    let (osiris, folder) = (built::osiris(), built::folder().join("test-runtime"));
    let stripped = folder.join("osiris");
    let made = |path: &Path| fs::metadata(path).and_then(|about| about.modified()).ok();
    if made(&stripped) < made(&osiris) {
        fs::create_dir_all(&folder).expect("cargo's folder can be written");
        let part = folder.join(format!("osiris.{}.part", std::process::id()));
        let strip = Command::new("strip").arg("-o").args([&part, &osiris]).status();
        if !strip.is_ok_and(|status| status.success()) {
            fs::copy(&osiris, &part).expect("there is room");
        }
        fs::rename(part, &stripped).expect("cargo's folder can be written");
    }
    stripped
});

/// Returns the stripped program, which uploads and hashes in half the time.
pub(crate) fn stripped() -> PathBuf {
    STRIPPED.clone()
}
