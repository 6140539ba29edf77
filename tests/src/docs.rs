//! The pages of the documentation: their commands print what the pages show, and their links lead
//! somewhere.

mod fence;
mod link;
mod page;
mod project;
mod transcript;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::snapshot;

use fence::Fence;
pub use link::check as check_links;
use page::Page;
use project::{Project, Setup};

/// Directories whose Markdown files are pages, relative to the repository.
const FOLDERS: [&str; 9] = [
    "",
    "docs",
    "host/conformance",
    "sdk/javascript",
    "sdk/python",
    "sdk/rust",
    "testing_env/data",
    "tests",
    "tests/evolution",
];

/// Returns the root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the paths of all pages, relative to the repository and sorted.
///
/// # Errors
/// Returns an error if a directory of pages cannot be read.
pub fn pages() -> Result<Vec<PathBuf>, String> {
    let mut pages = Vec::new();
    for folder in FOLDERS {
        let path = repository().join(folder);
        let entries =
            fs::read_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        for entry in entries.flatten() {
            let name = PathBuf::from(entry.file_name());
            if name.extension().is_some_and(|extension| extension == "md") {
                pages.push(Path::new(folder).join(name));
            }
        }
    }
    pages.sort();
    Ok(pages)
}

/// Runs the commands of a page and compares their output with the page, or updates the page.
/// Fences with the same mark share a project.
///
/// # Errors
/// Returns an error if a fence with commands is not marked, if a project cannot be prepared, or a
/// description of all differences.
pub fn run(path: &Path) -> Result<(), String> {
    let page = Page::read(path)?;
    let mut projects: BTreeMap<&Setup, Vec<&Fence>> = BTreeMap::new();
    for fence in &page.fences {
        projects.entry(&fence.setup).or_default().push(fence);
    }
    let mut outputs = BTreeMap::new();
    for (setup, fences) in projects {
        let commands: Vec<_> = fences.iter().flat_map(|fence| &fence.commands).collect();
        let inputs: Vec<&str> = commands.iter().map(|command| command.input.as_str()).collect();
        let printed = Project::new(setup)?
            .run(&inputs)
            .map_err(|error| format!("{}, project `{setup}`: {error}", path.display()))?;
        outputs.extend(commands.iter().map(|command| command.line).zip(printed));
    }
    let output = |line: usize| outputs.get(&line).map_or(&[][..], Vec::as_slice);
    if snapshot::updating() {
        return page.update(output);
    }
    let differences = page.differences(output);
    if differences.is_empty() {
        return Ok(());
    }
    Err(format!("{differences}If the new text is right: UPDATE_EXPECT=1"))
}
