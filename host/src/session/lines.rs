//! A file of lines, of which a reader sees only whole ones.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Appends lines, each with one write: what was written before a crash is there
/// after it.
pub(super) struct Lines {
    file: File,
    /// The size of the file up to the end of its last whole line.
    written: u64,
}

impl Lines {
    /// Creates the file, which must not exist.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create_new(true).open(path)?;
        Ok(Self { file, written: 0 })
    }

    /// Adds one line; the newline is added here.
    pub(super) fn append(&mut self, mut line: String) -> io::Result<()> {
        line.push('\n');
        let result = self.file.write_all(line.as_bytes());
        match result {
            Ok(()) => self.written += line.len() as u64,
            // A full disk may have taken half a line: cut it off. If that fails as well, a
            // reader still tells by the missing newline, and the first error is what counts.
            Err(_) => drop(self.file.set_len(self.written)),
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_there_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let mut lines = Lines::create(&path).unwrap();
        for line in ["one", "two"] {
            lines.append(line.to_owned()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    }

    #[test]
    fn a_file_that_exists_is_not_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        std::fs::write(&path, "theirs").unwrap();
        assert!(Lines::create(&path).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "theirs");
    }
}
