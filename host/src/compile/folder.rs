//! The build folder.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::plan::plan;
use crate::manifest::Manifest;
use crate::problem::{Error, Problem, Result};
use crate::project::Project;
use crate::{atomic, canonical, yaml};

/// The one file with a time in it; no hash covers it.
const COMPILED: &str = "compiled.json";

/// Writes the build and points `last_compile` at it. The folder appears whole or
/// not at all.
pub(super) fn write(
    project: &Project,
    manifest: &Manifest,
    configs: &BTreeMap<String, Value>,
) -> Result<PathBuf> {
    let files = files(manifest, configs);
    let name = format!("{}-{}", manifest.meta.manifest_short, manifest.meta.manifest_hash);
    let parent = project.build_dir().join(&manifest.pipeline.id);
    let dir = parent.join(name);
    let done = if holds(&dir, &files) { Ok(()) } else { place(&parent, &dir, &files) };
    done.map_err(|error| unwritable(&dir, &error))?;
    let pointer = project.last_compile();
    remember(project, &pointer, &dir, manifest).map_err(|error| unwritable(&pointer, &error))?;
    Ok(dir)
}

/// What is in the folder, but for [`COMPILED`].
fn files(manifest: &Manifest, configs: &BTreeMap<String, Value>) -> BTreeMap<String, String> {
    let fingerprints = json!({"fingerprints": manifest.pipeline.fingerprints});
    let mut files = BTreeMap::from([
        ("manifest.yaml".to_owned(), yaml::to_string(&json!(manifest))),
        ("plan.json".to_owned(), canonical::json(&plan(manifest))),
        ("fingerprints.json".to_owned(), canonical::json(&fingerprints)),
    ]);
    for step in &manifest.steps {
        files.insert(step.cfg_path.clone(), canonical::json(&configs[&step.id]));
    }
    files
}

/// Whether a folder has exactly these contents in these files.
fn holds(dir: &Path, files: &BTreeMap<String, String>) -> bool {
    files.iter().all(|(name, text)| {
        let limit = text.len() as u64;
        yaml::read_bytes(&dir.join(name), limit).is_ok_and(|bytes| bytes == text.as_bytes())
    })
}

fn place(parent: &Path, dir: &Path, files: &BTreeMap<String, String>) -> io::Result<()> {
    fs::create_dir_all(parent)?;
    let new = tempfile::Builder::new().prefix(".new-").tempdir_in(parent)?;
    // Not the temporary folder itself, which only its owner may enter.
    let made = new.path().join("build");
    fs::create_dir_all(made.join("cfg"))?;
    for (name, text) in files {
        fs::write(made.join(name), text)?;
    }
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    fs::write(made.join(COMPILED), canonical::json(&json!({"compiled_at": now})))?;
    if dir.exists() {
        // Someone changed it: out of the way, and gone with the temporary folder.
        fs::rename(dir, new.path().join("old"))?;
    }
    match fs::rename(&made, dir) {
        // Another compile of the same pipeline was faster.
        Err(_) if holds(dir, files) => Ok(()),
        renamed => renamed,
    }
}

/// Writes `last_compile`: the manifest's path below the project folder, its hash
/// and the profile, a line each.
fn remember(project: &Project, pointer: &Path, dir: &Path, manifest: &Manifest) -> io::Result<()> {
    let path = dir.join("manifest.yaml");
    let path = path.strip_prefix(&project.base).unwrap_or(&path);
    let text =
        format!("{}\n{}\n{}\n", path.display(), manifest.meta.manifest_hash, manifest.meta.profile);
    fs::create_dir_all(pointer.parent().unwrap_or(&project.base))?;
    atomic::write(pointer, text.as_bytes())
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    let message = format!("The compiled pipeline cannot be written: {error}");
    let help = "make the project folder writable and see that the disk is not full";
    Error::environment(Problem::new("build_not_written", message).in_file(path).help(help))
}
