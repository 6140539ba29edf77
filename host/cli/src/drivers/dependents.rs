//! Finds the drivers that pipelines use.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use osiris_core::yaml;
use osiris_pipeline::project::Project;

/// The directory of pipelines, besides those in the project directory itself.
const PIPELINES: &str = "pipelines";
/// Maximum files that are read, and maximum depth of directories.
const MAX_FILES: usize = 10_000;
const MAX_DEPTH: usize = 8;

/// Returns the pipelines that name each driver, as paths relative to the project. Files that are
/// not pipelines are ignored.
pub(super) fn by(project: &Project) -> BTreeMap<String, BTreeSet<String>> {
    let mut files = Vec::new();
    collect(project.base(), 0, &mut files);
    collect(&project.base().join(PIPELINES), MAX_DEPTH, &mut files);
    let mut dependents: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        let Ok(root) = yaml::read(&file) else { continue };
        let steps = root.entry("steps").and_then(|steps| steps.value.as_list()).unwrap_or_default();
        let drivers = steps.iter().filter_map(|step| step.entry("component")?.value.as_text());
        let relative = file.strip_prefix(project.base()).unwrap_or(&file).display().to_string();
        for driver in drivers {
            dependents.entry(driver.to_owned()).or_default().insert(relative.clone());
        }
    }
    dependents
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        let path = entry.path();
        let is_yaml = path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml");
        if files.len() >= MAX_FILES {
            return;
        } else if kind.is_dir() && depth > 0 {
            collect(&path, depth - 1, files);
        } else if kind.is_file() && is_yaml {
            files.push(path);
        }
    }
}
