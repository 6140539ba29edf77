//! Removes a thing, and never what has taken its name meanwhile.

use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher as _, RandomState};
use std::os::fd::AsFd;

use rustix::fs::{AtFlags, unlinkat};
use rustix::io::{Errno, Result};

use super::resolver::rename_new;
use super::stat::{Identity, Stat};

/// Gives a thing a name that nobody knows, under which it stays what it is. Returns `None`
/// if something else has taken its name, which that keeps.
///
/// # Errors
/// Returns an error if nothing has the name, or for any I/O error.
pub fn set_aside(folder: impl AsFd, name: &OsStr, identity: Identity) -> Result<Option<OsString>> {
    let folder = folder.as_fd();
    let tag = RandomState::new().hash_one(name);
    let aside = OsString::from(format!(".{tag:016x}.gone"));
    rename_new((folder, name), (folder, &aside))?;
    if Stat::at(folder, &aside)?.identity == identity {
        return Ok(Some(aside));
    }
    match rename_new((folder, &aside), (folder, name)) {
        // What has the name by now would have replaced this one.
        Err(Errno::EXIST) => unlinkat(folder, &aside, AtFlags::empty())?,
        other => other?,
    }
    Ok(None)
}

/// Removes the file of a name if it is that thing. Returns whether it was.
///
/// # Errors
/// Returns an error if nothing has the name, or for any I/O error.
pub fn remove_own(folder: impl AsFd, name: &OsStr, identity: Identity) -> Result<bool> {
    let Some(aside) = set_aside(&folder, name, identity)? else { return Ok(false) };
    unlinkat(folder, &aside, AtFlags::empty())?;
    Ok(true)
}
