//! Trees of files.

use std::fs;
use std::io::Result;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

/// Files from this size on are shared, in bytes.
const SHARED: u64 = 1 << 20;

/// Copies a tree into a folder, which may be there already. Large files are
/// shared by links, so who writes to one must put another in its place.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, to) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &to)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(entry.path())?, to)?;
        } else if kind.is_file() && entry.metadata()?.len() >= SHARED {
            fs::hard_link(entry.path(), to)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
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

/// How many bytes the files of a tree have, without those shared with others.
pub(crate) fn size(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(about) if about.is_dir() => size(&entry.path()),
        Ok(about) if about.nlink() == 1 => about.len(),
        _ => 0,
    });
    sizes.sum()
}
