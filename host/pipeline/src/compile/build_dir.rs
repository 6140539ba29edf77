//! Writes the build directory.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;
use cap_tempfile::TempDir;
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::layout::LAST_COMPILE;
use osiris_core::fs::project_dir::{self, ProjectDir, io_help};
use osiris_core::{canonical, yaml};
use serde_json::{Map, Value, json};

use super::plan::plan;
use crate::manifest::{self, Manifest};
use crate::project::Project;

/// The resolved parameters, whose hash is one of the fingerprints.
pub(super) const PARAMETERS: &str = "parameters.json";

/// Name of the manifest.
const MANIFEST: &str = "manifest.yaml";

/// The only file that contains a time; no hash covers it.
const COMPILED: &str = "compiled.json";

/// Returns the path of the manifest of an earlier build, from the id of its pipeline and its hash.
pub fn manifest_path(project: &Project, pipeline: &str, hash: &str) -> PathBuf {
    project.layout.build_dir().join(pipeline).join(name(hash)).join(MANIFEST)
}

/// Returns the name of the directory of a build.
fn name(hash: &str) -> String {
    format!("{}-{hash}", manifest::short(hash))
}

/// Writes the build and points `last_compile` at it. The build directory appears complete or not
/// at all.
pub(super) fn write(
    project: &Project,
    manifest: &Manifest,
    configs: &BTreeMap<String, Value>,
    parameters: &Map<String, Value>,
) -> Result<PathBuf> {
    let files = files(manifest, configs, parameters);
    let name = name(&manifest.meta.manifest_hash);
    let builds = project.layout.build_dir().join(&manifest.pipeline.id);
    let dir = builds.join(&name);
    let result = ProjectDir::new(project.base(), &builds).create_dir().and_then(|builds| {
        if holds(&builds, &name, &files) { Ok(()) } else { install(&builds, &name, &files) }
    });
    result.map_err(|error| unwritable(&dir, &error))?;
    write_last_compile(project, &dir, manifest)
        .map_err(|error| unwritable(&project.layout.last_compile(), &error))?;
    Ok(dir)
}

/// Returns the files of the directory by name, except [`COMPILED`].
fn files(
    manifest: &Manifest,
    configs: &BTreeMap<String, Value>,
    parameters: &Map<String, Value>,
) -> BTreeMap<String, String> {
    let fingerprints = json!({"fingerprints": manifest.pipeline.fingerprints});
    let mut files = BTreeMap::from([
        (MANIFEST.to_owned(), yaml::to_string(&json!(manifest))),
        ("plan.json".to_owned(), canonical::json(&plan(manifest))),
        ("fingerprints.json".to_owned(), canonical::json(&fingerprints)),
        (PARAMETERS.to_owned(), canonical::json(&json!(parameters))),
    ]);
    for step in &manifest.steps {
        files.insert(step.cfg_path.clone(), canonical::json(&configs[&step.id]));
    }
    files
}

/// Returns whether a build has exactly these contents in these files.
fn holds(builds: &Dir, name: &str, files: &BTreeMap<String, String>) -> bool {
    builds.open_dir(name).is_ok_and(|dir| {
        files.iter().all(|(name, text)| {
            let limit = text.len() as u64;
            project_dir::read(&dir, name, limit).is_ok_and(|bytes| bytes == text.as_bytes())
        })
    })
}

fn install(builds: &Dir, name: &str, files: &BTreeMap<String, String>) -> io::Result<()> {
    let new = TempDir::new_in(builds)?;
    // Not the temporary directory itself, which only its owner may enter.
    new.create_dir_all("build/cfg")?;
    let build = new.open_dir("build")?;
    for (name, text) in files {
        build.write(name, text)?;
    }
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    build.write(COMPILED, canonical::json(&json!({"compiled_at": now})))?;
    match new.rename("build", builds, name) {
        // A concurrent compile of the same pipeline was faster.
        Err(_) if holds(builds, name, files) => Ok(()),
        Err(_) if builds.symlink_metadata(name).is_ok() => {
            // The build was changed: move it into the temporary directory, to be deleted with it.
            builds.rename(name, &new, "old")?;
            new.rename("build", builds, name)
        }
        renamed => renamed,
    }
}

/// Writes `last_compile`: one line each for the manifest's path inside the project, its hash and
/// the profile.
fn write_last_compile(project: &Project, dir: &Path, manifest: &Manifest) -> io::Result<()> {
    let path = dir.join("manifest.yaml");
    let path = path.strip_prefix(project.base()).unwrap_or(&path);
    let text =
        format!("{}\n{}\n{}\n", path.display(), manifest.meta.manifest_hash, manifest.meta.profile);
    ProjectDir::new(project.base(), &project.layout.index_dir())
        .write_atomic(LAST_COMPILE, text.as_bytes())
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    let message = format!("cannot write the compiled pipeline: {error}");
    let help =
        io_help(error, "make the project directory writable, and check that the disk is not full");
    Error::environment(Diagnostic::new(Code::BuildUnwritable, message).in_file(path).help(help))
}
