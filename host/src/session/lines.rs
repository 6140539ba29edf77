//! A file of lines, of which a reader sees only whole ones.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// A burst of lines is written together up to this size.
const BUFFER: usize = 64 * 1024;
/// A line that comes after a pause of this length is written at once.
const PAUSE: Duration = Duration::from_millis(100);

/// Appends whole lines. They reach the file when a line comes after a pause,
/// when a burst fills the buffer, and on [`Lines::flush`].
pub(super) struct Lines {
    file: File,
    buffer: Vec<u8>,
    /// The size of the file up to the end of its last whole line.
    written: u64,
    flushed: Option<Instant>,
}

impl Lines {
    /// Creates the file, which must not exist.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create_new(true).open(path)?;
        Ok(Self { file, buffer: Vec::new(), written: 0, flushed: None })
    }

    /// Adds one line; the newline is added here.
    pub(super) fn append(&mut self, line: &str) -> io::Result<()> {
        self.buffer.extend_from_slice(line.as_bytes());
        self.buffer.push(b'\n');
        let quiet = self.flushed.is_none_or(|flushed| flushed.elapsed() >= PAUSE);
        if quiet || self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    /// Writes what is waiting.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.flushed = Some(Instant::now());
        if self.buffer.is_empty() {
            return Ok(());
        }
        let result = self.file.write_all(&self.buffer);
        match result {
            Ok(()) => self.written += self.buffer.len() as u64,
            // A full disk may have taken half a line: cut it off. If that fails as well, a
            // reader still tells by the missing newline, and the first error is what counts.
            Err(_) => drop(self.file.set_len(self.written)),
        }
        self.buffer.clear();
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_there_at_once_and_a_burst_after_a_flush() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let mut lines = Lines::create(&path).unwrap();
        lines.append("one").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\n");
        for _ in 0..10 {
            lines.append("more").unwrap();
        }
        lines.flush().unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            format!("one\n{}", "more\n".repeat(10))
        );
    }

    #[test]
    fn a_file_that_exists_is_not_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        std::fs::write(&path, "theirs").unwrap();
        assert!(Lines::create(&path).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "theirs");
    }

    #[test]
    fn an_error_is_reported_and_does_not_stay_in_the_buffer() {
        let file = File::open("/dev/null").unwrap();
        let mut lines = Lines { file, buffer: Vec::new(), written: 0, flushed: None };
        assert!(lines.append("read-only").is_err());
        assert!(lines.buffer.is_empty());
    }
}
