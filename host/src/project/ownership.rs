//! Whose a project is. What another user wrote decides nothing here, unless the user says so:
//! its settings choose the drivers that run, and its connections where secrets go. The rule
//! is git's, of CVE-2022-24765.

use std::io;
use std::path::{Path, PathBuf};

use crate::problem::{Error, Problem, Result};

/// The variable with the folders that count although they are somebody else's: paths with
/// `:` between them, `/folder/*` for all below a folder, and `*` for any. What a project's own
/// `.env` says does not count.
pub const SAFE: &str = "OSIRIS_SAFE_DIRECTORY";

/// What of a folder decides what osiris does there.
pub const DECIDING: [&str; 6] =
    ["osiris.yaml", "osiris_connections.yaml", ".env", "drivers", "osiris.lock", ".osiris"];

/// Checks that a folder and those of these names that are in it are the user's own or the
/// system's. A folder without any of them decides nothing.
///
/// # Errors
/// Returns an error if something belongs to another user and the user has not allowed it.
pub fn check(folder: &Path, names: &[&str]) -> Result<()> {
    let paths = names.iter().map(|name| folder.join(name));
    let there: Vec<PathBuf> = paths.filter(|path| path.symlink_metadata().is_ok()).collect();
    if there.is_empty() {
        return Ok(());
    }
    for path in std::iter::once(folder).chain(there.iter().map(PathBuf::as_path)) {
        // What cannot be looked at cannot be read either, which is told where that is tried.
        if let Ok(Some(owner)) = other_owner(path)
            && !is_allowed(folder)
        {
            return Err(refusal(folder, path, owner));
        }
    }
    Ok(())
}

/// The user whom a path, or what a link leads to, belongs to, if that is neither this one nor
/// the system's.
#[cfg(unix)]
fn other_owner(path: &Path) -> io::Result<Option<u32>> {
    use std::os::unix::fs::MetadataExt as _;
    let own = rustix::process::geteuid().as_raw();
    // Who became root by sudo is still the one who did.
    let before = std::env::var("SUDO_UID").ok().and_then(|uid| uid.parse::<u32>().ok());
    let before = before.filter(|_| own == 0);
    let is_other = |uid: &u32| *uid != 0 && *uid != own && Some(*uid) != before;
    let link = path.symlink_metadata()?;
    // A link that leads nowhere is read by nobody.
    let target = path.metadata().ok();
    let owners = std::iter::once(link.uid()).chain(target.map(|meta| meta.uid()));
    Ok(owners.into_iter().find(is_other))
}

/// Elsewhere users are not told apart so.
#[cfg(not(unix))]
fn other_owner(_: &Path) -> io::Result<Option<u32>> {
    Ok(None)
}

/// Whether the user has allowed a folder.
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
        "this belongs to another user (uid {owner}), and would decide which drivers run and where secrets go"
    );
    let help = format!("if you trust that user: export {SAFE}={}", folder.display());
    Error::environment(Problem::new("another_users", message).in_file(path).help(help))
}
