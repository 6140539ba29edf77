//! Reads and parses YAML files.

use std::io::ErrorKind;
use std::path::Path;

use super::{Node, Position, builder};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Error, Result};
use crate::fs::regular::{NotRegular, open_regular, read_bounded};
use crate::text;

/// Maximum size of a YAML file, in bytes.
pub const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// Reads a YAML file.
///
/// # Errors
/// Returns an error if [`read_bytes`] or [`parse`] does.
pub fn read(file: &Path) -> Result<Node> {
    parse(&read_bytes(file, MAX_BYTES)?, file)
}

/// Reads a regular file of at most `limit` bytes.
///
/// # Errors
/// Returns an error if the file is missing (`file_missing`), is not a regular file
/// (`file_irregular`), cannot be read (`file_unreadable`) or is too large (`file_too_large`).
pub fn read_bytes(file: &Path, limit: u64) -> Result<Vec<u8>> {
    let unreadable = |error: std::io::Error| match (error.kind(), NotRegular::kind(&error)) {
        (_, Some(kind)) => {
            let message = format!("expected a file, found {kind}");
            Error::invalid(Diagnostic::new(Code::FileIrregular, message).in_file(file))
        }
        (ErrorKind::NotFound | ErrorKind::NotADirectory, _) => {
            Error::invalid(Diagnostic::new(Code::FileMissing, "no such file").in_file(file))
        }
        (ErrorKind::FileTooLarge, _) => too_large("the file", limit, file),
        _ => Error::invalid(
            Diagnostic::new(Code::FileUnreadable, format!("cannot read the file: {error}"))
                .in_file(file),
        ),
    };
    open_regular(file).and_then(|(file, _)| read_bounded(file, limit)).map_err(unreadable)
}

/// Parses the single YAML document of a file. `file` is only used in problems.
///
/// # Errors
/// Returns an error if the document is invalid, with codes like `file_too_large`,
/// `encoding_invalid`, `character_invalid`, `yaml_invalid` and `key_duplicate`. All but the first
/// have a position. A syntax error ends the parsing; the others are reported together.
pub fn parse(bytes: &[u8], file: &Path) -> Result<Node> {
    parse_as("the file", bytes, file)
}

/// Like [`parse`], for YAML that is not the whole file: problems refer to it as `what`.
///
/// # Errors
/// Returns an error if [`parse`] does.
pub fn parse_as(what: &str, bytes: &[u8], file: &Path) -> Result<Node> {
    parse_within(MAX_BYTES, what, bytes, file)
}

/// Like [`parse_as`], for at most `limit` bytes.
///
/// # Errors
/// Returns an error if [`parse`] does.
pub fn parse_within(limit: u64, what: &str, bytes: &[u8], file: &Path) -> Result<Node> {
    if bytes.len() as u64 > limit {
        return Err(too_large(what, limit, file));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let message = format!("{what} is not UTF-8 text: invalid byte");
        let help = "save the text as UTF-8";
        Error::invalid(
            Diagnostic::new(Code::EncodingInvalid, message).at(file, end_of(&valid)).help(help),
        )
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some((before, character)) = first_unprintable(text) {
        let message = format!(
            "{what} contains the control character U+{:04X}, which YAML does not allow",
            u32::from(character)
        );
        let help = "remove the character, or write an escape in double quotes";
        let problem = Diagnostic::new(Code::CharacterInvalid, message).help(help);
        return Err(Error::invalid(problem.at(file, end_of(before))));
    }
    builder::build(text, file, what)
}

fn too_large(what: &str, limit: u64, file: &Path) -> Error {
    let message = format!("{what} exceeds the size limit of {}", text::format_bytes(limit));
    let problem = Diagnostic::new(Code::FileTooLarge, message).in_file(file);
    Error::invalid(problem.help(format!("shorten {what}")))
}

/// Returns the first character outside YAML's printable set and the text before it. The parser
/// would treat a NUL as the end of the file.
fn first_unprintable(text: &str) -> Option<(&str, char)> {
    let unprintable = |c: char| {
        matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\x7f'..='\u{84}'
            | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')
    };
    text.char_indices().find(|&(_, c)| unprintable(c)).map(|(at, c)| (&text[..at], c))
}

/// Returns the position just after a text.
fn end_of(text: &str) -> Position {
    let line = text.matches('\n').count() + 1;
    let last = text.rsplit('\n').next().unwrap_or_default();
    Position { line: to_u32(line), column: to_u32(last.chars().count() + 1) }
}

/// Converts a position, which always fits: a file has at most [`MAX_BYTES`] characters.
pub(super) fn to_u32(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
