//! Finds pipeline files by name.

use std::env;
use std::fs;
use std::path::{Component, Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::layout::PIPELINES_DIR;
use osiris_core::text::{closest_match, join_or, quoted};

use super::Project;

/// File name extensions of pipelines.
const EXTENSIONS: [&str; 2] = ["yaml", "yml"];
/// Maximum depth of directories below `pipelines/`.
const MAX_DEPTH: usize = 8;
/// Maximum number of pipelines that are listed.
const MAX_FILES: usize = 10_000;
/// Maximum number of names in a message.
const SHOWN: usize = 5;

/// A file in `pipelines/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PipelineFile {
    /// The path below `pipelines/` without the extension, like `hello` or `daily/orders`.
    pub name: String,
    /// The path of the file: relative to the working directory if inside it, otherwise absolute.
    pub path: PathBuf,
}

/// Returns the pipelines in `pipelines/`, sorted by name. Symlinked directories are not searched.
///
/// # Errors
/// Returns an error if a directory cannot be read. A missing `pipelines/` has no pipelines.
pub fn list(project: &Project) -> Result<Vec<PipelineFile>> {
    let root = project.layout.pipelines_dir();
    let mut files = Vec::new();
    let mut folders = vec![(root.clone(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let unreadable = |error| unreadable(&folder, &error);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(unreadable(error)),
        };
        for entry in entries {
            let entry = entry.map_err(unreadable)?;
            let path = entry.path();
            if entry.file_type().map_err(unreadable)?.is_dir() {
                if depth < MAX_DEPTH {
                    folders.push((path, depth + 1));
                }
            } else if has_extension(&path)
                && files.len() < MAX_FILES
                && let Some(name) = name_of(&path, &root)
            {
                files.push(PipelineFile { name, path: from_working_dir(&path) });
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Finds the file of a pipeline that a user named: by its path, or by its name in `pipelines/`
/// without the extension. A file at the path wins.
///
/// # Errors
/// Returns an error if there is no such file; the error suggests similar names.
pub fn find(project: &Project, wanted: &Path) -> Result<PathBuf> {
    if wanted.exists() && !wanted.is_dir() {
        return Ok(wanted.to_owned());
    }
    // An embedding program joins names with the project directory.
    let name = wanted.strip_prefix(project.base()).unwrap_or(wanted);
    if name.components().all(|part| matches!(part, Component::Normal(_))) {
        let named = project.layout.pipelines_dir().join(name);
        let with_extension = EXTENSIONS.iter().map(|extension| {
            let mut path = named.clone().into_os_string();
            path.push(".");
            path.push(extension);
            PathBuf::from(path)
        });
        let mut candidates = std::iter::once(named.clone()).chain(with_extension);
        if let Some(found) = candidates.find(|path| path.is_file()) {
            return Ok(from_working_dir(&found));
        }
    }
    // Reading a directory fails with a better message.
    if wanted.exists() { Ok(wanted.to_owned()) } else { Err(missing(project, wanted, name)) }
}

fn missing(project: &Project, wanted: &Path, name: &Path) -> Error {
    let is_name = name.components().count() == 1 && !has_extension(name);
    let message = match is_name {
        true => format!("no pipeline {} in `{PIPELINES_DIR}/`", quoted(&name.to_string_lossy())),
        false => "cannot find the pipeline file".to_owned(),
    };
    // An unreadable directory has no names to suggest.
    let files = list(project).unwrap_or_default();
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    let typed = name.strip_prefix(PIPELINES_DIR).unwrap_or(name);
    let typed = if has_extension(typed) { typed.with_extension("") } else { typed.to_owned() };
    let help = match closest_match(&typed.to_string_lossy(), names.iter().copied()) {
        Some(suggestion) => format!("did you mean `{suggestion}`?"),
        None if names.is_empty() && is_name => {
            "create a pipeline with `osiris pipelines new`, or give the path of one".to_owned()
        }
        None if names.is_empty() => {
            "check the path, which is relative to the working directory".to_owned()
        }
        None if names.len() <= SHOWN => {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("name a pipeline of the project: {}", join_or(&names))
        }
        None => "list the project's pipelines with `osiris pipelines list`".to_owned(),
    };
    let mut problem = Diagnostic::new(Code::PipelineMissing, message).help(help);
    if !is_name {
        problem = problem.in_file(wanted);
    }
    Error::invalid(problem)
}

fn has_extension(path: &Path) -> bool {
    path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|known| extension == *known))
}

/// Returns the name of a pipeline file below `root`. Returns `None` if the name is not UTF-8.
fn name_of(path: &Path, root: &Path) -> Option<String> {
    Some(path.strip_prefix(root).ok()?.with_extension("").to_str()?.to_owned())
}

/// Returns the path relative to the working directory if inside it.
fn from_working_dir(path: &Path) -> PathBuf {
    let current = env::current_dir().and_then(|current| current.canonicalize()).ok();
    let below = current.and_then(|current| path.strip_prefix(current).ok().map(Path::to_owned));
    below.unwrap_or_else(|| path.to_owned())
}

fn unreadable(folder: &Path, error: &std::io::Error) -> Error {
    let message = format!("cannot read the directory: {error}");
    Error::environment(Diagnostic::new(Code::FileUnreadable, message).in_file(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[&str]) -> (tempfile::TempDir, Project) {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let project = Project::open(folder.path()).unwrap();
        (folder, project)
    }

    #[test]
    fn pipelines_are_listed_by_name() {
        let (_folder, project) = project(&[
            "pipelines/b.yml",
            "pipelines/a.yaml",
            "pipelines/daily/a.yaml",
            "pipelines/readme.md",
            "other.yaml",
        ]);
        let names: Vec<String> =
            list(&project).unwrap().into_iter().map(|file| file.name).collect();
        assert_eq!(names, ["a", "b", "daily/a"]);
        let (_folder, empty) = self::project(&[]);
        assert_eq!(list(&empty).unwrap(), []);
    }

    #[test]
    fn pipeline_is_found_by_name_and_a_path_wins() {
        let (_folder, project) = project(&[
            "pipelines/hello.yaml",
            "pipelines/daily/load.v2.yml",
            "pipelines/both.yaml",
            "both",
            "other.yaml",
            "hello/data.csv",
        ]);
        let base = project.base();
        for (wanted, found) in [
            ("hello", "pipelines/hello.yaml"),
            ("hello.yaml", "pipelines/hello.yaml"),
            ("daily/load.v2", "pipelines/daily/load.v2.yml"),
            ("pipelines/hello.yaml", "pipelines/hello.yaml"),
            ("other.yaml", "other.yaml"),
            ("both", "both"),
        ] {
            assert_eq!(find(&project, &base.join(wanted)).unwrap(), base.join(found), "{wanted}");
        }
        let relative = find(&project, Path::new("hello.yaml")).unwrap();
        assert_eq!(relative, base.join("pipelines/hello.yaml"));
    }

    #[test]
    fn missing_pipeline_error_suggests_names() {
        let (_folder, project) = project(&["pipelines/hello.yaml", "pipelines/orders.yaml"]);
        for (wanted, message, help) in [
            ("hellos", "no pipeline `hellos` in `pipelines/`", "did you mean `hello`?"),
            ("pipelines/oders.yaml", "cannot find the pipeline file", "did you mean `orders`?"),
            (
                "customers",
                "no pipeline `customers` in `pipelines/`",
                "name a pipeline of the project: `hello` or `orders`",
            ),
            ("../hello", "cannot find the pipeline file", ""),
        ] {
            let error = find(&project, Path::new(wanted)).unwrap_err();
            assert_eq!(error.first().message, message, "{wanted}");
            assert!(error.first().help.as_deref().unwrap_or_default().contains(help), "{wanted}");
        }
    }
}
