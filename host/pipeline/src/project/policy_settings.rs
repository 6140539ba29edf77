//! `drivers` in `osiris.yaml`: the allowed drivers, their permission ceilings, and the indexes that
//! list drivers.

use std::collections::BTreeMap;
use std::path::Path;

use osiris_core::code::Code;
use osiris_core::diagnostic::Diagnostic;
use osiris_core::text::{closest_match, join_or, quoted};
use osiris_core::yaml::{Diagnostics, Entry, Fields, Node, Position, Value};
use osiris_registry::Source;
use osiris_registry::index::IndexSource;
use osiris_registry::trust::{
    Ceilings, FileCeiling, HostPort, Pattern, Pin, Policy, PublicKey, Rule,
};

const POLICY: [&str; 7] =
    ["require_signature", "keys", "allow", "deny", "pins", "ceilings", "indexes"];
const INDEX: [&str; 2] = ["source", "key"];
const CEILINGS: [&str; 2] = ["network", "files"];
const OWNER: &str = "`drivers`";
const INVALID: Code = Code::PolicyInvalid;

pub(super) fn policy(node: &Node, file: &Path, problems: &mut Diagnostics<'_>) -> Policy {
    let Some(fields) = Fields::of(node, OWNER, Code::TypeInvalid, problems) else {
        return Policy::default();
    };
    fields.only(&POLICY, problems);
    let require_signature = fields.get("require_signature").and_then(|node| {
        let expected = "true or false";
        let read = Node::as_bool;
        fields
            .read("require_signature", node, expected, Code::TypeInvalid, read, problems)
            .filter(|required| *required)
            .map(|_| node.position)
    });
    let keys = fields.get("keys").map(|node| keys(node, problems)).unwrap_or_default();
    let allow = fields.get("allow").map(|node| {
        let rules = rules(node, "allow", problems);
        (node.position, rules.into_iter().map(|rule| rule.pattern).collect())
    });
    let deny = fields.get("deny").map(|node| rules(node, "deny", problems)).unwrap_or_default();
    let pins = fields.get("pins").map(|node| pins(node, &keys, problems)).unwrap_or_default();
    let ceilings = fields.get("ceilings").map(|node| ceilings(node, problems));
    Policy {
        file: file.to_owned(),
        require_signature,
        keys,
        allow,
        deny,
        pins,
        ceilings: ceilings.unwrap_or_default(),
    }
}

/// Reads the indexes of drivers. Their sources are relative to the folder of `file`.
pub(super) fn indexes(
    drivers: &Node,
    keys: &BTreeMap<String, PublicKey>,
    file: &Path,
    problems: &mut Diagnostics<'_>,
) -> BTreeMap<String, IndexSource> {
    let node = drivers.entry("indexes").map(|entry| &entry.value);
    let Some(node) = node.filter(|node| node.value != Value::Null) else {
        return BTreeMap::new();
    };
    let owner = "`drivers.indexes`";
    let Some(fields) = Fields::of(node, owner, Code::TypeInvalid, problems) else {
        return BTreeMap::new();
    };
    let folder = file.parent().unwrap_or(Path::new(""));
    let read = |entry: &Entry| {
        let owner = format!("index {}", quoted(&entry.key));
        let fields = Fields::of(&entry.value, owner, Code::TypeInvalid, problems)?;
        fields.only(&INDEX, problems);
        let help = "write `source: https://HOST/drivers.json`, `oci://REGISTRY/NAME` or a path";
        let source = fields.require("source", Code::KeyMissing, help, problems);
        let source = source.and_then(|node| index_source(node, folder, problems));
        let help = "write the public key of the index, or its name in `drivers.keys`";
        let key = fields.require("key", Code::KeyMissing, help, problems);
        let key = key.and_then(|node| index_key(node, keys, problems));
        Some((entry.key.clone(), IndexSource { source: source?, key: key? }))
    };
    fields.entries().iter().filter_map(read).collect()
}

fn index_source(node: &Node, folder: &Path, problems: &mut Diagnostics<'_>) -> Option<Source> {
    let Some(text) = node.as_text() else {
        let message = format!("{OWNER}: `source` must be text, but is {}", node.kind());
        problems.report(node.position, Diagnostic::new(Code::TypeInvalid, message));
        return None;
    };
    let invalid = match Source::parse(text, folder) {
        Ok(Source::BuiltIn(_)) => {
            Diagnostic::new(Code::SourceInvalid, format!("{} is not an index", quoted(text)))
        }
        Ok(source) => return Some(source),
        Err(error) => error.into_first(),
    };
    problems.report(node.position, invalid);
    None
}

/// Returns the key of an index: one of the project's keys, or a key that only signs this index.
fn index_key(
    node: &Node,
    keys: &BTreeMap<String, PublicKey>,
    problems: &mut Diagnostics<'_>,
) -> Option<PublicKey> {
    let name = node.as_text().filter(|text| !text.contains(':'));
    let Some(name) = name else { return parsed(node, "key", problems) };
    let key = keys.get(name);
    if key.is_none() {
        let message = format!("{OWNER}: no key {} in `drivers.keys`", quoted(name));
        let help = match closest_match(name, keys.keys().map(String::as_str)) {
            Some(suggestion) => format!("did you mean `{suggestion}`?"),
            None => "write the public key of the index, `osiris-key:...`".to_owned(),
        };
        problems.report(node.position, Diagnostic::new(INVALID, message).help(help));
    }
    key.copied()
}

fn keys(node: &Node, problems: &mut Diagnostics<'_>) -> BTreeMap<String, PublicKey> {
    let owner = "`drivers.keys`";
    let Some(fields) = Fields::of(node, owner, Code::TypeInvalid, problems) else {
        return BTreeMap::new();
    };
    let mut keys: BTreeMap<String, PublicKey> = BTreeMap::new();
    for entry in fields.entries() {
        let Some(key) = parsed::<PublicKey>(&entry.value, &entry.key, problems) else { continue };
        if let Some((other, _)) = keys.iter().find(|(_, existing)| **existing == key) {
            let message =
                format!("{OWNER}: {} and {} are the same key", quoted(other), quoted(&entry.key));
            problems.report(
                entry.position,
                Diagnostic::new(INVALID, message).help("remove one of the names"),
            );
            continue;
        }
        keys.insert(entry.key.clone(), key);
    }
    keys
}

fn rules(node: &Node, key: &str, problems: &mut Diagnostics<'_>) -> Vec<Rule> {
    let Some(items) = node.as_list() else {
        let message = format!("{OWNER}: `{key}` must be a list, but is {}", node.kind());
        let help = format!("write a list like `{key}: [\"acme.*\"]`");
        problems.report(node.position, Diagnostic::new(Code::TypeInvalid, message).help(help));
        return Vec::new();
    };
    let rule = |item: &Node| {
        let pattern = parsed(item, key, problems)?;
        Some(Rule { pattern, position: item.position })
    };
    items.iter().filter_map(rule).collect()
}

fn pins(
    node: &Node,
    keys: &BTreeMap<String, PublicKey>,
    problems: &mut Diagnostics<'_>,
) -> Vec<Pin> {
    let owner = "`drivers.pins`";
    let Some(fields) = Fields::of(node, owner, Code::TypeInvalid, problems) else {
        return Vec::new();
    };
    let mut pins = Vec::new();
    for entry in fields.entries() {
        let pattern = pattern_of(&entry.key, entry.position, problems);
        let key = entry.value.as_text().filter(|name| keys.contains_key(*name));
        if key.is_none() {
            let names: Vec<&String> = keys.keys().collect();
            let message =
                format!("{OWNER}: the pin of {} must be the name of a key", quoted(&entry.key));
            let help = match names.is_empty() {
                true => "add the key first: `keys: {acme: \"osiris-key:...\"}`".to_owned(),
                false => format!("expected {}", join_or(&names)),
            };
            problems.report(entry.value.position, Diagnostic::new(INVALID, message).help(help));
        }
        if let (Some(pattern), Some(key)) = (pattern, key) {
            let rule = Rule { pattern, position: entry.position };
            pins.push(Pin { rule, key: key.to_owned() });
        }
    }
    pins
}

fn ceilings(node: &Node, problems: &mut Diagnostics<'_>) -> Ceilings {
    let owner = "`drivers.ceilings`";
    let Some(fields) = Fields::of(node, owner, Code::TypeInvalid, problems) else {
        return Ceilings::default();
    };
    fields.only(&CEILINGS, problems);
    let files = fields.get("files").and_then(|node| {
        let text = node.as_text();
        let ceiling = FileCeiling::NAMES.into_iter().find(|(name, _)| text == Some(*name));
        if ceiling.is_none() {
            let message = format!("{}: `files` must be `none`, `read` or `write`", fields.owner());
            problems.report(node.position, Diagnostic::new(INVALID, message));
        }
        ceiling.map(|(_, ceiling)| (node.position, ceiling))
    });
    let network = fields.get("network").and_then(|node| match &node.value {
        Value::Bool(false) => Some((node.position, Vec::new())),
        Value::List(items) => {
            let allowed =
                items.iter().filter_map(|item| parsed::<HostPort>(item, "network", problems));
            Some((node.position, allowed.collect()))
        }
        _ => {
            let message = format!(
                "{}: `network` must be `false` or a list, but is {}",
                fields.owner(),
                node.kind()
            );
            let help = "write a list like `network: [\"db.example:5432\"]`";
            problems.report(node.position, Diagnostic::new(Code::TypeInvalid, message).help(help));
            None
        }
    });
    Ceilings { network, files }
}

/// Parses the text of a node. Returns `None` after a reported problem if the text is invalid.
fn parsed<T: std::str::FromStr<Err = String>>(
    node: &Node,
    key: &str,
    problems: &mut Diagnostics<'_>,
) -> Option<T> {
    let Some(text) = node.as_text() else {
        let message = format!("{OWNER}: {} must be text, but is {}", quoted(key), node.kind());
        let problem = Diagnostic::new(Code::TypeInvalid, message).help("put the value in quotes");
        problems.report(node.position, problem);
        return None;
    };
    let read = text.parse::<T>();
    read.map_err(|help| unreadable(text, node.position, help, problems)).ok()
}

fn pattern_of(text: &str, position: Position, problems: &mut Diagnostics<'_>) -> Option<Pattern> {
    text.parse().map_err(|help| unreadable(text, position, help, problems)).ok()
}

fn unreadable(text: &str, position: Position, help: String, problems: &mut Diagnostics<'_>) {
    // Hides a private key that was entered here by mistake.
    let shown = match text.starts_with("osiris-secret-key:") {
        true => "`osiris-secret-key:…`".to_owned(),
        false => quoted(text),
    };
    let message = format!("{OWNER}: cannot parse {shown}");
    problems.report(position, Diagnostic::new(INVALID, message).help(help));
}
