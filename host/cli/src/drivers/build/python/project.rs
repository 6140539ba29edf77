//! Reads the driver's settings in a `pyproject.toml`.

use std::fs;
use std::path::{Path, PathBuf};

use osiris_core::diagnostic::{Diagnostic, Error, Position, Result, SourceLocation};
use toml_edit::{DocumentMut, Item};

use super::CODE;

const MANIFEST: &str = "pyproject.toml";
/// Maximum bytes of the file.
const MOST: u64 = 1 << 20;

/// A Python driver project.
#[derive(Debug)]
pub(super) struct Project {
    /// The module that exports the driver.
    pub(super) module: String,
    /// The directories of modules.
    pub(super) python_path: Vec<PathBuf>,
    /// Packages that the driver uses, as pip spells them.
    pub(super) dependencies: Vec<String>,
}

/// Returns whether a directory contains a Python driver, or could contain one if the file were
/// valid.
pub(super) fn fits(folder: &Path) -> bool {
    match text(&folder.join(MANIFEST)).map(|text| text.parse::<DocumentMut>()) {
        Ok(Ok(document)) => document.get("tool").is_some_and(|tool| tool.get("osiris").is_some()),
        // The parse error is more useful than reporting that no project was found.
        Ok(Err(_)) => true,
        Err(_) => false,
    }
}

fn text(path: &Path) -> std::io::Result<String> {
    if fs::metadata(path)?.len() > MOST {
        return Err(std::io::Error::other(format!("the file has more than {MOST} bytes")));
    }
    fs::read_to_string(path)
}

impl Project {
    /// Reads the file in a driver's directory.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(MANIFEST);
        let invalid = |message: String, help: &str| {
            Error::invalid(Diagnostic::new(CODE, message).in_file(&path).help(help))
        };
        let source = text(&path).map_err(|error| {
            invalid(format!("cannot read the project: {error}"), "check the file")
        })?;
        let document: DocumentMut = source.parse().map_err(|error: toml_edit::TomlError| {
            let mut problem = Diagnostic::new(CODE, format!("invalid TOML: {}", error.message()));
            let position = error.span().map(|span| position(&source, span.start));
            problem.location = Some(SourceLocation { file: path.display().to_string(), position });
            Error::invalid(problem)
        })?;
        let tools = document.get("tool");
        let osiris = tools.and_then(|tools| tools.get("osiris")).unwrap_or(&Item::None);
        let module = match osiris.get("module") {
            Some(module) => module.as_str().map(str::to_owned),
            None => name(&document).map(|name| name.replace(['-', '.'], "_")),
        };
        let module = module.filter(|module| is_module(module)).ok_or_else(|| {
            invalid(
                "no module that exports the driver is set".into(),
                "add:\n[tool.osiris]\nmodule = \"my_driver\"",
            )
        })?;
        let list = |item: Option<&Item>, key: &str| {
            texts(item).ok_or_else(|| {
                invalid(
                    format!("`{key}` must be a list of strings"),
                    &format!("write `{key} = [\"...\"]`"),
                )
            })
        };
        let dependencies = list(
            document.get("project").and_then(|project| project.get("dependencies")),
            "dependencies",
        )?;
        let mut python_path = Vec::new();
        for name in list(osiris.get("python-path"), "python-path")? {
            let dir = folder.join(&name);
            python_path.push(dir.canonicalize().map_err(|error| {
                invalid(
                    format!("cannot read `{name}` in `python-path`: {error}"),
                    "name the directories that contain the driver's module and the SDK",
                )
            })?);
        }
        if python_path.is_empty() {
            return Err(invalid(
                "`python-path` names no directory".into(),
                "add:\n[tool.osiris]\npython-path = [\"src\", \"vendor/osiris-sdk\"]",
            ));
        }
        Ok(Self { module, python_path, dependencies })
    }
}

fn name(document: &DocumentMut) -> Option<&str> {
    document.get("project")?.get("name")?.as_str()
}

/// Returns a list of texts, empty if missing. Returns `None` for any other type.
fn texts(item: Option<&Item>) -> Option<Vec<String>> {
    let Some(item) = item else { return Some(Vec::new()) };
    item.as_array()?.iter().map(|value| value.as_str().map(str::to_owned)).collect()
}

/// Returns whether `name` can be imported and cannot inject other code.
fn is_module(name: &str) -> bool {
    name.split('.').all(|part| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Converts a byte offset to line and column.
fn position(text: &str, byte: usize) -> Position {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    Position { line: line as u32, column: column as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (bool, Result<Project>) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join(MANIFEST), text).unwrap();
        (fits(folder.path()), Project::read(folder.path()))
    }

    #[test]
    fn pyproject_gives_module_path_and_dependencies() {
        let (fits, project) = read(
            "[project]\nname = 'my-driver'\ndependencies = ['idna>=3']\n\
             [tool.osiris]\npython-path = ['src']\n",
        );
        let project = project.unwrap();
        assert!(fits && project.python_path[0].ends_with("src"));
        assert_eq!(
            (project.module.as_str(), project.dependencies),
            ("my_driver", vec!["idna>=3".to_owned()])
        );
    }

    #[test]
    fn pyproject_without_osiris_table_is_not_a_driver() {
        assert!(!read("[project]\nname = 'x'\n").0);
        assert!(!fits(Path::new("/nowhere")));
    }

    #[test]
    fn invalid_pyproject_error_names_the_fault() {
        let path = "python-path = ['src']\n";
        for (text, words) in [
            ("[tool.osiris\n", "invalid TOML"),
            ("[tool.osiris]\n", "no module that exports the driver is set"),
            (&format!("[tool.osiris]\nmodule = 'a; b'\n{path}"), "no module that exports"),
            (&format!("[tool.osiris]\nmodule = 1\n{path}"), "no module that exports"),
            ("[tool.osiris]\nmodule = 'a'\n", "`python-path` names no directory"),
            ("[tool.osiris]\nmodule = 'a'\npython-path = 'src'\n", "a list of strings"),
            ("[tool.osiris]\nmodule = 'a'\npython-path = ['lib']\n", "`lib` in `python-path`"),
        ] {
            let (fits, project) = read(text);
            let error = project.unwrap_err().to_string();
            assert!(fits && error.contains(words), "{text}: {error}");
        }
        let error = read("[tool.osiris]\nx = = 1\n").1.unwrap_err();
        assert_eq!(error.first().location.as_ref().unwrap().position.unwrap().line, 2);
    }
}
