//! The tools that built a component, from its `producers` sections.

use std::collections::BTreeSet;

use serde::Serialize;
use wasmparser::{KnownCustom, Parser, Payload};

/// Maximum listed tools; compilers add only a few.
const MOST: usize = 64;

/// A language, tool or library that was used to build a component.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Producer {
    /// language, processed-by or sdk.
    pub field: String,
    /// Name, like `Rust`.
    pub name: String,
    /// Version, like `1.95.0`; can be empty.
    pub version: String,
}

/// Returns the tools that built a component or a module in it, without duplicates. The sections are
/// not verified; unreadable parts are left out.
pub fn producers(bytes: &[u8]) -> Vec<Producer> {
    let mut found = BTreeSet::new();
    for payload in Parser::new(0).parse_all(bytes).map_while(Result::ok) {
        let Payload::CustomSection(section) = payload else { continue };
        let KnownCustom::Producers(fields) = section.as_known() else { continue };
        for field in fields.into_iter().map_while(Result::ok) {
            for value in field.values.into_iter().map_while(Result::ok) {
                if found.len() == MOST {
                    return found.into_iter().collect();
                }
                found.insert(Producer {
                    field: field.name.to_owned(),
                    name: value.name.to_owned(),
                    version: value.version.to_owned(),
                });
            }
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component with this custom section.
    fn component(section: &[u8]) -> Vec<u8> {
        let size = u8::try_from(10 + section.len()).unwrap();
        [b"\0asm\x0d\0\x01\0\0", [size].as_slice(), b"\x09producers", section].concat()
    }

    #[test]
    fn duplicate_producers_are_merged() {
        let rust = b"\x01\x08language\x02\x04Rust\x041.95\x04Rust\x041.95";
        let expected = Producer {
            field: "language".to_owned(),
            name: "Rust".to_owned(),
            version: "1.95".to_owned(),
        };
        assert_eq!(producers(&component(rust)), [expected]);
    }

    #[test]
    fn damaged_producers_section_is_ignored() {
        for section in [b"".as_slice(), b"\xff", b"\x01\x08lang", b"\x01\x01a\x05\x01b"] {
            assert_eq!(producers(&component(section)), []);
        }
        assert_eq!(producers(b"no component"), []);
    }
}
