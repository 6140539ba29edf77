//! JSON without the character that PostgreSQL has no room for.

/// Returns JSON without characters of code 0, escaped or not.
pub(super) fn without_nul(json: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(json.len());
    let mut rest = json;
    while let Some((first, after)) = rest.split_first() {
        rest = match (first, after) {
            (0, _) => after,
            (b'\\', [b'u', b'0', b'0', b'0', b'0', after @ ..]) => after,
            // A backslash takes the next character with it.
            (b'\\', [next, after @ ..]) => {
                kept.extend([*first, *next]);
                after
            }
            _ => {
                kept.push(*first);
                after
            }
        };
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_escapes_are_removed_from_json() {
        let json = br#"{"a\u0000b": "\\u0000 \u00001 \\\u0000"}"#;
        assert_eq!(without_nul(json), br#"{"ab": "\\u0000 1 \\"}"#);
    }
}
