//! A file that is written from its start to its end.

use std::fs::File;
use std::io::{self, Write};

/// Writes at a place instead of at the file's cursor. In WASI that is one call
/// instead of a stream's three, does not change threads in the host, and tells
/// a full disk from another failure.
pub(crate) struct Plain {
    file: File,
    written: u64,
}

impl Plain {
    /// For an empty file.
    pub(crate) fn new(file: File) -> Self {
        Self { file, written: 0 }
    }

    /// Gives the file back.
    pub(crate) fn into_file(self) -> File {
        self.file
    }
}

impl Write for Plain {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = rustix::io::pwrite(&self.file, bytes, self.written)?;
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
