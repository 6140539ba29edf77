//! Drivers in a single file, for a machine without a network: a plain tar.
//!
//! ```text
//! osiris-bundle.json        the index: names, versions, sizes, sha256, signers, and keys
//! osiris.lock               the project's lockfile, if any
//! drivers/<sha256>.wasm     each driver, in the order of the index
//! ```
//! A bundle contains exactly these entries, in this order, as regular files without owners and
//! times, so that equal drivers give equal bytes. Reading checks the entries against the index,
//! and the index against limits; nothing is unpacked under a name from the tar.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};

use osiris_core::canonical;
use osiris_core::code::Code;
use osiris_core::diagnostic::Diagnostic;
use osiris_core::driver::MAX_SIZE;
use osiris_core::fs::layout::LOCK_FILE;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tar::{Archive, Builder, Entries, EntryType, Header};

#[cfg(test)]
mod tests;

const INDEX: &str = "osiris-bundle.json";
const FORMAT: u32 = 1;
/// Maximum bytes of the index, and of the lockfile.
const MAX_TEXT: u64 = 1 << 20;
/// Maximum number of drivers.
const MAX_SIZES: usize = 1000;

/// The content of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    format: u32,
    /// The drivers by name, without duplicates.
    pub drivers: Vec<Item>,
    /// The trusted keys of the project of origin, by its names for them. Recipients do not have
    /// to trust them.
    pub keys: BTreeMap<String, String>,
}

/// A driver in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The driver's name.
    pub name: String,
    /// The driver's version.
    pub version: String,
    /// The sha256 of the file, 64 hex digits.
    pub sha256: String,
    /// Size of the file in bytes.
    pub size: u64,
    /// The keys that signed the driver.
    pub signers: Vec<String>,
}

impl Index {
    /// Creates the index of these drivers and keys.
    pub fn new(drivers: impl IntoIterator<Item = Item>, keys: BTreeMap<String, String>) -> Self {
        let mut drivers: Vec<Item> = drivers.into_iter().collect();
        drivers.sort();
        Self { format: FORMAT, drivers, keys }
    }

    fn parse(bytes: &[u8]) -> Result<Self, Diagnostic> {
        let index: Self = serde_json::from_slice(bytes)
            .map_err(|error| invalid(format!("cannot read `{INDEX}`: {error:.200}")))?;
        if index.format != FORMAT {
            return Err(invalid(format!(
                "format {} is not supported, only format {FORMAT}",
                index.format
            )));
        }
        if index.drivers.len() > MAX_SIZES {
            return Err(invalid(format!("the bundle has more than {MAX_SIZES} drivers")));
        }
        let (mut names, mut hashes) = (BTreeSet::new(), BTreeSet::new());
        for item in &index.drivers {
            let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            if item.sha256.len() != 64 || !item.sha256.bytes().all(is_digit) {
                return Err(invalid(format!("driver `{}` has an invalid sha256", item.name)));
            }
            if item.size > MAX_SIZE {
                return Err(invalid(format!(
                    "driver `{}` has {} bytes, but the limit is {MAX_SIZE}",
                    item.name, item.size
                )));
            }
            if !names.insert(&item.name) || !hashes.insert(&item.sha256) {
                return Err(invalid(format!("driver `{}` is listed twice", item.name)));
            }
        }
        Ok(index)
    }
}

/// Writes a bundle. `load` returns the bytes of each driver, which must match the index.
///
/// # Errors
/// Returns an error if any I/O operation or `load` fails, or the bytes of a driver do not match
/// the index.
pub fn write(
    out: impl Write,
    index: &Index,
    lock: Option<&[u8]>,
    mut load: impl FnMut(&Item) -> io::Result<Vec<u8>>,
) -> io::Result<()> {
    let mut tar = Builder::new(out);
    let text = canonical::json(&json!(index));
    append(&mut tar, INDEX, text.as_bytes())?;
    if let Some(lock) = lock {
        append(&mut tar, LOCK_FILE, lock)?;
    }
    for item in &index.drivers {
        let bytes = load(item)?;
        if canonical::sha256(&bytes) != item.sha256 {
            return Err(io::Error::other(format!(
                "driver `{}` was changed during the command",
                item.name
            )));
        }
        append(&mut tar, &path_of(item), &bytes)?;
    }
    tar.into_inner()?.flush()
}

fn append(tar: &mut Builder<impl Write>, path: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::Regular);
    header.set_path(path)?;
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_cksum();
    tar.append(&header, bytes)
}

fn path_of(item: &Item) -> String {
    format!("drivers/{}.wasm", item.sha256)
}

/// Reads a bundle to its end. `take` gets each driver whose bytes match the index. Returns the
/// index, and the lockfile if the bundle has one.
///
/// # Errors
/// Returns an error if the bundle is invalid or `take` fails.
pub fn read<E: From<Diagnostic>>(
    from: impl Read,
    mut take: impl FnMut(&Item, Vec<u8>) -> Result<(), E>,
) -> Result<(Index, Option<Vec<u8>>), E> {
    let mut archive = Archive::new(from);
    // Raw entries: an entry that renames the next one never belongs to a bundle.
    let entries = archive.entries().map_err(|error| damaged(&error))?.raw(true);
    let mut files = Files { entries, waiting: None };
    let index = files.next(INDEX, MAX_TEXT)?.ok_or_else(|| missing(INDEX))?;
    let index = Index::parse(&index)?;
    let lock = files.next(LOCK_FILE, MAX_TEXT)?;
    for item in &index.drivers {
        let path = path_of(item);
        let bytes = files.next(&path, item.size)?.ok_or_else(|| missing(&path))?;
        if canonical::sha256(&bytes) != item.sha256 {
            let message = format!("driver `{}` does not match its sha256 in the index", item.name);
            return Err(invalid(message).into());
        }
        take(&item.clone(), bytes)?;
    }
    match files.next("", 0)? {
        None if files.waiting.is_none() => Ok((index, lock)),
        _ => Err(invalid("the bundle contains files that are not in its index".to_owned()).into()),
    }
}

/// The files of a tar, in sequence.
struct Files<'a, R: Read> {
    entries: Entries<'a, R>,
    /// An entry that was read ahead and has another name than requested.
    waiting: Option<tar::Entry<'a, R>>,
}

impl<R: Read> Files<'_, R> {
    /// Returns the next file if it has this name. Returns `None` if it has another name or there
    /// are no more files.
    fn next(&mut self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, Diagnostic> {
        let next = match self.waiting.take() {
            Some(entry) => Some(entry),
            None => self.entries.next().transpose().map_err(|error| damaged(&error))?,
        };
        let Some(entry) = next else { return Ok(None) };
        if entry.path_bytes() != path.as_bytes() {
            self.waiting = Some(entry);
            return Ok(None);
        }
        if entry.header().entry_type() != EntryType::Regular {
            return Err(invalid(format!("`{path}` is not a regular file")));
        }
        let size = entry.header().size().map_err(|error| damaged(&error))?;
        if size > limit {
            return Err(invalid(format!("`{path}` has {size} bytes, but the limit is {limit}")));
        }
        let mut bytes = Vec::new();
        entry.take(limit + 1).read_to_end(&mut bytes).map_err(|error| damaged(&error))?;
        if bytes.len() as u64 != size {
            return Err(invalid(format!("`{path}` is truncated")));
        }
        Ok(Some(bytes))
    }
}

fn missing(path: &str) -> Diagnostic {
    invalid(format!("`{path}` is missing or not in its expected position"))
}

fn damaged(error: &io::Error) -> Diagnostic {
    invalid(format!("the file is damaged or truncated: {error}"))
}

fn invalid(reason: String) -> Diagnostic {
    Diagnostic::new(Code::BundleInvalid, format!("invalid bundle: {reason}"))
        .help("create the bundle again with `osiris drivers bundle`")
}
