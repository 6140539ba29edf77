//! Builds a tree from the parser's events.

use std::borrow::Cow;
use std::collections::{HashMap, hash_map};
use std::path::Path;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::source::to_u32;
use super::{Diagnostics, Entry, Node, Position, Value, scalar};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Error};
use crate::text::quoted;

/// Maximum nesting depth of collections.
const MAX_DEPTH: usize = 64;
/// Maximum cost of all values, aliases expanded. See [`cost_of`].
const MAX_COST: usize = 32 * 1024 * 1024;

/// Returns the estimated memory of a value, in bytes.
fn cost_of(text: &str) -> usize {
    64 + text.len()
}

/// A problem that ends the parsing.
type Fatal = (Position, Diagnostic);

/// Builds the tree of the only document in `text`, which problems refer to as `what`.
pub(super) fn build(text: &str, file: &Path, what: &str) -> Result<Node, Error> {
    let mut builder = Builder::new(file, what);
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let done = event
            .map_err(|error| syntax(&error, text, what))
            .and_then(|(event, span)| builder.event(event, position(span)));
        if let Err((position, problem)) = done {
            builder.problems.report(position, problem);
            break;
        }
    }
    let root = builder.root.unwrap_or(Node { position: START, value: Value::Null });
    builder.problems.into_result(root)
}

const START: Position = Position { line: 1, column: 1 };

fn position(span: Span) -> Position {
    Position { line: to_u32(span.start.line()), column: to_u32(span.start.col() + 1) }
}

/// Converts a syntax error of the parser.
fn syntax(error: &ScanError, text: &str, what: &str) -> Fatal {
    let marker = error.marker();
    let at = Position { line: to_u32(marker.line()), column: to_u32(marker.col() + 1) };
    let line = text.lines().nth(marker.line().saturating_sub(1)).unwrap_or_default();
    let indent = line.len() - line.trim_start().len();
    if line[..indent].contains('\t') {
        let message = "YAML does not allow tabs for indentation";
        return (at, Diagnostic::new(Code::IndentInvalid, message).help("indent with spaces"));
    }
    if error.info() == "recursion limit exceeded" {
        return (at, too_deep());
    }
    (at, Diagnostic::new(Code::YamlInvalid, format!("{what} is not valid YAML: {}", error.info())))
}

fn too_deep() -> Diagnostic {
    let message = format!("nested more than {MAX_DEPTH} levels deep");
    Diagnostic::new(Code::NestingTooDeep, message).help("reduce the nesting")
}

/// A value with an anchor.
struct Anchored {
    node: Node,
    cost: usize,
    /// Nesting depth of the collections in the value.
    height: usize,
}

/// A collection that is not complete yet.
struct Open {
    position: Position,
    anchor: usize,
    cost: usize,
    height: usize,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        positions: HashMap<String, Position>,
        key: Option<(Position, String)>,
    },
}

struct Builder<'f> {
    /// Name of the text in problems.
    what: &'f str,
    problems: Diagnostics<'f>,
    documents: usize,
    root: Option<Node>,
    open: Vec<Open>,
    /// Values by the parser's number of their anchor.
    anchors: HashMap<usize, Anchored>,
    cost: usize,
}

impl<'f> Builder<'f> {
    fn new(file: &'f Path, what: &'f str) -> Self {
        Self {
            what,
            problems: Diagnostics::new(file),
            documents: 0,
            root: None,
            open: Vec::new(),
            anchors: HashMap::new(),
            cost: 0,
        }
    }

    fn event(&mut self, event: Event<'_>, at: Position) -> Result<(), Fatal> {
        match event {
            Event::DocumentStart(_) => self.document(at),
            Event::Scalar(text, style, anchor, tag) => self.scalar(at, &text, style, anchor, tag),
            Event::SequenceStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), "seq", at);
                self.begin(at, anchor, Items::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), "map", at);
                let positions = HashMap::new();
                self.begin(at, anchor, Items::Map { entries: Vec::new(), positions, key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => self.alias(at, anchor),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn document(&mut self, at: Position) -> Result<(), Fatal> {
        self.documents += 1;
        if self.documents > 1 {
            let message = "second YAML document: a file can contain only one";
            let help = "remove the `---` line, or move the rest to a separate file";
            return Err((at, Diagnostic::new(Code::DocumentRepeated, message).help(help)));
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        at: Position,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<Cow<'_, Tag>>,
    ) -> Result<(), Fatal> {
        let cost = cost_of(text);
        self.spend(cost, at)?;
        let plain = style == ScalarStyle::Plain;
        let resolved = match tag.as_deref() {
            None if plain => scalar::plain(text),
            None => Ok(Value::Text(text.to_owned())),
            Some(tag) => self.tagged(tag, text, at),
        };
        let value = resolved.unwrap_or_else(|reason| {
            // Omits the number, which can be a password without quotes.
            let message = format!("the number {reason}");
            let help = "put the value in quotes if it is text";
            self.problems.report(at, Diagnostic::new(Code::NumberInvalid, message).help(help));
            Value::Null
        });
        if plain && text == "<<" && self.expects_key() {
            let message = "merge keys (`<<`) are not part of YAML 1.2";
            let help = "write out the keys, or use an alias for the whole value";
            self.problems
                .report(at, Diagnostic::new(Code::MergeKeyUnsupported, message).help(help));
        } else if self.expects_key() && !matches!(value, Value::Text(_)) {
            let kind = Node { position: at, value }.kind();
            let message = format!("a key must be text, but {} is {kind}", quoted(text));
            let help = format!("put the key in quotes: `\"{}\"`", text.escape_default());
            self.problems.report(at, Diagnostic::new(Code::KeyInvalid, message).help(help));
            return self.add(Node { position: at, value: Value::Text(text.to_owned()) }, 0);
        }
        let node = Node { position: at, value };
        self.remember(anchor, &node, cost, 0)?;
        self.add(node, 0)
    }

    /// Resolves a scalar with a tag.
    fn tagged(&mut self, tag: &Tag, text: &str, at: Position) -> Result<Value, &'static str> {
        let name = format!("{}{}", tag.handle, tag.suffix);
        let as_text = Value::Text(text.to_owned());
        let resolved = match name.strip_prefix("tag:yaml.org,2002:") {
            Some("str") => return Ok(as_text),
            Some("int" | "float" | "bool" | "null") => scalar::plain(text)?,
            _ if name == "!" => return Ok(as_text),
            _ => {
                self.unknown_tag(&name, at);
                return Ok(as_text);
            }
        };
        let fits = match (&resolved, tag.suffix.as_str()) {
            (Value::Null, "null") | (Value::Bool(_), "bool") => true,
            (Value::Number(number), "int") => !number.is_f64(),
            (Value::Number(_), "float") => true,
            _ => false,
        };
        if !fits {
            let message = format!("the value does not match its tag `!!{}`", tag.suffix);
            self.problems
                .report(at, Diagnostic::new(Code::TagInvalid, message).help("remove the tag"));
        }
        Ok(resolved)
    }

    /// Accepts only the tag of the collection's own type.
    fn check_tag(&mut self, tag: Option<&Tag>, own: &str, at: Position) {
        let Some(tag) = tag else { return };
        let name = format!("{}{}", tag.handle, tag.suffix);
        if name != "!" && name.strip_prefix("tag:yaml.org,2002:") != Some(own) {
            self.unknown_tag(&name, at);
        }
    }

    fn unknown_tag(&mut self, name: &str, at: Position) {
        let message = format!("unknown YAML tag {}", quoted(name));
        self.problems.report(at, Diagnostic::new(Code::TagUnknown, message).help("remove the tag"));
    }

    fn begin(&mut self, position: Position, anchor: usize, items: Items) -> Result<(), Fatal> {
        if self.expects_key() {
            let kind = if matches!(items, Items::List(_)) { "a list" } else { "a mapping" };
            let message = format!("a key must be text, but is {kind}");
            let help = "put text that starts with `{` or `[` in quotes";
            return Err((position, Diagnostic::new(Code::KeyInvalid, message).help(help)));
        }
        let before = self.cost;
        self.spend(cost_of(""), position)?;
        self.check_depth(self.open.len() + 1, position)?;
        self.open.push(Open { position, anchor, cost: before, height: 1, items });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fatal> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let value = match open.items {
            Items::List(items) => Value::List(items),
            Items::Map { entries, .. } => Value::Map(entries),
        };
        let node = Node { position: open.position, value };
        self.remember(open.anchor, &node, self.cost - open.cost, open.height)?;
        self.add(node, open.height)
    }

    fn alias(&mut self, at: Position, anchor: usize) -> Result<(), Fatal> {
        let size = self.anchors.get(&anchor).map(|anchored| (anchored.cost, anchored.height));
        let Some((cost, height)) = size else {
            let message = "an alias cannot be part of its own value";
            return Err((at, Diagnostic::new(Code::AliasRecursive, message)));
        };
        // Checked before the copy is made, to stop alias bombs.
        self.check_depth(self.open.len() + height, at)?;
        self.spend(cost, at)?;
        let mut node = self.anchors[&anchor].node.clone();
        node.position = at;
        if self.expects_key() && node.as_text().is_none() {
            let message = format!("a key must be text, but the alias is {}", node.kind());
            return Err((at, Diagnostic::new(Code::KeyInvalid, message)));
        }
        self.add(node, height)
    }

    /// Stores a copy of a value that has an anchor; `anchor` is 0 if there is none.
    fn remember(
        &mut self,
        anchor: usize,
        node: &Node,
        cost: usize,
        height: usize,
    ) -> Result<(), Fatal> {
        if anchor > 0 {
            self.spend(cost, node.position)?;
            self.anchors.insert(anchor, Anchored { node: node.clone(), cost, height });
        }
        Ok(())
    }

    /// Adds a complete value of nesting depth `height` to its collection.
    fn add(&mut self, node: Node, height: usize) -> Result<(), Fatal> {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.height = open.height.max(height + 1);
        match &mut open.items {
            Items::List(items) => items.push(node),
            Items::Map { entries, positions, key } => match key.take() {
                None => *key = Some((node.position, text_of(node))),
                Some((position, key)) => match positions.entry(key) {
                    hash_map::Entry::Vacant(slot) => {
                        entries.push(Entry { position, key: slot.key().clone(), value: node });
                        slot.insert(position);
                    }
                    hash_map::Entry::Occupied(slot) => {
                        let line = slot.get().line;
                        let name = quoted(slot.key());
                        let message = format!("duplicate key {name}: already set in line {line}");
                        let problem = Diagnostic::new(Code::KeyDuplicate, message);
                        self.problems.report(position, problem.help("remove one of the two"));
                    }
                },
            },
        }
        Ok(())
    }

    /// Returns whether the next value is a key of a mapping.
    fn expects_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { items: Items::Map { key: None, .. }, .. }))
    }

    fn spend(&mut self, cost: usize, at: Position) -> Result<(), Fatal> {
        self.cost = self.cost.saturating_add(cost);
        if self.cost <= MAX_COST {
            return Ok(());
        }
        let what = self.what;
        let message = format!("{what} contains too many values, counting each use of an alias");
        let help = "remove values, or use fewer aliases";
        Err((at, Diagnostic::new(Code::ValuesTooMany, message).help(help)))
    }

    fn check_depth(&self, depth: usize, at: Position) -> Result<(), Fatal> {
        if depth <= MAX_DEPTH {
            return Ok(());
        }
        Err((at, too_deep()))
    }
}

/// Returns the text of a key. Callers have checked that the key is text.
fn text_of(node: Node) -> String {
    match node.value {
        Value::Text(text) => text,
        _ => String::new(),
    }
}
