//! References to connections: `@family.alias`.

use std::fmt;
use std::str::FromStr;

use osiris_core::code::Code;
use osiris_core::diagnostic::Diagnostic;
use osiris_core::text::quoted;

/// The name of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The kind of service, like `mysql`: the first part of its drivers' names.
    pub family: String,
    /// The connection's name within its family.
    pub alias: String,
}

impl FromStr for Reference {
    type Err = Diagnostic;

    fn from_str(text: &str) -> Result<Self, Diagnostic> {
        let parts = text.strip_prefix('@').and_then(|text| text.split_once('.'));
        match parts {
            Some((family, alias)) if is_name(family) && is_name(alias) => {
                Ok(Self { family: family.to_owned(), alias: alias.to_owned() })
            }
            _ => Err(Diagnostic::new(
                Code::ConnectionReferenceInvalid,
                format!("invalid connection reference {}: expected `@family.alias`", quoted(text)),
            )
            .help("list the connections with `osiris connections list`")),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}.{}", self.family, self.alias)
    }
}

/// Returns whether `text` is a valid name of a family or an alias.
pub(super) fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=63).contains(&text.len()) && text.bytes().all(plain)
}
