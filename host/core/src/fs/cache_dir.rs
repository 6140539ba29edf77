//! The user's cache directory, for data that osiris keeps between commands. Losing the cache
//! costs time and nothing else. No driver can access it.

use std::io;
use std::path::{Path, PathBuf};

/// Returns the directory `name` in `$OSIRIS_CACHE`, or in `osiris` in the user's cache directory.
/// Creates the directory and makes sure that no other user can write to it.
///
/// # Errors
/// Returns an error if the directory cannot be created or other users can write to it.
pub fn cache_dir(name: &str) -> io::Result<PathBuf> {
    let none = || io::Error::other("the user has no cache directory; set `OSIRIS_CACHE`");
    let folder = cache_root().ok_or_else(none)?.join(name);
    create_private_dir(&folder)?;
    Ok(folder)
}

/// Returns `$OSIRIS_CACHE`, or `osiris` in the user's cache directory. Returns `None` if the user
/// has no cache directory.
pub fn cache_root() -> Option<PathBuf> {
    let own = std::env::var_os("OSIRIS_CACHE").map(PathBuf::from);
    own.or_else(|| Some(dirs::cache_dir()?.join("osiris")))
}

/// Creates a directory that no other user can access.
///
/// # Errors
/// Returns an error if the directory cannot be created or other users can write to it.
#[cfg(unix)]
pub fn create_private_dir(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let meta = std::fs::metadata(folder)?;
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("the directory belongs to another user"));
    }
    if meta.mode() & 0o022 != 0 {
        return Err(io::Error::other(
            "other users can write to the directory; run `chmod go-w` on the directory",
        ));
    }
    if meta.mode() & 0o077 != 0 {
        // Created by an older version, or by the user.
        std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    }
    Ok(())
}

/// Creates a directory.
///
/// # Errors
/// Returns an error if the directory cannot be created.
#[cfg(not(unix))]
pub(crate) fn create_private_dir(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)
}
