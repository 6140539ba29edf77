//! Trees of files.

use std::fs::{self, Metadata};
use std::io::Result;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, lchown, symlink};
use std::path::Path;

use rustix::process::geteuid;

/// Files from this size on are shared, in bytes.
const SHARED: u64 = 1 << 20;

/// Copies a tree into a folder, which may be there already. Large files are
/// shared by links, so who writes to one must put another in its place.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    let metadata = fs::metadata(from)?;
    copy_owner(to, &metadata)?;
    fs::set_permissions(to, metadata.permissions())?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (metadata, to) = (entry.metadata()?, to.join(entry.file_name()));
        if metadata.is_dir() {
            copy(&entry.path(), &to)?;
        } else if metadata.is_symlink() {
            symlink(fs::read_link(entry.path())?, &to)?;
            copy_owner(&to, &metadata)?;
        } else if metadata.is_file() && metadata.len() >= SHARED {
            fs::hard_link(entry.path(), to)?;
        } else if metadata.is_file() {
            fs::copy(entry.path(), &to)?;
            copy_owner(&to, &metadata)?;
        }
    }
    Ok(())
}

/// Gives a new file to the owner of the one that it is a copy of.
fn copy_owner(to: &Path, of: &Metadata) -> Result<()> {
    if of.uid() == geteuid().as_raw() {
        return Ok(());
    }
    lchown(to, Some(of.uid()), Some(of.gid()))
}

/// Removes a tree, even with folders that nobody may write to.
pub(super) fn remove(folder: &Path) -> Result<()> {
    unlock(folder)?;
    fs::remove_dir_all(folder)
}

fn unlock(folder: &Path) -> Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            unlock(&entry.path())?;
        }
    }
    Ok(())
}

/// Returns the size of a tree's files in bytes, without those shared with other trees.
pub(crate) fn size(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) if metadata.nlink() == 1 => metadata.len(),
        _ => 0,
    });
    sizes.sum()
}
