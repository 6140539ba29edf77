//! Compiles a pipeline into a build: the manifest and the configurations that a run executes, the
//! same bytes for the same inputs on any machine.

mod assemble;
mod build_dir;
mod config;
mod conflicts;
mod cycle;
mod drivers;
mod edges;
mod load;
mod options;
mod parameters;
mod plan;
mod preflight;
mod secrets;
mod steps;
mod substitute;
mod suspicious;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, ExitStatus, Result};
use osiris_core::text::{closest_match, join_or, quoted};
use osiris_core::yaml::{self, Diagnostics};
use serde_json::{Map, Value};

use crate::manifest::Manifest;
use crate::project::Project;
use crate::project::pipeline::{Pipeline, Profile};

pub use build_dir::manifest_path;
pub use drivers::{Drivers, Found, Missing};
pub use load::{last, load, manifest};
pub use options::Options;
pub use preflight::Surroundings;

/// A compiled pipeline in its build directory.
#[derive(Debug, Clone, PartialEq)]
pub struct Build {
    /// The build directory, `.osiris/build/<slug>/<short>-<hash>`, absolute.
    pub dir: PathBuf,
    /// The manifest that a run executes.
    pub manifest: Manifest,
    /// Each step's configuration, by the step's id.
    pub configs: BTreeMap<String, Value>,
    /// The resolved parameters, by name.
    pub parameters: Map<String, Value>,
    /// Possible mistakes; empty for a loaded build.
    pub warnings: Vec<Diagnostic>,
}

impl Build {
    /// Returns the path of the manifest.
    pub fn manifest_file(&self) -> PathBuf {
        self.dir.join("manifest.yaml")
    }
}

/// A valid pipeline, not written to disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The manifest that a run would execute.
    pub manifest: Manifest,
    /// Each step's configuration, by the step's id.
    pub configs: BTreeMap<String, Value>,
    /// The resolved parameters, by name.
    pub parameters: Map<String, Value>,
    /// Possible mistakes.
    pub warnings: Vec<Diagnostic>,
}

/// Codes of problems outside the pipeline.
const ENVIRONMENT: [Code; 3] = [Code::CeilingExceeded, Code::DriverMissing, Code::DriverUnusable];

/// Checks a pipeline with everything that it refers to. Writes nothing.
///
/// # Errors
/// Returns an error if there is any problem, and reports all problems by position: as
/// [`ExitStatus::Environment`] if drivers are all that is missing, otherwise as [`ExitStatus::Invalid`].
pub fn check(
    project: &Project,
    pipeline_file: &Path,
    options: &Options,
    drivers: &dyn Drivers,
) -> Result<Checked> {
    check_root(project, yaml::read(pipeline_file)?, pipeline_file, options, drivers, None)
}

/// Like [`check`], and also finds the problems that a run on this machine would find: missing
/// connections, variables and input files, and permissions beyond the ceilings.
///
/// # Errors
/// Returns an error if there is any problem. Unset variables and missing input files are warnings.
pub fn preflight(
    project: &Project,
    pipeline_file: &Path,
    options: &Options,
    drivers: &dyn Drivers,
    surroundings: Surroundings<'_>,
) -> Result<Checked> {
    let root = yaml::read(pipeline_file)?;
    check_root(project, root, pipeline_file, options, drivers, Some(surroundings))
}

/// Like [`check`], for a pipeline whose text is not in a file. Problems are reported in
/// `pipeline_file`.
///
/// # Errors
/// Returns an error if there is any problem, like [`check`].
pub fn check_text(
    project: &Project,
    text: &str,
    pipeline_file: &Path,
    options: &Options,
    drivers: &dyn Drivers,
) -> Result<Checked> {
    let root = yaml::parse(text.as_bytes(), pipeline_file)?;
    check_root(project, root, pipeline_file, options, drivers, None)
}

fn check_root(
    project: &Project,
    root: yaml::Node,
    pipeline_file: &Path,
    options: &Options,
    drivers: &dyn Drivers,
    surroundings: Option<Surroundings<'_>>,
) -> Result<Checked> {
    let mut problems = Diagnostics::new(pipeline_file);
    let mut warnings = Diagnostics::new(pipeline_file);
    let Some(mut pipeline) = Pipeline::read(root, &mut problems, &mut warnings) else {
        return Err(Error::new(ExitStatus::Invalid, problems.into_sorted()));
    };
    secrets::scan_file(&pipeline.root, &mut problems);
    let profile = profile(project, &pipeline, options, &mut problems).cloned();
    let parameters = parameters::resolve(&pipeline, profile.as_ref(), options, &mut problems);
    let steps = steps::check(
        project,
        &mut pipeline,
        profile.as_ref(),
        &parameters,
        drivers,
        &mut problems,
        &mut warnings,
    );
    let graph = edges::resolve(&pipeline.steps, &mut problems, &mut warnings);
    if problems.is_empty() {
        conflicts::check(project, &pipeline, &graph, &steps, &mut problems);
    }
    if let Some(surroundings) = surroundings {
        preflight::check(project, &pipeline, &steps, surroundings, &mut problems, &mut warnings);
    }
    if !problems.is_empty() {
        let problems = problems.into_sorted();
        let outside = problems.iter().all(|problem| ENVIRONMENT.contains(&problem.code));
        let exit = if outside { ExitStatus::Environment } else { ExitStatus::Invalid };
        return Err(Error::new(exit, problems));
    }
    let profile = profile.as_ref().map_or("", |profile| profile.name.as_str());
    let (manifest, configs) = assemble::manifest(&pipeline, profile, &parameters, &graph, steps);
    let (parameters, warnings) = (parameters.to_json(), warnings.into_sorted());
    Ok(Checked { manifest, configs, parameters, warnings })
}

/// Compiles a pipeline into its build directory and makes it the last compiled one. A build that
/// exists complete and with the same hash is left unchanged.
///
/// # Errors
/// Returns an error if [`check`] fails or the build directory cannot be written.
pub fn compile(
    project: &Project,
    pipeline_file: &Path,
    options: &Options,
    drivers: &dyn Drivers,
) -> Result<Build> {
    write(project, check(project, pipeline_file, options, drivers)?)
}

/// Writes a checked pipeline into its build directory, like [`compile`].
///
/// # Errors
/// Returns an error if the build directory cannot be written.
pub fn write(project: &Project, checked: Checked) -> Result<Build> {
    let Checked { manifest, configs, parameters, warnings } = checked;
    let dir = build_dir::write(project, &manifest, &configs, &parameters)?;
    Ok(Build { dir, manifest, configs, parameters, warnings })
}

/// Returns the profile to compile for. A profile named by a command must exist; the project's
/// default counts only for pipelines that have it.
fn profile<'p>(
    project: &Project,
    pipeline: &'p Pipeline,
    options: &Options,
    problems: &mut Diagnostics<'_>,
) -> Option<&'p Profile> {
    let named = |name: &str| pipeline.profiles.iter().find(|profile| profile.name == name);
    let Some(name) = &options.profile else {
        return project.settings.profile.as_deref().and_then(named);
    };
    let found = named(name);
    if found.is_none() {
        let names: Vec<&str> = pipeline.profiles.iter().map(|p| p.name.as_str()).collect();
        let help = match closest_match(name, names.iter().copied()) {
            Some(suggestion) => format!("did you mean `{suggestion}`?"),
            None if names.is_empty() => "declare the profile under `profiles`".to_owned(),
            None => format!("expected {}", join_or(&names)),
        };
        let message = format!("the pipeline has no profile {}", quoted(name));
        problems.report_unplaced(Diagnostic::new(Code::ProfileUnknown, message).help(help));
    }
    found
}
