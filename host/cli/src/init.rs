//! `osiris init`.

use std::fs;
use std::path::{Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::atomic;
use osiris_core::fs::layout::{DRIVERS_DIR, SETTINGS_FILE};
use serde_json::json;

use super::render::{BOLD, DIM, SUCCESS, paint};
use super::shell::{CommandOutput, display_path};

const EXAMPLES: &str = "\
Examples:
  osiris init                 create a project in the working directory
  osiris init demo            create a project in a new directory
  osiris init demo --force    overwrite existing files";

/// Files of a new project, by path.
const FILES: [(&str, &str); 4] = [
    (SETTINGS_FILE, include_str!("init/osiris.yaml")),
    (".gitignore", include_str!("init/gitignore")),
    ("pipelines/hello.yaml", include_str!("init/hello.yaml")),
    ("data/planets.csv", include_str!("init/planets.csv")),
];
/// Create a project with a working example pipeline
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Project directory; created if missing
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Overwrite existing files
    #[arg(long)]
    force: bool,
}

pub(super) fn init(args: &Args) -> Result<CommandOutput> {
    if !args.force {
        refuse_to_overwrite(&args.dir)?;
    }
    make_folder(&args.dir.join(DRIVERS_DIR))?;
    for (name, content) in FILES {
        let path = args.dir.join(name);
        make_folder(path.parent().unwrap_or(&args.dir))?;
        atomic::write(&path, content.as_bytes()).map_err(|error| {
            environment(&path, format!("cannot write the project file: {error}"))
        })?;
    }
    let dir = fs::canonicalize(&args.dir).unwrap_or_else(|_| args.dir.clone());
    let display = display_path(&dir);
    let mut next = vec!["osiris run pipelines/hello.yaml".to_owned()];
    if display != "." {
        next.insert(0, format!("cd {display}"));
    }
    let names: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
    let mut text =
        format!("{} {} is an Osiris project\n", paint(SUCCESS, "✓"), paint(BOLD, &display));
    names.iter().for_each(|name| text.push_str(&format!("  {}\n", paint(DIM, name))));
    text.push_str("Next:\n");
    next.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    Ok(CommandOutput::new(json!({"project": dir, "created": names, "next": next}), text))
}

fn refuse_to_overwrite(dir: &Path) -> Result<()> {
    // A dangling symlink would also be replaced.
    let exists = |name: &&str| dir.join(name).symlink_metadata().is_ok();
    let existing: Vec<&str> = FILES.iter().map(|(name, _)| *name).filter(exists).collect();
    if existing.is_empty() {
        return Ok(());
    }
    let message =
        format!("cannot create the project: it would overwrite `{}`", existing.join("`, `"));
    let problem = Diagnostic::new(Code::FileExists, message)
        .in_file(dir)
        .help("choose another directory, or overwrite the files with `--force`");
    Err(Error::invalid(problem))
}

fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path)
        .map_err(|error| environment(path, format!("cannot create the directory: {error}")))
}

fn environment(path: &Path, message: String) -> Error {
    Error::environment(Diagnostic::new(Code::ProjectUnwritable, message).in_file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn existing_files_are_named_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let args = Args { dir: folder.path().to_owned(), force: false };
        init(&args).unwrap();
        let settings = folder.path().join("osiris.yaml");
        fs::write(&settings, "mine").unwrap();
        fs::remove_file(folder.path().join(".gitignore")).unwrap();

        let error = init(&args).unwrap_err();
        assert_eq!(
            error.first().message,
            "cannot create the project: it would overwrite `osiris.yaml`, `pipelines/hello.yaml`, `data/planets.csv`"
        );
        assert_eq!(fs::read_to_string(&settings).unwrap(), "mine");
        init(&Args { force: true, ..args }).unwrap();
        assert!(fs::read_to_string(&settings).unwrap().contains("version: 1"));
        assert!(folder.path().join(DRIVERS_DIR).is_dir());
    }

    #[test]
    fn init_into_a_file_is_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("file");
        fs::write(&dir, "").unwrap();
        let error = init(&Args { dir, force: false }).unwrap_err().to_string();
        assert!(error.starts_with("cannot create the directory: Not a directory"), "{error}");
    }
}
