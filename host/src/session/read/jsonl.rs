//! Files with a JSON object a line.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::Value;

use super::unreadable;
use crate::problem::{Error, Problem, Result};

/// The largest file that is read, in bytes: far above what a run writes, and
/// still what a machine can hold.
const LIMIT: u64 = 256 << 20;

/// The whole lines of a file. A last line without its newline is one that is
/// being written, and is not there yet. A missing file has no lines.
pub(super) fn read(path: &Path) -> Result<Vec<Value>> {
    let bytes = match bytes(path, LIMIT) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(path, &error)),
    };
    let mut lines = bytes.split(|byte| *byte == b'\n');
    lines.next_back();
    lines
        .enumerate()
        .map(|(index, line)| {
            serde_json::from_slice(line).map_err(|error| {
                let text = format!("line {} is not JSON: {error}", index + 1);
                Error::invalid(Problem::new("session_invalid", text).in_file(path))
            })
        })
        .collect()
}

/// A file's content, if it is not larger than the limit.
pub(super) fn bytes(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let text = format!("it is larger than {} MiB, the most that is read", limit >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        assert!(read(&path).unwrap().is_empty());
        for (text, count) in [("", 0), ("{}\n", 1), ("{}\n{\"torn", 1)] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(read(&path).unwrap().len(), count, "{text}");
        }
        std::fs::write(&path, "{}\n{oops\n").unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.starts_with("line 2 is not JSON: "), "{error}");
    }
}
