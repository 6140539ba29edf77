//! Files that a folder in a repository cannot hold, or should not.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::built;

/// One file. Without `symlink`, `folder` and `guest` it holds `head`, `text` as
/// many times as `repeat` says, and `tail`; all empty unless given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// Makes it a symbolic link to there.
    symlink: Option<PathBuf>,
    /// Makes it a folder.
    #[serde(default)]
    folder: bool,
    /// Makes it a copy of a guest's component, like `test.source`.
    guest: Option<String>,
    /// Of that, only so many bytes.
    cut: Option<usize>,
    #[serde(default)]
    head: String,
    /// `{n}` in it becomes the number of the repetition, from 0.
    #[serde(default)]
    text: String,
    #[serde(default = "once")]
    repeat: usize,
    #[serde(default)]
    tail: String,
    /// Its permissions in octal, like `000`; a file that was copied keeps its content.
    mode: Option<String>,
}

fn once() -> usize {
    1
}

impl File {
    /// Makes it.
    pub(super) fn make(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        if let Some(target) = &self.symlink {
            return symlink(target, path);
        }
        if self.folder {
            fs::create_dir_all(path)?;
        } else if !path.exists() {
            fs::write(path, self.content()?)?;
        }
        let Some(mode) = &self.mode else { return Ok(()) };
        let mode = u32::from_str_radix(mode, 8).map_err(io::Error::other)?;
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
    }

    fn content(&self) -> io::Result<Vec<u8>> {
        if let Some(name) = &self.guest {
            let mut component = fs::read(built::guest(name))?;
            component.truncate(self.cut.unwrap_or(usize::MAX));
            return Ok(component);
        }
        let mut content = self.head.clone();
        for n in 0..self.repeat {
            match self.text.contains("{n}") {
                true => content.push_str(&self.text.replace("{n}", &n.to_string())),
                false => content.push_str(&self.text),
            }
        }
        Ok((content + &self.tail).into_bytes())
    }
}
