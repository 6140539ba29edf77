//! Creates a project from a case's directory.

use std::fs;
use std::io;
use std::path::Path;

use super::Script;
use crate::{TestProject, wasm};

/// Files in a case's directory that are not part of the project.
const OURS: [&str; 3] = ["case.yaml", "transcript.txt", "expected"];

/// Fills the project.
pub(super) fn fill(folder: &Path, script: &Script, project: &TestProject) -> Result<(), String> {
    copy(folder, &project.root(), &OURS)
        .map_err(|error| format!("{}: {error}", folder.display()))?;
    // A target for links that lead outside.
    fs::write(project.outside().join("secret.txt"), "not for drivers\n")
        .map_err(|error| error.to_string())?;
    for (path, file) in &script.files {
        file.make(&project.path(path)).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    wasm::assemble(&project.path("drivers"))
}

fn copy(from: &Path, to: &Path, except: &[&str]) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if except.iter().any(|other| name == *other) {
            continue;
        }
        let to = to.join(&name);
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&to)?;
            copy(&entry.path(), &to, &[])?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
