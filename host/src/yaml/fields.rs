//! Reading a mapping key by key, with every problem reported where it stands.

use super::{Entry, Node, Position, Problems};
use crate::problem::Problem;
use crate::wording::{any_of, closest, quoted};

/// A mapping whose keys are known.
#[derive(Debug, Clone)]
pub struct Fields<'n> {
    /// Whose keys they are, as the start of a message: `Step 'load'`.
    owner: String,
    position: Position,
    entries: &'n [Entry],
}

impl<'n> Fields<'n> {
    /// The keys of `node`; if it is no mapping, a problem with this code.
    pub fn of(
        node: &'n Node,
        owner: impl Into<String>,
        code: &'static str,
        problems: &mut Problems<'_>,
    ) -> Option<Self> {
        let owner = owner.into();
        let Some(entries) = node.as_map() else {
            let message = format!("{owner} must be a mapping, but it is {}", node.kind());
            problems.report(
                node.position,
                Problem::new(code, message).help("write 'key: value' lines"),
            );
            return None;
        };
        Some(Self { owner, position: node.position, entries })
    }

    /// Whose keys they are.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Where the mapping starts.
    pub fn position(&self) -> Position {
        self.position
    }

    /// All of them.
    pub fn entries(&self) -> &'n [Entry] {
        self.entries
    }

    /// Reports every other key as unknown, with the one that was likely meant.
    pub fn only(&self, known: &[&str], problems: &mut Problems<'_>) {
        for entry in self.entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let message = format!("{}: unknown key {}", self.owner, quoted(&entry.key));
            let help = match closest(&entry.key, known.iter().copied()) {
                Some(meant) => format!("did you mean '{meant}'?"),
                None => format!("the keys here are {}", any_of(known)),
            };
            problems.report(entry.position, Problem::new("unknown_key", message).help(help));
        }
    }

    /// The value of a key, if it is there and is not empty.
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some(&entry.value).filter(|node| node.value != super::Value::Null)
    }

    /// The value of a key that must be there; `help` shows how it is written.
    pub fn require(
        &self,
        key: &str,
        code: &'static str,
        help: &str,
        problems: &mut Problems<'_>,
    ) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() {
            let message = format!("{}: the key '{key}' is missing", self.owner);
            problems.report(self.position, Problem::new(code, message).help(help));
        }
        found
    }

    /// What `read` makes of the value of `key`; if it makes nothing, a problem
    /// that says what was `wanted`.
    pub fn read<T>(
        &self,
        key: &str,
        node: &'n Node,
        wanted: &str,
        code: &'static str,
        read: impl FnOnce(&'n Node) -> Option<T>,
        problems: &mut Problems<'_>,
    ) -> Option<T> {
        let value = read(node);
        if value.is_none() {
            let message =
                format!("{}: '{key}' must be {wanted}, but it is {}", self.owner, node.kind());
            problems.report(node.position, Problem::new(code, message));
        }
        value
    }
}
