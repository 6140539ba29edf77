//! The file: found, opened, decompressed, decoded.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use csv_common::Compression;
use osiris_sdk::{Error, Kind, Result};

use crate::config::{Config, EncodingErrors};
use crate::decompress;
use crate::fault::{Fault, What};
use crate::footer::Footer;
use crate::lines::Lines;
use crate::text::evidence::Evidence;
use crate::text::{Decoding, TextReader};

/// Read from the file at a time; the host gives no more at once.
const BUFFER: usize = 64 << 10;

/// A file that exists.
#[derive(Debug)]
pub(crate) struct Source {
    /// As the configuration names it.
    pub(crate) path: String,
    /// In bytes, as it lies there.
    pub(crate) size: u64,
    pub(crate) compression: Compression,
    member: Option<String>,
    decoding: Decoding,
}

impl Source {
    /// Finds the file, and where its footer begins.
    pub(crate) fn find(config: &Config) -> Result<Self> {
        let path = config.path.clone();
        let found = fs::metadata(&path).map_err(|error| unreadable(&path, &error))?;
        if found.is_dir() {
            return Err(Error::data(format!(
                "{path} is a directory; `path` names one CSV file in it, such as {}/data.csv",
                path.trim_end_matches('/')
            )));
        }
        if !found.is_file() {
            return Err(Error::data(format!("{path} is not a regular file")));
        }
        let compression = config.compression.of(&PathBuf::from(&path));
        if config.member.is_some() && compression != Compression::Zip {
            return Err(Error::config(format!(
                "member: {path} is no zip archive; set `compression: zip` if it is one"
            )));
        }
        let decoding = Decoding {
            encoding: config.encoding,
            replace: config.encoding_errors == EncodingErrors::Replace,
            nul: config.nul,
            end: None,
        };
        let member = config.member.clone();
        let mut source = Self { path, size: found.len(), compression, member, decoding };
        if config.skip_footer > 0 {
            source.decoding.end = Some(source.footer(config.skip_footer)?);
        }
        Ok(source)
    }

    /// The start of the last lines.
    fn footer(&self, lines: u64) -> Result<u64> {
        let footer = self.read(|mut text| {
            let mut footer = Footer::new(usize::try_from(lines).unwrap_or(usize::MAX));
            let mut buffer = vec![0; BUFFER];
            loop {
                match text.read(&mut buffer)? {
                    0 => return Ok(footer),
                    read => footer.add(&buffer[..read]),
                }
            }
        })?;
        footer.start().map_err(|found| {
            Error::config(format!(
                "skip_footer: {lines} lines to drop, but {} has only {found}",
                self.path
            ))
        })
    }

    /// Reads the text from its start. What is wrong with it becomes an error
    /// that names the file and the line.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(TextReader<'_>) -> Result<T, Stop>,
    ) -> Result<T> {
        match self.open(work) {
            Ok(done) => Ok(done),
            Err(Stop::Error(error)) => Err(error),
            Err(Stop::Fault(fault)) => Err(self.explain(&fault)),
        }
    }

    /// The line that an offset into the text is on, or the last one of the
    /// text without an offset, from 1. Reads the text again, because counting
    /// lines on the way would cost every good file for the sake of a bad one.
    pub(crate) fn line(&self, offset: Option<u64>) -> u64 {
        let mut lines = Lines::new();
        let mut left = offset.unwrap_or(u64::MAX);
        // It may end in the very fault that is to be explained.
        let _ = self.open(|mut text| {
            let mut buffer = vec![0; BUFFER];
            loop {
                let read = text.read(&mut buffer)?;
                let wanted = read.min(usize::try_from(left).unwrap_or(usize::MAX));
                lines.add(&buffer[..wanted]);
                left -= wanted as u64;
                if read == 0 || left == 0 {
                    return Ok(());
                }
            }
        });
        lines.number()
    }

    fn open<T>(&self, work: impl FnOnce(TextReader<'_>) -> Result<T, Stop>) -> Result<T, Stop> {
        let file = File::open(&self.path).map_err(|error| unreadable(&self.path, &error))?;
        let member = self.member.as_deref();
        decompress::open(file, self.compression, member, |bytes: Box<dyn Read + '_>| {
            work(TextReader::new(bytes, self.decoding)?)
        })
    }

    /// Advice about bytes that mean nothing in the encoding. Reads the
    /// whole file for it: a part of it may look like anything.
    fn advice(&self) -> Option<String> {
        let file = File::open(&self.path).ok()?;
        let found =
            decompress::open(file, self.compression, self.member.as_deref(), |mut bytes| {
                Evidence::of(&mut *bytes).map_err(|error| Stop::Fault(Fault::end(What::Io(error))))
            });
        found.ok().map(|evidence| evidence.advice(self.decoding.encoding))
    }

    fn explain(&self, fault: &Fault) -> Error {
        let Self { path, .. } = self;
        match &fault.what {
            What::Io(error) => {
                let kind = Error::from(io::Error::from(error.kind())).kind;
                match (self.compression, kind) {
                    (Compression::None, _) => {
                        Error::new(kind, format!("{path} cannot be read: {error}"))
                    }
                    // A decoder's own errors have kinds of all sorts.
                    (compression, Kind::Internal | Kind::Data) => Error::data(format!(
                        "{path} cannot be read as {}: {error}",
                        compression.name()
                    )),
                    _ => Error::new(kind, format!("{path} cannot be read: {error}")),
                }
            }
            What::Archive(what) => Error::data(format!("{path}: {what}")),
            what @ (What::Nul { hint: Some(_), .. } | What::Contradiction(_) | What::Order) => {
                Error::data(format!("{path} {what}"))
            }
            what @ What::Nul { .. } => {
                Error::data(format!("{path} line {} {what}", self.line(None)))
            }
            what @ What::Encoding { .. } => {
                let advice = self.advice().map(|advice| format!("; {advice}"));
                Error::data(format!(
                    "{path} line {} {what}{}",
                    self.line(None),
                    advice.unwrap_or_default()
                ))
            }
            what => Error::data(format!("{path} line {}: {what}", self.line(fault.offset))),
        }
    }
}

/// The reason that reading ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The text is wrong.
    Fault(Fault),
    /// Anything else.
    Error(Error),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Opens a file for the decoders that want a buffer.
pub(crate) fn buffered(file: File) -> BufReader<File> {
    BufReader::with_capacity(BUFFER, file)
}

fn unreadable(path: &str, error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound => {
            let more = if path == "-" || path.contains("://") {
                "; `path` is a file of this machine: there are no URLs and no standard input"
            } else if path.contains(['*', '?', '[', '{']) {
                "; `path` names one file and is no pattern; read each file in a step of its own"
            } else {
                ""
            };
            Error::not_found(format!(
                "CSV file not found: {path} (relative to the project folder){more}"
            ))
        }
        io::ErrorKind::PermissionDenied => {
            Error::permission(format!("CSV file cannot be read: {path}: permission denied"))
        }
        _ => Error::from(io::Error::from(error.kind()))
            .context(format_args!("CSV file cannot be read: {path}")),
    }
}
