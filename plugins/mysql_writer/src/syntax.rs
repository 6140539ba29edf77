//! The two ways in which values are sent: in an INSERT, or as the lines of a
//! file that LOAD DATA asks for, which the server takes in faster.

use memchr::{memchr2, memchr3};
use osiris_sdk::DataType;

use crate::holds::Holds;

/// The form of values on their way to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// Literals in SQL, in a session that takes backslashes.
    Insert,
    /// Fields between tabs.
    Load,
}

impl Syntax {
    /// Writes a missing value.
    pub(crate) fn null(self, out: &mut Vec<u8>) {
        out.extend_from_slice(match self {
            Self::Insert => b"NULL",
            Self::Load => b"\\N",
        });
    }

    /// Begins or ends a text that has nothing to escape.
    pub(crate) fn quote(self, out: &mut Vec<u8>) {
        if self == Self::Insert {
            out.push(b'\'');
        }
    }

    /// Writes a text.
    pub(crate) fn text(self, text: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Insert => {
                out.push(b'\'');
                escaped(text, |rest| memchr2(b'\'', b'\\', rest), out);
                out.push(b'\'');
            }
            // A tab or a line end behind a backslash is itself.
            Self::Load => escaped(text, |rest| memchr3(b'\t', b'\n', b'\\', rest), out),
        }
    }

    /// Writes bytes, which are no text.
    pub(crate) fn bytes(self, bytes: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Insert => {
                out.extend_from_slice(b"_binary");
                self.text(bytes, out);
            }
            Self::Load => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                out.reserve(2 * bytes.len());
                for byte in bytes {
                    out.extend_from_slice(&[
                        DIGITS[usize::from(byte >> 4)],
                        DIGITS[usize::from(byte & 15)],
                    ]);
                }
            }
        }
    }
}

/// Writes bytes with a backslash in front of those that `find` finds.
fn escaped(bytes: &[u8], find: impl Fn(&[u8]) -> Option<usize>, out: &mut Vec<u8>) {
    let mut rest = bytes;
    while let Some(at) = find(rest) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(&[b'\\', rest[at]]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

/// Returns whether a field of LOAD DATA becomes the same value as the literal of
/// an INSERT. Other types are rare.
pub(crate) fn loads(holds: &Holds) -> bool {
    *holds != Holds::Others
}

/// Returns whether a field of LOAD DATA has the hexadecimal digits of its value.
pub(crate) fn is_hex(data_type: &DataType, holds: &Holds) -> bool {
    *data_type == DataType::Binary || matches!(holds, Holds::Shape(_) | Holds::Vector)
}

/// Returns an expression that makes the column's value of a field of LOAD DATA,
/// with `@` for the field.
pub(crate) fn conversion(data_type: &DataType, holds: &Holds) -> Option<&'static str> {
    match (data_type, holds) {
        _ if is_hex(data_type, holds) => Some("UNHEX(@)"),
        (_, Holds::Bits(_)) => Some("CAST(@ AS UNSIGNED)"),
        _ => None,
    }
}
