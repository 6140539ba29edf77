//! A small disk to fill up.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A directory with limited space, if this machine allows the test to create one.
#[derive(Debug)]
pub struct TinyDisk {
    folder: PathBuf,
}

impl TinyDisk {
    /// Mounts a small file system over a directory. Returns `None` if mounting is not permitted.
    pub fn over(folder: &Path, kibibytes: u32) -> Option<Self> {
        let size = format!("size={kibibytes}k");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "osiris-test"])
            .arg(folder)
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then(|| Self { folder: folder.to_owned() })
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.folder).output();
    }
}
