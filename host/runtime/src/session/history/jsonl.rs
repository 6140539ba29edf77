//! Files with one JSON object per line.

use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::regular::{open_regular_no_link, read_regular_no_link};
use serde::de::IgnoredAny;
use serde_json::Value;

use super::unreadable;

/// The largest file that is read, in bytes: far more than a run writes, and still small enough for
/// memory.
const LIMIT: u64 = 256 << 20;

/// Reads the whole lines of a file. A last line without a newline is still being written and is
/// skipped. A missing file has no lines.
pub(super) fn read(path: &Path) -> Result<Vec<Value>> {
    let bytes = match read_regular_no_link(path, LIMIT) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(path, &error)),
    };
    let mut lines = bytes.split(|byte| *byte == b'\n');
    lines.next_back();
    lines
        .enumerate()
        .map(|(index, line)| {
            serde_json::from_slice(line).map_err(|error| not_json(path, index as u64 + 1, &error))
        })
        .collect()
}

/// Counts the whole lines of JSON in a file, or returns 0 if the file does not exist. Holds one
/// line in memory at a time.
pub(super) fn count(path: &Path) -> Result<u64> {
    let unreadable = |error: &io::Error| unreadable(path, error);
    let file = match open_regular_no_link(path) {
        Ok((file, size)) if size <= LIMIT => file,
        Ok(_) => return Err(unreadable(&io::ErrorKind::FileTooLarge.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(unreadable(&error)),
    };
    let (mut lines, mut line, mut count) = (BufReader::new(file.take(LIMIT)), Vec::new(), 0);
    while lines.read_until(b'\n', &mut line).map_err(|error| unreadable(&error))? > 0 {
        if line.last() != Some(&b'\n') {
            break;
        }
        count += 1;
        serde_json::from_slice::<IgnoredAny>(&line)
            .map_err(|error| not_json(path, count, &error))?;
        line.clear();
    }
    Ok(count)
}

fn not_json(path: &Path, line: u64, error: &serde_json::Error) -> Error {
    let text = format!("line {line} is not JSON: {error}");
    Error::invalid(Diagnostic::new(Code::SessionInvalid, text).in_file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_last_line_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        assert!(read(&path).unwrap().is_empty());
        for (text, count) in [("", 0), ("{}\n", 1), ("{}\n{\"torn", 1)] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(read(&path).unwrap().len(), count, "{text}");
            assert_eq!(super::count(&path).unwrap(), count as u64, "{text}");
        }
        std::fs::write(&path, "{}\n{oops\n").unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.starts_with("line 2 is not JSON: "), "{error}");
    }
}
