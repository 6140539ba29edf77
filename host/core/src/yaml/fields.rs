//! Reads a mapping key by key, and reports every problem at its position.

use super::{Diagnostics, Entry, Node, Position};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::text::{closest_match, join_or, quoted};

/// A mapping with a known set of keys.
#[derive(Debug, Clone)]
pub struct Fields<'n> {
    /// Owner of the keys, as the start of a message: `` step `load` ``.
    owner: String,
    position: Position,
    entries: &'n [Entry],
}

impl<'n> Fields<'n> {
    /// Returns the fields of `node`. Reports a problem with `code` and returns `None` if `node` is
    /// not a mapping.
    pub fn of(
        node: &'n Node,
        owner: impl Into<String>,
        code: Code,
        problems: &mut Diagnostics<'_>,
    ) -> Option<Self> {
        let owner = owner.into();
        let Some(entries) = node.as_map() else {
            let message = format!("{owner} must be a mapping, but is {}", node.kind());
            problems.report(
                node.position,
                Diagnostic::new(code, message).help("write `key: value` lines"),
            );
            return None;
        };
        Some(Self { owner, position: node.position, entries })
    }

    /// Returns the owner of the keys.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Returns the position of the mapping.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Returns all entries of the mapping.
    pub fn entries(&self) -> &'n [Entry] {
        self.entries
    }

    /// Reports every key that is not in `allowed`, and suggests the closest allowed key.
    pub fn only(&self, allowed: &[&str], problems: &mut Diagnostics<'_>) {
        for entry in self.entries.iter().filter(|entry| !allowed.contains(&entry.key.as_str())) {
            let message = format!("{}: unknown key {}", self.owner, quoted(&entry.key));
            let help = match closest_match(&entry.key, allowed.iter().copied()) {
                Some(suggestion) => format!("did you mean `{suggestion}`?"),
                None => format!("expected {}", join_or(allowed)),
            };
            problems.report(entry.position, Diagnostic::new(Code::KeyUnknown, message).help(help));
        }
    }

    /// Returns the value of a key. Returns `None` if the key is missing or its value is null.
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some(&entry.value).filter(|node| node.value != super::Value::Null)
    }

    /// Returns the value of a required key. Reports a problem with `help` if the key is missing.
    pub fn require(
        &self,
        key: &str,
        code: Code,
        help: &str,
        problems: &mut Diagnostics<'_>,
    ) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() {
            let message = format!("{}: missing key `{key}`", self.owner);
            problems.report(self.position, Diagnostic::new(code, message).help(help));
        }
        found
    }

    /// Converts the value of `key` with `read`. Reports a problem with the `expected` form if
    /// `read` returns `None`.
    pub fn read<T>(
        &self,
        key: &str,
        node: &'n Node,
        expected: &str,
        code: Code,
        read: impl FnOnce(&'n Node) -> Option<T>,
        problems: &mut Diagnostics<'_>,
    ) -> Option<T> {
        let value = read(node);
        if value.is_none() {
            let message =
                format!("{}: `{key}` must be {expected}, but is {}", self.owner, node.kind());
            problems.report(node.position, Diagnostic::new(code, message));
        }
        value
    }
}
