//! Ownership of projects. A project with files of another user is rejected unless the user allows
//! it: its settings choose the drivers that run, and its connections the destinations of secrets.
//! Git has the same rule, since CVE-2022-24765.

use std::io;
use std::path::{Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::layout::{CONNECTIONS_FILE, DRIVERS_DIR, LOCK_FILE, OWN_DIR, SETTINGS_FILE};

/// The variable with the trusted directories of other users: paths separated by `:`, `/folder/*`
/// for everything below a directory, and `*` for any. A value from a project's own `.env` is
/// ignored.
pub const SAFE: &str = "OSIRIS_SAFE_DIRECTORY";

/// Names of the files and directories that control osiris in a directory.
pub const DECIDING: [&str; 6] =
    [SETTINGS_FILE, CONNECTIONS_FILE, ".env", DRIVERS_DIR, LOCK_FILE, OWN_DIR];

/// Checks that a directory, and those of these names that it contains, belong to the user or to
/// the system. A directory that contains none of them controls nothing.
///
/// # Errors
/// Returns an error if any of them belongs to another user and the user has not allowed the
/// directory.
pub fn check(folder: &Path, names: &[&str]) -> Result<()> {
    let paths = names.iter().map(|name| folder.join(name));
    let there: Vec<PathBuf> = paths.filter(|path| path.symlink_metadata().is_ok()).collect();
    if there.is_empty() {
        return Ok(());
    }
    for path in std::iter::once(folder).chain(there.iter().map(PathBuf::as_path)) {
        // A path without access cannot be read either, which the reader reports.
        if let Ok(Some(owner)) = other_owner(path)
            && !is_allowed(folder)
        {
            return Err(refusal(folder, path, owner));
        }
    }
    Ok(())
}

/// Returns the owner of a path or of its symlink target, if that is neither this user nor the
/// system.
#[cfg(unix)]
fn other_owner(path: &Path) -> io::Result<Option<u32>> {
    use std::os::unix::fs::MetadataExt as _;
    let own = rustix::process::geteuid().as_raw();
    // After `sudo`, the user is still the one who called it.
    let before = std::env::var("SUDO_UID").ok().and_then(|uid| uid.parse::<u32>().ok());
    let before = before.filter(|_| own == 0);
    let is_other = |uid: &u32| *uid != 0 && *uid != own && Some(*uid) != before;
    let link = path.symlink_metadata()?;
    // A dangling symlink is never read.
    let target = path.metadata().ok();
    let owners = std::iter::once(link.uid()).chain(target.map(|meta| meta.uid()));
    Ok(owners.into_iter().find(is_other))
}

/// On other systems, owners are not compared.
#[cfg(not(unix))]
fn other_owner(_: &Path) -> io::Result<Option<u32>> {
    Ok(None)
}

/// Returns whether the user has allowed a directory.
fn is_allowed(folder: &Path) -> bool {
    let allowed = std::env::var_os(SAFE).unwrap_or_default();
    let whole = folder.canonicalize();
    let folder = whole.as_deref().unwrap_or(folder);
    std::env::split_paths(&allowed).any(|entry| {
        let same = |entry: &Path| {
            let entry = entry.canonicalize().unwrap_or_else(|_| entry.to_owned());
            folder.strip_prefix(&entry).map(|rest| rest.as_os_str().is_empty()).ok()
        };
        match entry.file_name().is_some_and(|name| name == "*") {
            true if entry.parent().is_none_or(|around| around.as_os_str().is_empty()) => true,
            true => entry.parent().and_then(same).is_some(),
            false => same(&entry) == Some(true),
        }
    })
}

fn refusal(folder: &Path, path: &Path, owner: u32) -> Error {
    let message = format!(
        "owned by another user (uid {owner}), who could decide which drivers run and where secrets are sent"
    );
    let help = format!("if you trust that user, run `export {SAFE}={}`", folder.display());
    Error::environment(Diagnostic::new(Code::OwnerDifferent, message).in_file(path).help(help))
}
