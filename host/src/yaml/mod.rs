//! YAML that knows where everything stands: a tree whose every value and key
//! has a line and a column, so that a problem found later can name them.
//!
//! What is read is a strict part of YAML 1.2 with its core schema: one document,
//! text keys, no key twice, no merge keys, only the core schema's tags. Size,
//! depth and the expansion of aliases are bounded.

mod builder;
mod fields;
mod problems;
mod scalar;
mod source;
mod write;

#[cfg(test)]
mod tests;

use serde_json::Number;

pub use crate::problem::Position;
pub use fields::Fields;
pub use problems::Problems;
pub use source::{MAX_BYTES, parse, parse_as, parse_within, read, read_bytes};
pub use write::to_string;

/// A value and where it starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its first character. The parts of an aliased value stand where the anchor is.
    pub position: Position,
    /// What it is.
    pub value: Value,
}

/// What a node is, by the YAML 1.2 core schema.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`; `yes` and `on` are text.
    Bool(bool),
    /// A number. Integers of `i64` and `u64` are exact; others are finite floats.
    Number(Number),
    /// Text.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in the order of the file, no key twice.
    Map(Vec<Entry>),
}

/// One key of a mapping and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Where the key stands.
    pub position: Position,
    /// The key.
    pub key: String,
    /// Its value.
    pub value: Node,
}

impl Node {
    /// The text, if it is text.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The number, if it is a whole one that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        match &self.value {
            Value::Number(number) => number.as_u64(),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, if it is a mapping.
    pub fn as_map(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The entry of a key, if it is a mapping that has it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.as_map()?.iter().find(|entry| entry.key == key)
    }

    /// What it is, in words: `text`, `a list`.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "empty",
            Value::Bool(_) => "true or false",
            Value::Number(number) if number.is_f64() => "a number",
            Value::Number(_) => "a whole number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// The same value as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(number) => Json::Number(number.clone()),
            Value::Text(text) => Json::String(text.clone()),
            Value::List(items) => items.iter().map(Node::to_json).collect(),
            Value::Map(entries) => {
                entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect()
            }
        }
    }

    /// Where a JSON pointer (RFC 6901) leads; where it leaves the tree, the last
    /// value on its way. A key's value stands at its key.
    pub fn position_of(&self, pointer: &str) -> Position {
        let mut node = self;
        let mut position = self.position;
        for segment in pointer.split('/').skip(1) {
            let segment = segment.replace("~1", "/").replace("~0", "~");
            let step = match &node.value {
                Value::Map(_) => node.entry(&segment).map(|entry| (&entry.value, entry.position)),
                Value::List(items) => segment
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| items.get(index))
                    .map(|item| (item, item.position)),
                _ => None,
            };
            let Some((next, at)) = step else { break };
            (node, position) = (next, at);
        }
        position
    }
}
