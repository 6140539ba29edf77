//! Parses YAML into a tree in which every value and key has a line and a column, so that later
//! problems can refer to them.
//!
//! Accepts a strict subset of YAML 1.2 with its core schema: one document, text keys, no duplicate
//! keys, no merge keys, and only the tags of the core schema. Size, nesting depth and the expansion
//! of aliases are bounded.

mod builder;
mod diagnostics;
mod fields;
mod scalar;
mod source;
mod write;

#[cfg(test)]
mod tests;

use serde_json::Number;

pub use crate::diagnostic::Position;
pub use diagnostics::Diagnostics;
pub use fields::Fields;
pub use source::{MAX_BYTES, parse, parse_as, parse_within, read, read_bytes};
pub use write::to_string;

/// A value with its position.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Position of the first character. The parts of an aliased value have their position at the
    /// anchor.
    pub position: Position,
    /// The value itself.
    pub value: Value,
}

/// A value of the YAML 1.2 core schema.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~` or an empty value.
    Null,
    /// `true` or `false`; `yes` and `on` are text.
    Bool(bool),
    /// A number. Integers in the range of `i64` and `u64` are exact; other numbers are finite
    /// floats.
    Number(Number),
    /// Text.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in the order of the file, without duplicate keys.
    Map(Vec<Entry>),
}

/// A key of a mapping with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Position of the key.
    pub position: Position,
    /// The key.
    pub key: String,
    /// The value.
    pub value: Node,
}

impl Node {
    /// Returns the text. Returns `None` if the value is not text.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the boolean. Returns `None` if the value is not a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// Returns the number. Returns `None` if the value is not a non-negative integer.
    pub fn as_u64(&self) -> Option<u64> {
        match &self.value {
            Value::Number(number) => number.as_u64(),
            _ => None,
        }
    }

    /// Returns the items. Returns `None` if the value is not a list.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the entries. Returns `None` if the value is not a mapping.
    pub fn as_map(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Returns the entry with a key. Returns `None` if the value is not a mapping or lacks the key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.as_map()?.iter().find(|entry| entry.key == key)
    }

    /// Returns the name of the value's type: `text`, `a list`.
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

    /// Converts the value to JSON.
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

    /// Returns the position at a JSON pointer (RFC 6901). If the pointer leaves the tree, returns
    /// the position of the last value on its way. The position of a key's value is that of the key.
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
