//! Files that are impossible or awkward to store in a repository.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::built;

/// A file. Without `symlink`, `folder` and `test_driver` the content is `head`, then `text`
/// `repeat` times, then `tail`; all empty by default.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// Makes a symbolic link to this target.
    symlink: Option<PathBuf>,
    /// Makes a directory.
    #[serde(default)]
    folder: bool,
    /// Makes a copy of a test driver's component, like `test.source`.
    test_driver: Option<String>,
    /// Truncates the copy to this many bytes.
    cut: Option<usize>,
    #[serde(default)]
    head: String,
    /// `{n}` is replaced by the number of the repetition, from 0.
    #[serde(default)]
    text: String,
    #[serde(default = "once")]
    repeat: usize,
    #[serde(default)]
    tail: String,
    /// Permissions in octal, like `000`; a copied file keeps its content.
    mode: Option<String>,
}

fn once() -> usize {
    1
}

impl File {
    /// Creates the file.
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
        if let Some(name) = &self.test_driver {
            let mut component = fs::read(built::test_driver(name))?;
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
