//! `osiris drivers sync --from`: installs the drivers of a bundle.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::{AdmissionPolicy, DriverFile};
use osiris_core::fs::atomic;
use osiris_core::fs::layout::LOCK_FILE;
use osiris_core::sanitize::escape_control;
use osiris_registry::bundle::{self, Index, Item};
use osiris_registry::{DriverInstaller, Lockfile, hash_file};
use osiris_runtime::Workspace;
use serde_json::{Map, json};
use tempfile::TempDir;

use super::super::render::{BOLD, DIM, SUCCESS, paint};
use super::super::shell::{CommandOutput, Shell, display_path};

/// A checked file, ready to be moved to its path.
struct Staged {
    from: PathBuf,
    to: PathBuf,
}

/// Installs the drivers of a bundle and its lockfile. Everything is checked before the first file
/// is placed.
pub(super) fn unbundle(file: &Path, replace: bool, shell: &Shell) -> Result<CommandOutput> {
    let workspace = shell.workspace()?;
    // Prevents concurrent changes of drivers and lockfile until the end.
    let _store =
        DriverInstaller::open(&workspace.project.layout, &workspace.project.settings.drivers.keys)?;
    let folder = workspace.project.layout.drivers_dir();
    let stage = stage(&folder).map_err(|error| unwritable(&folder, &error))?;
    let archive = fs::File::open(file).map_err(|error| {
        let message = format!("cannot read the bundle: {error}");
        Error::invalid(Diagnostic::new(Code::BundleUnreadable, message).in_file(file))
    })?;
    let result = bundle::read(BufReader::new(archive), |item, bytes| {
        let path = path_in(stage.path(), item);
        let driver = check(item, &bytes, &path, &workspace);
        driver.map_err(|error| Refused(error_in(error, &path, file)))?;
        atomic::write(&path, &bytes).map_err(|error| Refused(unwritable(&path, &error)))
    });
    let (index, lock) = result.map_err(|Refused(error)| error_in(error, Path::new(""), file))?;
    let lock = lock_of(lock, stage.path(), &workspace, replace)
        .map_err(|error| error_in(error, &stage.path().join(LOCK_FILE), file))?;
    let mut staged = Vec::new();
    for item in &index.drivers {
        let to = target(item, lock.now(), &workspace, replace)?;
        staged.extend(to.map(|to| Staged { from: path_in(stage.path(), item), to }));
    }
    check_complete(&index, lock.now(), &workspace, file)?;
    for Staged { from, to } in &staged {
        fs::rename(from, to).map_err(|error| unwritable(to, &error))?;
    }
    if let Locks::New(lock) = &lock {
        let to = workspace.project.layout.lock_file();
        fs::rename(lock.file(), &to).map_err(|error| unwritable(&to, &error))?;
    }
    Ok(answer(&index, &staged, matches!(lock, Locks::New(_)), &workspace))
}

/// The lockfile in effect afterwards.
enum Locks {
    /// The project's own lockfile.
    Kept(Lockfile),
    /// The bundle's lockfile, which has to be placed.
    New(Lockfile),
}

impl Locks {
    fn now(&self) -> &Lockfile {
        match self {
            Self::Kept(lock) | Self::New(lock) => lock,
        }
    }
}

/// A problem of the bundle itself, or of a driver in the bundle.
struct Refused(Error);

impl From<Diagnostic> for Refused {
    fn from(problem: Diagnostic) -> Self {
        Self(Error::invalid(problem))
    }
}

/// Names the bundle where the error names no file, or a temporary one.
fn error_in(mut error: Error, staged: &Path, bundle: &Path) -> Error {
    for problem in error.iter_mut() {
        if problem.location.as_ref().is_none_or(|location| Path::new(&location.file) == staged) {
            *problem = problem.clone().in_file(bundle);
        }
    }
    error
}

/// Creates a directory next to the drivers, so that files are moved into place and not copied.
fn stage(folder: &Path) -> io::Result<TempDir> {
    fs::create_dir_all(folder)?;
    tempfile::Builder::new().prefix(".bundle-").tempdir_in(folder)
}

fn path_in(stage: &Path, item: &Item) -> PathBuf {
    stage.join(format!("{}.wasm", item.sha256))
}

/// Checks that the driver matches the index and is allowed by the project.
fn check(item: &Item, bytes: &[u8], path: &Path, workspace: &Workspace) -> Result<()> {
    let driver = DriverFile::of(bytes, path)?;
    if driver.spec.name != item.name || driver.spec.version != item.version {
        let message = format!(
            "the index of the bundle lists driver `{} {}`, but the file contains `{} {}`",
            item.name, item.version, driver.spec.name, driver.spec.version
        );
        return Err(Error::invalid(Diagnostic::new(Code::BundleInvalid, message)));
    }
    if let Some(problem) = driver.mismatch() {
        return Err(Error::invalid(problem));
    }
    workspace.project.settings.drivers.admit(&driver, bytes, &item.sha256)
}

/// Returns the lockfile of the bundle, unless the bundle has none or the same as the project.
fn lock_of(
    bytes: Option<Vec<u8>>,
    stage: &Path,
    workspace: &Workspace,
    replace: bool,
) -> Result<Locks> {
    let own = Lockfile::read(&workspace.project.layout.lock_file())?;
    let Some(bytes) = bytes else { return Ok(Locks::Kept(own)) };
    let path = stage.join(LOCK_FILE);
    atomic::write(&path, &bytes).map_err(|error| unwritable(&path, &error))?;
    let new = Lockfile::read(&path)?;
    if new.drivers == own.drivers && own.file().exists() {
        return Ok(Locks::Kept(own));
    }
    if own.file().exists() && !replace {
        let message = "the project and the bundle have different lockfiles";
        let problem = Diagnostic::new(Code::LockfileExists, message).in_file(own.file());
        return Err(Error::invalid(
            problem.help("to use the lockfile of the bundle, add `--replace`"),
        ));
    }
    Ok(Locks::New(new))
}

/// Returns the path for a driver. Returns `None` if the driver is already installed.
fn target(
    item: &Item,
    lock: &Lockfile,
    workspace: &Workspace,
    replace: bool,
) -> Result<Option<PathBuf>> {
    let locked = lock.drivers.get(&item.name).map(|entry| entry.sha256.as_str());
    if locked.is_some_and(|locked| locked != item.sha256) {
        let message = format!("driver `{}` in the bundle does not match `osiris.lock`", item.name);
        let help = "create the bundle again in the project with this lockfile";
        return Err(Error::invalid(
            Diagnostic::new(Code::DriverUnlocked, message).in_file(lock.file()).help(help),
        ));
    }
    let default_path = workspace.project.layout.driver(&item.name);
    let current_path =
        workspace.drivers.find(&item.name).map_or(default_path.as_path(), |file| &file.path);
    match hash_file(current_path)? {
        None => Ok(Some(default_path)),
        Some(sha256) if sha256 == item.sha256 => Ok(None),
        Some(_)
            if current_path.parent() == default_path.parent() && (replace || locked.is_some()) =>
        {
            Ok(Some(current_path.to_owned()))
        }
        Some(_) => {
            let message = format!("a different file for driver `{}` already exists", item.name);
            let help = "if the file is in the project's `drivers/`, add `--replace`; otherwise remove the file";
            Err(Error::invalid(
                Diagnostic::new(Code::DriverExists, message).in_file(current_path).help(help),
            ))
        }
    }
}

/// Checks that every locked driver will be present.
fn check_complete(
    index: &Index,
    lock: &Lockfile,
    workspace: &Workspace,
    bundle: &Path,
) -> Result<()> {
    let names: BTreeSet<&str> = index.drivers.iter().map(|item| item.name.as_str()).collect();
    for (name, entry) in lock.drivers.iter().filter(|(name, _)| !names.contains(name.as_str())) {
        if hash_file(&workspace.project.layout.driver(name))?.as_ref() != Some(&entry.sha256) {
            let message = format!(
                "the bundle does not contain driver `{name}`, which `osiris.lock` requires"
            );
            let help =
                "create the bundle again with all drivers: `osiris drivers bundle --out FILE.tar`";
            let problem = Diagnostic::new(Code::BundleInvalid, message).in_file(bundle);
            return Err(Error::environment(problem.help(help)));
        }
    }
    Ok(())
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    let message = format!("cannot install the drivers: {error}");
    Error::environment(Diagnostic::new(Code::DriverUnwritable, message).in_file(path))
}

fn answer(
    index: &Index,
    staged: &[Staged],
    has_lock: bool,
    workspace: &Workspace,
) -> CommandOutput {
    let policy = &workspace.project.settings.drivers;
    let is_known = |key: &String| policy.keys.values().any(|own| own.to_string() == *key);
    let new: Vec<_> = index.keys.iter().filter(|(_, key)| !is_known(key)).collect();
    let mut text = String::new();
    for item in &index.drivers {
        let was_installed =
            staged.iter().any(|one| one.from.file_stem() == Some(item.sha256.as_ref()));
        let what = if was_installed { "installed" } else { "unchanged" };
        text.push_str(&format!(
            "{} {} {}  {}\n",
            paint(SUCCESS, "✓"),
            paint(BOLD, &escape_control(&item.name)),
            escape_control(&item.version),
            paint(DIM, &format!("{what}  sha256 {}", item.sha256))
        ));
    }
    if !new.is_empty() {
        text.push_str("The bundle contains keys that are unknown in this project. To trust a key, add it to osiris.yaml:\n");
        text.push_str("  drivers:\n    keys:\n");
        for (name, key) in &new {
            text.push_str(&format!(
                "      {}: \"{}\"\n",
                escape_control(name),
                escape_control(key)
            ));
        }
    }
    let files: Vec<String> = staged.iter().map(|staged| display_path(&staged.to)).collect();
    let new: Map<_, _> = new.into_iter().map(|(name, key)| (name.clone(), json!(key))).collect();
    let json = json!({
        "drivers": index.drivers, "files": files, "lock": has_lock, "unknown_keys": new,
    });
    CommandOutput::new(json, text)
}
