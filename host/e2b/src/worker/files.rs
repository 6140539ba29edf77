//! Collects the files that a run leaves for its host.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use osiris_core::canonical;
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::spec::configured_paths;
use osiris_core::paths::{ProjectPath, reserved_to_write};
use osiris_engine::CompiledDriver;
use osiris_pipeline::manifest::Manifest;
use osiris_runtime::run::Task;
use osiris_runtime::session::{self, files};

use crate::protocol::{OutputFile, Plan};

/// Returns the paths that the steps may write to, relative to the base path.
pub(super) fn output_paths<'a>(
    steps: impl Iterator<Item = (&'a Task, &'a CompiledDriver)>,
) -> Vec<String> {
    steps
        .flat_map(|(task, driver)| configured_paths(&task.config, &driver.spec.files.write))
        .filter_map(|path| Some(ProjectPath::new(path).ok()?.as_str().to_owned()))
        .collect()
}

/// Lists the files below these paths, with the steps' artifacts and states. Anything but regular
/// files is left out.
pub(super) fn output_files(
    plan: &Plan,
    manifest: &Manifest,
    paths: &[String],
) -> Result<Vec<OutputFile>> {
    let artifacts = format!("logs/{}{}/{}", session::PREFIX, plan.session_id, files::ARTIFACTS);
    let states = format!(".osiris/state/{}", manifest.pipeline.id);
    let mut outputs = Vec::new();
    for (path, is_own) in
        paths.iter().map(|path| (path, false)).chain([(&artifacts, true), (&states, true)])
    {
        collect(&plan.base, path, is_own, &mut outputs).map_err(|error| {
            let why = format!("cannot read the output of the run: {error}");
            Error::environment(
                Diagnostic::new(Code::WorkerFailed, why).in_file(&plan.base.join(path)),
            )
        })?;
    }
    outputs.sort_by(|a, b| a.path.cmp(&b.path));
    outputs.dedup();
    Ok(outputs)
}

/// Returns whether nothing exists at a path, even because one of its directories is a file.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn collect(base: &Path, path: &str, is_own: bool, outputs: &mut Vec<OutputFile>) -> io::Result<()> {
    // No step can write to reserved paths, even if it may write everything else.
    if !is_own && reserved_to_write(Path::new(path)).is_some() {
        return Ok(());
    }
    let absolute = base.join(path);
    let kind = match fs::symlink_metadata(&absolute) {
        Ok(meta) => meta.file_type(),
        Err(error) if is_absent(&error) => return Ok(()),
        Err(error) => return Err(error),
    };
    if kind.is_dir() {
        for entry in fs::read_dir(&absolute)? {
            let name = entry?.file_name();
            // A name that is not valid text cannot be expressed, here as in any manifest.
            let Some(name) = name.to_str() else { continue };
            let slash = if path.is_empty() { "" } else { "/" };
            collect(base, &format!("{path}{slash}{name}"), is_own, outputs)?;
        }
    } else if kind.is_file() {
        let (size, sha256) = canonical::sha256_of(File::open(&absolute)?)?;
        outputs.push(OutputFile { path: path.to_owned(), size, sha256 });
    }
    Ok(())
}
