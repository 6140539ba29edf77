//! A disk that is nearly full.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder that holds only so many bytes, where this machine lets the test make one.
#[derive(Debug)]
pub struct TinyDisk {
    folder: PathBuf,
}

impl TinyDisk {
    /// Puts a file system of some kibibytes over a folder; none unless root may.
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
