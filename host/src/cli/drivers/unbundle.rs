//! `osiris drivers unbundle`.

use std::fs;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use super::super::pipeline::Workplace;
use super::super::render::{DIM, GOOD, STRONG, paint};
use super::super::shell::{Answer, Shell, shown};
use crate::driver::DriverFile;
use crate::problem::{Error, Problem, Result};
use crate::session::visible;
use crate::trust::bundle::{self, Index, Item, LOCK};
use crate::{atomic, yaml};

const EXAMPLES: &str = "\
Examples:
  osiris drivers unbundle drivers.tar
  osiris drivers unbundle drivers.tar --replace     other drivers of the same names go

Every driver is checked before the first is placed: its sha256, its signatures,
and the rules of this project. Keys in the bundle are shown and not trusted.";

/// Take drivers out of a bundle into the project
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// What 'osiris drivers bundle' made
    #[arg(value_name = "FILE.tar")]
    file: PathBuf,
    /// Replace drivers of the same names, and the lock
    #[arg(long)]
    replace: bool,
}

/// A file that is checked and has to be put in its place.
struct Staged {
    from: PathBuf,
    to: PathBuf,
}

pub(super) fn unbundle(args: &Args, shell: &Shell) -> Result<Answer> {
    let place = Workplace::open(shell)?;
    let folder = place.project.drivers_dir();
    let file = fs::File::open(&args.file).map_err(|error| {
        let message = format!("the bundle cannot be read: {error}");
        Error::invalid(Problem::new("bundle_unreadable", message).in_file(&args.file))
    })?;
    let stage = stage(&folder).map_err(|error| unwritable(&folder, &error))?;
    let mut staged = Vec::new();
    let read = bundle::read(BufReader::new(file), |item, bytes| {
        let from = stage.path().join(format!("{}.wasm", item.sha256));
        atomic::write(&from, &bytes).map_err(|error| Refused(unwritable(&from, &error)))?;
        let to = check(item, &bytes, &from, &place, args.replace)
            .map_err(|error| Refused(error_in(error, &from, &args.file)))?;
        staged.extend(to.map(|to| Staged { from, to }));
        Ok(())
    });
    let (index, lock) =
        read.map_err(|Refused(error)| error_in(error, Path::new(""), &args.file))?;
    let lock = lock_to_write(lock, &place, args.replace)?;
    for Staged { from, to } in &staged {
        fs::rename(from, to).map_err(|error| unwritable(to, &error))?;
    }
    if let Some((path, bytes)) = &lock {
        atomic::write(path, bytes).map_err(|error| unwritable(path, &error))?;
    }
    Ok(answer(&index, &staged, lock.is_some(), &place))
}

/// A problem of the bundle itself, or of a driver in it.
struct Refused(Error);

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self(Error::invalid(problem))
    }
}

/// Names the bundle where the error names no file, or one that is gone soon.
fn error_in(mut error: Error, staged: &Path, bundle: &Path) -> Error {
    for problem in &mut error.problems {
        let is_staged = problem.place.as_ref().is_none_or(|place| Path::new(&place.file) == staged);
        if is_staged {
            *problem = problem.clone().in_file(bundle);
        }
    }
    error
}

/// A folder beside the drivers, so that they are moved and not copied in the end.
fn stage(folder: &Path) -> io::Result<TempDir> {
    fs::create_dir_all(folder)?;
    tempfile::Builder::new().prefix(".bundle-").tempdir_in(folder)
}

/// Checks a driver that was read; returns where it goes unless it is there.
fn check(
    item: &Item,
    bytes: &[u8],
    staged: &Path,
    place: &Workplace,
    replace: bool,
) -> Result<Option<PathBuf>> {
    let driver = DriverFile::read(staged)?;
    if driver.spec.name != item.name || driver.spec.version != item.version {
        let message = format!(
            "the driver that the bundle calls `{} {}` calls itself `{} {}`",
            item.name, item.version, driver.spec.name, driver.spec.version
        );
        return Err(Error::invalid(Problem::new("invalid_bundle", message)));
    }
    place.project.settings.drivers.admit(&driver, bytes, &item.sha256)?;
    let folder = place.project.drivers_dir();
    let Some(present) = place.registry.find(&item.name) else {
        // The file may be there and hold no driver.
        let to = folder.join(format!("{}.wasm", item.name));
        return match replace || !to.exists() {
            true => Ok(Some(to)),
            false => Err(in_the_way(item, &to)),
        };
    };
    if present.sha256()? == item.sha256 {
        return Ok(None);
    }
    match replace && present.path.parent() == Some(folder.as_path()) {
        true => Ok(Some(present.path.clone())),
        false => Err(in_the_way(item, &present.path)),
    }
}

fn in_the_way(item: &Item, path: &Path) -> Error {
    let message = format!("there is another file for the driver `{}` already", item.name);
    let help = "add --replace if it lies in the project's drivers/, else remove it";
    Error::invalid(Problem::new("driver_exists", message).in_file(path).help(help))
}

/// The lock that has to be written, unless it is there.
fn lock_to_write(
    lock: Option<Vec<u8>>,
    place: &Workplace,
    replace: bool,
) -> Result<Option<(PathBuf, Vec<u8>)>> {
    let path = place.project.base.join(LOCK);
    let Some(bytes) = lock else { return Ok(None) };
    if path.exists() {
        let present = yaml::read_bytes(&path, bytes.len() as u64);
        if present.is_ok_and(|present| present == bytes) {
            return Ok(None);
        }
        if !replace {
            let message = "the project has another lock than the bundle";
            let help = "add --replace to take the bundle's";
            let problem = Problem::new("lock_exists", message).in_file(&path);
            return Err(Error::invalid(problem.help(help)));
        }
    }
    Ok(Some((path, bytes)))
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    let message = format!("the drivers cannot be put here: {error}");
    Error::environment(Problem::new("bundle_not_unpacked", message).in_file(path))
}

fn answer(index: &Index, staged: &[Staged], has_lock: bool, place: &Workplace) -> Answer {
    let policy = &place.project.settings.drivers;
    let known = |key: &String| policy.keys.values().any(|known| known.to_string() == *key);
    let new: Vec<_> = index.keys.iter().filter(|(_, key)| !known(key)).collect();
    let mut text = String::new();
    for item in &index.drivers {
        let placed =
            staged.iter().any(|staged| staged.from.ends_with(format!("{}.wasm", item.sha256)));
        let what = if placed { "placed" } else { "was there" };
        text.push_str(&format!(
            "{} {} {}  {}\n",
            paint(GOOD, "✓"),
            paint(STRONG, &visible(&item.name)),
            visible(&item.version),
            paint(DIM, &format!("{what}  sha256 {}", item.sha256))
        ));
    }
    if !new.is_empty() {
        text.push_str("The bundle has keys that this project does not know. For those that you trust, in osiris.yaml:\n");
        text.push_str("  drivers:\n    keys:\n");
        for (name, key) in &new {
            text.push_str(&format!("      {}: \"{}\"\n", visible(name), visible(key)));
        }
    }
    let files: Vec<String> = staged.iter().map(|staged| shown(&staged.to)).collect();
    let new: serde_json::Map<_, _> =
        new.into_iter().map(|(name, key)| (name.clone(), json!(key))).collect();
    let json = json!({
        "drivers": index.drivers, "files": files, "lock": has_lock, "unknown_keys": new,
    });
    Answer::new(json, text)
}
