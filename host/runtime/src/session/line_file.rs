//! A file of lines. Readers see only whole lines.

use std::fs::File;
use std::io::{self, Write};

/// Appends each line with one write, so that lines written before a crash survive it.
pub(super) struct LineFile {
    file: File,
    /// The size of the file up to the end of its last whole line.
    size: u64,
}

impl LineFile {
    /// Wraps an empty file that is open for appending.
    pub(super) fn new(file: File) -> Self {
        Self { file, size: 0 }
    }

    /// Appends `line` and a newline.
    pub(super) fn append(&mut self, mut line: String) -> io::Result<()> {
        line.push('\n');
        let result = self.file.write_all(line.as_bytes());
        match result {
            Ok(()) => self.size += line.len() as u64,
            // A full disk might have taken half a line: cut it off. If that fails as well, a reader
            // notices the missing newline, and the first error is the one to report.
            Err(_) => drop(self.file.set_len(self.size)),
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;

    use super::*;

    impl LineFile {
        /// Lines on a full disk.
        pub(in super::super) fn full() -> Self {
            let file = OpenOptions::new().append(true).open("/dev/full").unwrap();
            Self::new(file)
        }
    }

    #[test]
    fn appended_line_is_written_immediately() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let mut lines = LineFile::new(File::create(&path).unwrap());
        for line in ["one", "two"] {
            lines.append(line.to_owned()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    }
}
