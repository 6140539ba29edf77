//! Removes a file without ever removing another one that has replaced it.

use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher as _, RandomState};
use std::os::fd::AsFd;

use rustix::fs::{AtFlags, unlinkat};
use rustix::io::{Errno, Result};

use super::resolver::rename_new;
use super::stat::{Identity, Stat};

/// Renames a file to a random name, where no other process replaces it. Returns the random name.
/// Returns `None` if the file had been replaced; the replacement keeps its name.
///
/// # Errors
/// Returns an error if no file has the name, or for any I/O error.
pub fn set_aside(folder: impl AsFd, name: &OsStr, identity: Identity) -> Result<Option<OsString>> {
    let folder = folder.as_fd();
    let tag = RandomState::new().hash_one(name);
    let temporary = OsString::from(format!(".{tag:016x}.gone"));
    rename_new((folder, name), (folder, &temporary))?;
    if Stat::at(folder, &temporary)?.identity == identity {
        return Ok(Some(temporary));
    }
    match rename_new((folder, &temporary), (folder, name)) {
        // A newer file has taken the name and would have replaced this one, so this one is removed.
        Err(Errno::EXIST) => unlinkat(folder, &temporary, AtFlags::empty())?,
        other => other?,
    }
    Ok(None)
}

/// Removes a file if it has this identity. Returns whether it was removed.
///
/// # Errors
/// Returns an error if no file has the name, or for any I/O error.
pub fn remove_own(folder: impl AsFd, name: &OsStr, identity: Identity) -> Result<bool> {
    let Some(temporary) = set_aside(&folder, name, identity)? else { return Ok(false) };
    unlinkat(folder, &temporary, AtFlags::empty())?;
    Ok(true)
}
