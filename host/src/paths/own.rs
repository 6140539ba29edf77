//! Removes a thing, and never what has taken its name meanwhile.

use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher as _, RandomState};
use std::os::fd::AsFd;

use rustix::fs::{AtFlags, unlinkat};
use rustix::io::{Errno, Result};

use super::resolver::rename_new;
use super::stat::{Identity, Stat};

/// Removes the file of a name if it is that thing. Returns whether it was.
///
/// # Errors
/// Returns an error if nothing has the name, or for any I/O error.
pub fn remove_own(folder: impl AsFd, name: &OsStr, identity: Identity) -> Result<bool> {
    let folder = folder.as_fd();
    // Under a name that nobody knows it stays what it is while it is looked at.
    let tag = RandomState::new().hash_one(name);
    let aside = OsString::from(format!(".{tag:016x}.gone"));
    rename_new((folder, name), (folder, &aside))?;
    if Stat::at(folder, &aside)?.identity == identity {
        unlinkat(folder, &aside, AtFlags::empty())?;
        return Ok(true);
    }
    match rename_new((folder, &aside), (folder, name)) {
        // What has the name by now would have replaced this one.
        Err(Errno::EXIST) => unlinkat(folder, &aside, AtFlags::empty())?,
        other => other?,
    }
    Ok(false)
}
