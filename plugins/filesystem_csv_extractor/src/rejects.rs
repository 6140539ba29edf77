//! The file for rows that are set aside.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use csv_common::{AtomicFile, unwritable};
use osiris_sdk::{Error, Result};

use crate::split::Reject;

/// The first line of such a file.
const HEADER: &[u8] = b"file,line,reason,row\n";

/// A CSV file of the rows that are not of the table. It replaces the one of the
/// run before once all rows are read.
pub(crate) struct Rejects {
    path: PathBuf,
    target: AtomicFile,
    file: BufWriter<File>,
    rows: u64,
}

impl Rejects {
    /// Begins the file.
    ///
    /// # Errors
    /// Kind `config` if there is a file that is no such one, or the reason that
    /// a file cannot be made.
    pub(crate) fn create(path: &str) -> Result<Self> {
        let path = PathBuf::from(path);
        let (target, file) = AtomicFile::create("rejects", &path, true)?;
        check_replaceable(&path)?;
        let mut file = BufWriter::new(file);
        file.write_all(HEADER).map_err(|error| unwritable(&path, &error))?;
        Ok(Self { path, target, file, rows: 0 })
    }

    /// Number of rows so far.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// The file as the configuration names it.
    pub(crate) fn path(&self) -> impl fmt::Display {
        self.path.display()
    }

    /// Adds the rows that begin before an offset into the text of a file.
    ///
    /// # Errors
    /// The reason that the file cannot be written.
    pub(crate) fn add(&mut self, from: &str, rows: &[Reject], end: u64) -> Result<()> {
        for row in rows.iter().filter(|row| row.offset < end) {
            self.rows += 1;
            let fields = match row.fields {
                1 => "1 field".to_owned(),
                fields => format!("{fields} fields"),
            };
            write!(
                self.file,
                "{},{},{fields} in a table of {},",
                quoted(from),
                row.line,
                row.expected
            )
            .and_then(|()| self.text(&row.text))
            .map_err(|error| unwritable(&self.path, &error))?;
        }
        Ok(())
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// The reason that the file cannot be written.
    pub(crate) fn finish(self) -> Result<()> {
        let Self { path, target, file, .. } = self;
        let file = file.into_inner().map_err(|error| unwritable(&path, error.error()))?;
        target.commit(file)
    }

    /// Writes the last field of a line, with quotes.
    fn text(&mut self, text: &[u8]) -> io::Result<()> {
        self.file.write_all(b"\"")?;
        for part in text.split_inclusive(|byte| *byte == b'"') {
            self.file.write_all(part)?;
            if part.ends_with(b"\"") {
                self.file.write_all(b"\"")?;
            }
        }
        self.file.write_all(b"\"\n")
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// Refuses to replace a file of anything else: a slip in the path must not cost
/// the data in it.
fn check_replaceable(path: &Path) -> Result<()> {
    let mut head = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(HEADER.len() as u64).read_to_end(&mut head));
    match read {
        Ok(_) if head.is_empty() || head == HEADER => Ok(()),
        Ok(_) => Err(Error::config(format!(
            "rejects: {} is there and was not written by an earlier run; name another file, or \
             remove it",
            path.display()
        ))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unwritable(path, &error)),
    }
}
