//! Rows that are added to a file that is there already.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use csv_common::{Compression, unwritable};
use osiris_sdk::{Error, Result};

use crate::config::Config;

/// Bytes copied at a time.
const BUFFER: usize = 256 << 10;

/// Copies the file into the one that will replace it, and says whether there
/// was anything in it. Its first line must be the header, in the same bytes,
/// so that the rows that are added are of the same columns and the same
/// dialect.
pub(crate) fn copy(
    config: &Config,
    head: &[u8],
    newline: &[u8],
    to: &mut impl Write,
) -> Result<bool> {
    let path = Path::new(&config.path);
    if config.compression.of(path) != Compression::None {
        return Err(Error::unsupported(format!(
            "append: rows can be added to a file that is not compressed only, and {} is",
            path.display()
        )));
    }
    match fs::metadata(path) {
        Ok(found) if found.len() > 0 => {}
        Ok(_) => return Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(unreadable(path, &error)),
    }
    let mut from = File::open(path).map_err(|error| unreadable(path, &error))?;
    let mut buffer = vec![0; BUFFER.max(head.len())];
    let mut first = fill(&mut from, &mut buffer).map_err(|error| unreadable(path, &error))?;
    if !buffer[..first].starts_with(head) {
        return Err(Error::data(format!(
            "append: cannot add to {}: it does not begin with the line that the header would be \
             now; write it with the same columns and options, or another file",
            path.display()
        )));
    }
    let mut end: Vec<u8> = Vec::new();
    while first > 0 {
        let bytes = &buffer[..first];
        to.write_all(bytes).map_err(|error| unwritable(path, &error))?;
        end.extend_from_slice(&bytes[bytes.len().saturating_sub(newline.len())..]);
        end.drain(..end.len().saturating_sub(newline.len()));
        first = fill(&mut from, &mut buffer).map_err(|error| unreadable(path, &error))?;
    }
    // The last line of a file need not end.
    if !newline.ends_with(&end) || end.len() < newline.len() {
        to.write_all(newline).map_err(|error| unwritable(path, &error))?;
    }
    Ok(true)
}

/// Reads until there is no more room or no more file.
fn fill(from: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    let kind = Error::from(io::Error::from(error.kind())).kind;
    Error::new(kind, format!("append: cannot read {}: {error}", path.display()))
}
