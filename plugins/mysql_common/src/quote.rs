//! Names and values in SQL.

use std::fmt::Write;

/// A name, whatever it holds.
#[must_use]
pub fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text, in a session whose `sql_mode` takes backslashes or does not: it is
/// written as hexadecimal digits if that matters.
#[must_use]
pub fn literal(text: &str) -> String {
    if text.contains(['\'', '\\', '\0']) {
        let digits = hex(text.as_bytes());
        return format!("_utf8mb4 x'{digits}'");
    }
    format!("'{text}'")
}

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        // Writing to a string does not fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_and_literals_are_quoted() {
        assert_eq!(identifier("a`b"), "`a``b`");
        assert_eq!(literal("it"), "'it'");
        assert_eq!(literal("'\\"), "_utf8mb4 x'275c'");
    }
}
