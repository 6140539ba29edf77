//! Quantities as people write them.

use bytesize::ByteSize;

use super::{Node, Problems};
use crate::problem::Problem;
use crate::wording::quoted;

/// A size like `512MiB`, `1.5GB` or `4096`, in bytes; none if it is not one or zero.
pub fn bytes(text: &str) -> Option<u64> {
    let size = text.parse::<ByteSize>().ok()?.as_u64();
    (size > 0).then_some(size)
}

/// An amount of memory like `512MiB`, or a number of bytes, in bytes.
pub fn memory(node: &Node, owner: &str, problems: &mut Problems<'_>) -> Option<u64> {
    let bytes = match node.as_text() {
        Some(text) => bytes(text),
        None => node.as_u64().filter(|&bytes| bytes > 0),
    };
    if bytes.is_none() {
        let found = node.as_text().map_or_else(|| node.kind().to_owned(), quoted);
        let message = format!("{owner}: 'memory' must be an amount of memory, but it is {found}");
        let problem =
            Problem::new("invalid_limit", message).help("write it like '512MiB' or '2GiB'");
        problems.report(node.position, problem);
    }
    bytes
}

/// A time limit in whole seconds, from 1.
pub fn seconds(node: &Node, owner: &str, problems: &mut Problems<'_>) -> Option<u64> {
    let seconds = node.as_u64().filter(|&seconds| seconds > 0);
    if seconds.is_none() {
        let message = format!("{owner}: 'seconds' must be a whole number from 1");
        problems.report(
            node.position,
            Problem::new("invalid_limit", message).help("write it like '600'"),
        );
    }
    seconds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_exactly() {
        assert_eq!(bytes("512MiB"), Some(512 << 20));
        assert_eq!(bytes("2 GiB"), Some(2 << 30));
        assert_eq!(bytes("1GB"), Some(1_000_000_000));
        assert_eq!(bytes("4096"), Some(4096));
        for text in ["", "0", "-1GiB", "MiB", "1XB", "1e9"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
