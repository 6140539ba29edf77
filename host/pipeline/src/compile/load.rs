//! Loads a build from its directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::layout::LAST_COMPILE;
use osiris_core::fs::project_dir::{ProjectDir, io_help};
use osiris_core::paths::ProjectPath;
use osiris_core::{canonical, yaml};
use serde_json::{Map, Value};

use super::Build;
use super::assemble::fingerprint;
use super::build_dir::PARAMETERS;
use crate::manifest::{Manifest, Step};
use crate::project::Project;

const RECOMPILE: &str = "run `osiris compile` on the pipeline again";

/// Loads the build of a manifest and checks that the build is unchanged.
///
/// # Errors
/// Returns an error if a file is missing, malformed or changed; the error names the file.
pub fn load(manifest_path: &Path) -> Result<Build> {
    let manifest = manifest(manifest_path, &yaml::read(manifest_path)?)?;
    let dir = manifest_path.parent().unwrap_or(Path::new("")).to_path_buf();
    let mut configs = BTreeMap::new();
    for step in &manifest.steps {
        configs.insert(step.id.clone(), config(&dir, step)?);
    }
    let parameters = parameters(&dir, &manifest)?;
    Ok(Build { dir, manifest, configs, parameters, warnings: Vec::new() })
}

/// Reads a manifest from the content of `path` and checks that the manifest is unchanged.
///
/// # Errors
/// Returns an error if the content is not a manifest or was changed.
pub fn manifest(path: &Path, root: &yaml::Node) -> Result<Manifest> {
    let refuse = |code, message: String| {
        Error::invalid(Diagnostic::new(code, message).in_file(path).help(RECOMPILE))
    };
    let manifest: Manifest = serde_json::from_value(root.to_json()).map_err(|error| {
        refuse(Code::ManifestInvalid, format!("the file is not a manifest: {error:.200}"))
    })?;
    if manifest.hash() != manifest.meta.manifest_hash {
        let message = "the manifest was changed after the compile: its hash does not match";
        return Err(refuse(Code::ManifestChanged, message.to_owned()));
    }
    manifest.check().map_err(|error| refuse(Code::ManifestInvalid, error))?;
    Ok(manifest)
}

fn config(dir: &Path, step: &Step) -> Result<Value> {
    let file = dir.join(&step.cfg_path);
    let refuse = |code, message: &str| {
        Err(Error::invalid(Diagnostic::new(code, message).in_file(&file).help(RECOMPILE)))
    };
    let bytes = yaml::read_bytes(&file, yaml::MAX_BYTES)?;
    if canonical::sha256(&bytes) != step.cfg_sha256 {
        return refuse(Code::ConfigChanged, "the configuration was changed after the compile");
    }
    match serde_json::from_slice(&bytes) {
        Ok(config @ Value::Object(_)) => Ok(config),
        _ => refuse(Code::ConfigInvalid, "the configuration is not a JSON object"),
    }
}

/// Reads the parameters of a build. A build of an older version of osiris has no such file.
fn parameters(dir: &Path, manifest: &Manifest) -> Result<Map<String, Value>> {
    let file = dir.join(PARAMETERS);
    if !file.exists() {
        return Ok(Map::new());
    }
    let bytes = yaml::read_bytes(&file, yaml::MAX_BYTES)?;
    match serde_json::from_slice(&bytes) {
        Ok(value @ Value::Object(_))
            if fingerprint(&value) == manifest.pipeline.fingerprints.params_fp =>
        {
            Ok(value.as_object().cloned().unwrap_or_default())
        }
        _ => {
            let message = "the parameters were changed after the compile";
            let problem = Diagnostic::new(Code::ConfigChanged, message).in_file(&file);
            Err(Error::invalid(problem.help(RECOMPILE)))
        }
    }
}

/// Loads the build that was compiled last.
///
/// # Errors
/// Returns an error if no build exists (`last_compile_missing`) or [`load`] fails.
pub fn last(project: &Project) -> Result<Build> {
    let pointer = project.layout.last_compile();
    let stale = |message: String| {
        let help = "run `osiris compile <pipeline.yaml>` first";
        Error::invalid(Diagnostic::new(Code::LastCompileMissing, message).help(help))
    };
    let Some(text) = read_pointer(project, &pointer)? else {
        return Err(stale("no pipeline of this project has been compiled yet".to_owned()));
    };
    let mut lines = text.lines();
    let (path, hash) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    if ProjectPath::new(path).is_err() {
        return Err(stale(format!("the file `{}` is damaged", pointer.display())));
    }
    let path: PathBuf = project.layout.base.join(path);
    if !path.exists() {
        return Err(stale(format!(
            "the last compiled build no longer exists: `{}`",
            path.display()
        )));
    }
    let build = load(&path)?;
    if build.manifest.meta.manifest_hash != hash {
        return Err(stale(format!(
            "the manifest `{}` is not the last compiled one",
            path.display()
        )));
    }
    Ok(build)
}

/// Reads the text of `last_compile`. Returns `None` if the file does not exist.
fn read_pointer(project: &Project, pointer: &Path) -> Result<Option<String>> {
    let folder = ProjectDir::new(project.base(), &project.layout.index_dir());
    let bytes = folder.read(LAST_COMPILE, 64 * 1024).map_err(|error| {
        let problem =
            Diagnostic::new(Code::FileUnreadable, format!("cannot read the file: {error}"));
        let help = io_help(&error, "remove the file, and compile the pipeline again");
        Error::invalid(problem.in_file(pointer).help(help))
    })?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}
