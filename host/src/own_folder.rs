//! The user's own folder for what osiris keeps between commands. Losing it costs
//! time and nothing else. No driver can reach it.

use std::io;
use std::path::{Path, PathBuf};

/// The folder of this name in `$OSIRIS_CACHE`, or in `osiris` in the user's cache
/// folder. It is there afterwards, and nobody else can write to it.
///
/// # Errors
/// It cannot be made, or others could write to it.
pub(crate) fn own_folder(name: &str) -> io::Result<PathBuf> {
    let none = || io::Error::other("the user has no cache folder; set OSIRIS_CACHE");
    let folder = root().ok_or_else(none)?.join(name);
    private(&folder)?;
    Ok(folder)
}

/// `$OSIRIS_CACHE`, or `osiris` in the user's cache folder; none if there is none.
pub(crate) fn root() -> Option<PathBuf> {
    let own = std::env::var_os("OSIRIS_CACHE").map(PathBuf::from);
    own.or_else(|| Some(dirs::cache_dir()?.join("osiris")))
}

/// Makes a folder that nobody else can look into.
///
/// # Errors
/// It cannot be made, or others could write to it.
#[cfg(unix)]
pub(crate) fn private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let meta = std::fs::metadata(folder)?;
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("the folder belongs to somebody else"));
    }
    if meta.mode() & 0o022 != 0 {
        return Err(io::Error::other("others can write to the folder; run `chmod go-w` on it"));
    }
    if meta.mode() & 0o077 != 0 {
        // As older versions made it, or the user.
        std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    }
    Ok(())
}

/// Makes a folder.
///
/// # Errors
/// It cannot be made.
#[cfg(not(unix))]
pub(crate) fn private(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)
}
