//! A step of a pipeline.

use osiris_core::code::Code;
use osiris_core::contract;
use osiris_core::diagnostic::Diagnostic;
use osiris_core::text::{closest_match, quoted};
use osiris_core::yaml::{Diagnostics, Fields, Node, Position, Value};

use super::Located;

const KEYS: [&str; 5] = ["id", "component", "mode", "needs", "config"];
const MAX_ID: usize = 64;

/// The mode of a step, in the pipeline's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Reads a table from an external source.
    Read,
    /// Computes a table from tables.
    Transform,
    /// Writes one table to an external destination.
    Write,
}

impl Mode {
    /// All modes, in the order of a pipeline.
    pub const ALL: [Self; 3] = [Self::Read, Self::Transform, Self::Write];

    /// Returns the mode's name as written in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Transform => "transform",
            Self::Write => "write",
        }
    }

    /// Returns the mode that a name in the file means. Other tools, and drivers, read by `extract`
    /// and write by `load`.
    fn named(name: &str) -> Option<Self> {
        match name {
            "extract" => Some(Self::Read),
            "load" => Some(Self::Write),
            _ => Self::ALL.into_iter().find(|mode| mode.name() == name),
        }
    }
}

impl From<Mode> for contract::Mode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Read => Self::Extract,
            Mode::Transform => Self::Transform,
            Mode::Write => Self::Write,
        }
    }
}

/// The explicit needs of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// Position of the list.
    pub position: Position,
    /// The step ids, without duplicates.
    pub ids: Vec<Located>,
}

/// A step, as far as it was readable. Missing parts have been reported.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Position of the step.
    pub position: Position,
    /// The step's number in the file, from 0.
    pub index: usize,
    /// The step's id, safe as a file name.
    pub id: Option<Located>,
    /// The driver's name.
    pub component: Option<Located>,
    /// The step's mode and its position.
    pub mode: Option<(Position, Mode)>,
    /// The needed steps. `None` if the file has no `needs`.
    pub needs: Option<Needs>,
    /// The configuration, always a mapping.
    pub config: Node,
    /// Whether the configuration is unreadable or under a misspelled key, which has been reported.
    pub lacks_config: bool,
}

impl Step {
    /// Reads a step. Returns `None` if `node` is not a mapping.
    pub(super) fn read(node: &Node, index: usize, problems: &mut Diagnostics<'_>) -> Option<Self> {
        let id = node.entry("id").and_then(|entry| entry.value.as_text());
        let owner = label(id.filter(|id| is_step_id(id)), index);
        let fields = Fields::of(node, owner, Code::StepTypeInvalid, problems)?;
        check_keys(&fields, problems);
        Some(Self {
            position: node.position,
            index,
            id: read_id(&fields, problems),
            component: read_component(&fields, problems),
            mode: read_mode(&fields, problems),
            needs: read_needs(&fields, problems),
            lacks_config: is_misspelled(&fields, "config")
                || fields.get("config").is_some_and(|node| node.as_map().is_none()),
            config: read_config(&fields, problems),
        })
    }

    /// Returns the name for messages, like `` step `load` ``.
    pub fn label(&self) -> String {
        label(self.id.as_ref().map(|id| id.text.as_str()), self.index)
    }
}

fn label(id: Option<&str>, index: usize) -> String {
    match id {
        Some(id) => format!("step `{id}`"),
        None => format!("step {}", index + 1),
    }
}

/// Returns whether a text is a valid step id: `[A-Za-z0-9][A-Za-z0-9_-]{0,63}`.
pub fn is_step_id(text: &str) -> bool {
    text.len() <= MAX_ID
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// Returns the key that an unknown key probably means. `uses` and `with` are those of GitHub
/// Actions.
fn meant(key: &str) -> Option<&'static str> {
    match key {
        _ if KEYS.contains(&key) => None,
        "driver" | "uses" => Some("component"),
        "with" => Some("config"),
        _ => closest_match(key, KEYS),
    }
}

/// Returns whether an unknown key, which [`check_keys`] reports, stands in the place of `key`.
fn is_misspelled(fields: &Fields<'_>, key: &str) -> bool {
    fields.get(key).is_none() && fields.entries().iter().any(|entry| meant(&entry.key) == Some(key))
}

fn check_keys(fields: &Fields<'_>, problems: &mut Diagnostics<'_>) {
    for entry in fields.entries() {
        let key = entry.key.as_str();
        if KEYS.contains(&key) {
            continue;
        }
        let help = match meant(key) {
            Some("component") => "name the driver with `component`".to_owned(),
            Some("config") if key == "with" => "put the configuration under `config:`".to_owned(),
            Some(suggestion) => format!("did you mean `{suggestion}`?"),
            None => "put the options of the driver under `config:`".to_owned(),
        };
        let message = format!("{}: unknown key {}", fields.owner(), quoted(key));
        problems.report(entry.position, Diagnostic::new(Code::KeyUnknown, message).help(help));
    }
}

/// Reads the text of a required key.
fn text<'n>(
    fields: &Fields<'n>,
    key: &str,
    code: Code,
    help: &str,
    problems: &mut Diagnostics<'_>,
) -> Option<(Position, &'n str)> {
    if is_misspelled(fields, key) {
        return None;
    }
    let node = fields.require(key, Code::StepKeyMissing, help, problems)?;
    let text = fields.read(key, node, "text", code, Node::as_text, problems)?;
    Some((node.position, text))
}

fn read_id(fields: &Fields<'_>, problems: &mut Diagnostics<'_>) -> Option<Located> {
    let help = "write an id like `id: load-orders`";
    let (position, id) = text(fields, "id", Code::IdTypeInvalid, help, problems)?;
    if !is_step_id(id) {
        let message = format!("{}: invalid id {}", fields.owner(), quoted(id));
        let help = format!(
            "use 1 to {MAX_ID} letters, digits, `_` and `-`, and start with a letter or a digit"
        );
        problems.report(position, Diagnostic::new(Code::IdInvalid, message).help(help));
        return None;
    }
    Some(Located { position, text: id.to_owned() })
}

fn read_component(fields: &Fields<'_>, problems: &mut Diagnostics<'_>) -> Option<Located> {
    let help = "name a driver: `component: family.role`";
    let (position, name) = text(fields, "component", Code::ComponentTypeInvalid, help, problems)?;
    Some(Located { position, text: name.to_owned() })
}

fn read_mode(fields: &Fields<'_>, problems: &mut Diagnostics<'_>) -> Option<(Position, Mode)> {
    let help = "write `mode: read`, `mode: transform` or `mode: write`";
    let (position, name) = text(fields, "mode", Code::ModeTypeInvalid, help, problems)?;
    let mode = Mode::named(name);
    if mode.is_none() {
        let message = format!(
            "{}: unknown mode {}, expected `read`, `transform` or `write`",
            fields.owner(),
            quoted(name)
        );
        let help = match closest_match(name, Mode::ALL.map(Mode::name)) {
            Some(suggestion) => format!("did you mean `{suggestion}`?"),
            None => help.to_owned(),
        };
        problems.report(position, Diagnostic::new(Code::ModeInvalid, message).help(help));
    }
    mode.map(|mode| (position, mode))
}

fn read_needs(fields: &Fields<'_>, problems: &mut Diagnostics<'_>) -> Option<Needs> {
    // Not `get`: an empty `needs:` means neither "none" nor "the previous step".
    let node = &fields.entries().iter().find(|entry| entry.key == "needs")?.value;
    let Some(items) = node.as_list() else {
        let message = format!("{}: `needs` must be a list, but is {}", fields.owner(), node.kind());
        let help = match node.as_text() {
            Some(id) => format!("write `needs: [{id}]`"),
            None => "write `needs: [step-id]`, `needs: []` for none, or remove `needs`".to_owned(),
        };
        problems.report(node.position, Diagnostic::new(Code::NeedsTypeInvalid, message).help(help));
        return None;
    };
    let mut ids: Vec<Located> = Vec::new();
    for item in items {
        let Some(id) = item.as_text() else {
            let message = format!(
                "{}: `needs` must be a list of step ids, but contains {}",
                fields.owner(),
                item.kind()
            );
            let problem = Diagnostic::new(Code::DependencyTypeInvalid, message);
            problems.report(item.position, problem.help("write `needs: [step-id]`"));
            continue;
        };
        if ids.iter().any(|other| other.text == id) {
            let message = format!("{}: `needs` lists {} twice", fields.owner(), quoted(id));
            let problem = Diagnostic::new(Code::DependencyDuplicate, message);
            problems.report(item.position, problem.help("remove one of the two"));
            continue;
        }
        ids.push(Located { position: item.position, text: id.to_owned() });
    }
    Some(Needs { position: node.position, ids })
}

fn read_config(fields: &Fields<'_>, problems: &mut Diagnostics<'_>) -> Node {
    let empty = || Node { position: fields.position(), value: Value::Map(Vec::new()) };
    let Some(node) = fields.get("config") else { return empty() };
    let read = |node| Node::as_map(node).map(|_| node);
    let found = fields.read("config", node, "a mapping", Code::ConfigTypeInvalid, read, problems);
    found.cloned().unwrap_or_else(empty)
}
