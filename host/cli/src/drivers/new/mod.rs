//! `osiris drivers new`.

mod embedded;
mod javascript;
mod name;
mod python;
mod rust;
mod template;

use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use serde_json::json;

use self::name::{Name, Role};
use self::template::Files;
use super::super::render::{BOLD, DIM, SUCCESS, paint};
use super::super::shell::{CommandOutput, display_path};

const EXAMPLES: &str = "\
Examples:
  osiris drivers new acme.crm_extractor --lang rust
  osiris drivers new crm --lang rust --role writer       creates crm.writer
  osiris drivers new acme.clean --lang python --role processor --dir drivers/clean

The new driver builds, passes its tests and runs without changes. The matching SDK is
copied into its vendor/ directory, so that only the SDK's own dependencies are
downloaded.";

/// Create the sources of a new driver, with tests
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Driver name: family.role, or only the family
    #[arg(value_name = "NAME")]
    name: String,
    /// Programming language
    #[arg(long = "lang", value_name = "LANGUAGE", value_enum)]
    language: LanguageName,
    /// Role of the driver: extractor, writer or processor; by default the ending of the name,
    /// otherwise extractor
    #[arg(long, value_enum, hide_possible_values = true)]
    role: Option<Role>,
    /// Directory to create, which may exist if empty; named like the driver by default
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LanguageName {
    Rust,
    Javascript,
    Python,
}

/// The parts of a driver project in one language.
struct Language {
    name: LanguageName,
    /// Directory of the template in the repository.
    template: &'static str,
    /// The files that do not come from the template: the SDK in `vendor/`, and the lockfiles.
    vendored: fn() -> Result<Files>,
    /// The command that runs the driver's own tests.
    test: &'static str,
}

const LANGUAGES: [Language; 3] = [rust::LANGUAGE, javascript::LANGUAGE, python::LANGUAGE];

pub(super) fn new(args: &Args) -> Result<CommandOutput> {
    let name = Name::parse(&args.name, args.role)?;
    let dir = args.dir.clone().unwrap_or_else(|| name.package().into());
    let Some(language) = LANGUAGES.iter().find(|language| language.name == args.language) else {
        let problem = Diagnostic::new(
            Code::TemplateUnusable,
            "cannot create the driver: no template for this language",
        );
        return Err(Error::invalid(problem));
    };
    let mut files = template::fill(language.template, &name);
    let template_files: Vec<String> = files.keys().cloned().collect();
    files.extend((language.vendored)()?);
    write(&dir, &files)?;
    let dir = fs::canonicalize(&dir).unwrap_or(dir);
    let display = display_path(&dir);
    let next = [
        format!("cd {display}"),
        language.test.to_owned(),
        "osiris drivers build . --out build".to_owned(),
        format!("osiris drivers test build/{}.wasm --cases conformance.yaml", name.driver),
    ];
    let mut text = format!("{} {}\n", paint(SUCCESS, "✓"), paint(BOLD, &name.driver));
    template_files.iter().for_each(|file| {
        text.push_str(&format!("  {}\n", paint(DIM, &format!("{display}/{file}"))))
    });
    text.push_str("Next:\n");
    next.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    let json = json!({
        "name": name.driver, "role": name.role.as_str(), "dir": dir, "created": template_files,
        "next": next,
    });
    Ok(CommandOutput::new(json, text))
}

/// Creates the directory with all its files, or nothing.
fn write(dir: &Path, files: &Files) -> Result<()> {
    check_absent(dir)?;
    make(dir, files).map_err(|error| {
        let message = format!("cannot create the driver's directory: {error}");
        Error::environment(Diagnostic::new(Code::TemplateUnusable, message).in_file(dir))
    })
}

fn check_absent(dir: &Path) -> Result<()> {
    let empty = match fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => dir.symlink_metadata().is_err(),
    };
    if empty {
        return Ok(());
    }
    let problem = Diagnostic::new(
        Code::FileExists,
        "cannot create the driver's directory: the path already exists",
    );
    let help = "name another directory with `--dir`, or remove the existing path";
    Err(Error::invalid(problem.in_file(dir).help(help)))
}

fn make(dir: &Path, files: &Files) -> std::io::Result<()> {
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    fs::create_dir_all(parent)?;
    // In the same parent directory, so that the rename is atomic.
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    let staging = builder.prefix(".osiris-new-").tempdir_in(parent)?;
    for (name, content) in files {
        let path = staging.path().join(name);
        fs::create_dir_all(path.parent().unwrap_or(staging.path()))?;
        fs::write(&path, content)?;
    }
    fs::rename(staging.path(), dir)?;
    // The directory has been renamed and must not be deleted.
    let _ = staging.keep();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_folder_is_written_atomically_and_overwrites_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("a/b");
        let files = Files::from([("x/y".to_owned(), b"z".to_vec())]);
        write(&dir, &files).unwrap();
        assert_eq!(fs::read(dir.join("x/y")).unwrap(), b"z");
        let entries = fs::read_dir(folder.path().join("a")).unwrap().count();
        assert_eq!(entries, 1);
        assert_eq!(write(&dir, &files).unwrap_err().first().code, Code::FileExists);
        // An empty directory counts as missing.
        fs::create_dir(folder.path().join("empty")).unwrap();
        write(&folder.path().join("empty"), &files).unwrap();
    }
}
