//! A pipeline file in the format OML 0.1.0.
//!
//! Reading checks everything that needs no driver, and keeps the positions.

mod parameters;
mod step;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use osiris_core::code::Code;
use osiris_core::diagnostic::Diagnostic;
use osiris_core::text::{closest_match, join_or, quoted};
use osiris_core::yaml::{Diagnostics, Fields, Node, Position};

pub use parameters::{Kind, Parameter, Profile, Replacement};
pub use step::{Mode, Needs, Step, is_step_id};

/// The version of the format.
pub const OML_VERSION: &str = "0.1.0";

const KEYS: [&str; 7] =
    ["oml_version", "name", "description", "metadata", "params", "profiles", "steps"];

/// A key of another format.
struct ForeignKey {
    name: &'static str,
    /// The key that replaces it, if there is one.
    replacement: Option<&'static str>,
    help: &'static str,
}

const FOREIGN_KEYS: [ForeignKey; 5] = [
    ForeignKey {
        name: "version",
        replacement: Some("oml_version"),
        help: "write the version of the format as `oml_version: 0.1.0`",
    },
    ForeignKey {
        name: "connectors",
        replacement: None,
        help: "name a driver in each step: `component: family.role`",
    },
    ForeignKey {
        name: "tasks",
        replacement: Some("steps"),
        help: "write the list of steps as `steps:`",
    },
    ForeignKey {
        name: "outputs",
        replacement: None,
        help: "write each output as a step with `mode: write`",
    },
    ForeignKey {
        name: "schedule",
        replacement: None,
        help: "remove the key, and start `osiris run` with cron, systemd or another scheduler",
    },
];

/// Maximum length of a pipeline's name. Longer names make paths that file systems reject.
const MAX_NAME: usize = 100;

/// A text with its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Position in the file.
    pub position: Position,
    /// The text.
    pub text: String,
}

/// A pipeline, as far as the file was readable.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// The whole file.
    pub root: Node,
    /// The pipeline's name; empty if missing.
    pub name: String,
    /// The description for readers.
    pub description: Option<String>,
    /// Free-form data of the author.
    pub metadata: Option<Node>,
    /// The declared parameters.
    pub params: Vec<Parameter>,
    /// Whether the parameters are unreadable or under a misspelled key, which has been reported.
    pub lacks_params: bool,
    /// The declared profiles.
    pub profiles: Vec<Profile>,
    /// The steps in the order of the file.
    pub steps: Vec<Step>,
}

impl Pipeline {
    /// Reads a pipeline. Problems go to `problems`, and possible mistakes to
    /// `warnings`. Returns `None` if the file is not a mapping.
    pub fn read(
        root: Node,
        problems: &mut Diagnostics<'_>,
        warnings: &mut Diagnostics<'_>,
    ) -> Option<Self> {
        let fields = Fields::of(&root, "the pipeline", Code::TypeInvalid, problems)?;
        check_keys(&fields, problems);
        check_version(&fields, problems);
        let name = name(&fields, problems, warnings).unwrap_or_default();
        let description = fields.get("description").and_then(|node| {
            fields.read("description", node, "text", Code::TypeInvalid, Node::as_text, problems)
        });
        let description = description.map(str::to_owned);
        let metadata = fields.get("metadata").filter(|node| {
            let read = Node::as_map;
            fields.read("metadata", node, "a mapping", Code::TypeInvalid, read, problems).is_some()
        });
        let params = parameters::declared(&fields, problems);
        let profiles = parameters::profiles(&fields, &params, problems);
        let steps = steps(&fields, problems);
        let metadata = metadata.cloned();
        let lacks_params = is_misspelled(&fields, "params")
            || fields.get("params").is_some_and(|node| node.as_map().is_none());
        Some(Self { name, description, metadata, params, lacks_params, profiles, steps, root })
    }

    /// Returns the name in the form used in paths.
    pub fn slug(&self) -> String {
        slug(&self.name)
    }
}

/// Converts a name to lower-case words joined by `-`, using only `[a-z0-9-]`.
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for character in name.chars().flat_map(char::to_lowercase) {
        match character {
            'a'..='z' | '0'..='9' => slug.push(character),
            ' ' | '_' | '-' if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// Returns whether a required key is missing because another key stands in its place, which
/// [`check_keys`] reports.
fn is_misspelled(fields: &Fields<'_>, required: &str) -> bool {
    let is_unknown = |key: &str| !KEYS.contains(&key);
    fields.entries().iter().map(|entry| entry.key.as_str()).any(|key| {
        let foreign = FOREIGN_KEYS.iter().find(|foreign| foreign.name == key);
        let meant = match foreign {
            Some(foreign) => foreign.replacement,
            None => closest_match(key, KEYS),
        };
        is_unknown(key) && meant == Some(required)
    })
}

/// Reads a required key. Reports a problem with `help` if the key is missing.
fn require<'n>(
    fields: &Fields<'n>,
    key: &str,
    help: &str,
    problems: &mut Diagnostics<'_>,
) -> Option<&'n Node> {
    let found = fields.get(key);
    if found.is_none() && is_misspelled(fields, key) {
        return None;
    }
    fields.require(key, Code::KeyMissing, help, problems)
}

fn check_keys(fields: &Fields<'_>, problems: &mut Diagnostics<'_>) {
    for entry in fields.entries() {
        let key = entry.key.as_str();
        let foreign = FOREIGN_KEYS.iter().find(|foreign| foreign.name == key);
        let problem = if let Some(ForeignKey { help, .. }) = foreign {
            Diagnostic::new(Code::KeyUnsupported, format!("the pipeline: unsupported key `{key}`"))
                .help(*help)
        } else if KEYS.contains(&key) {
            continue;
        } else {
            let help = match closest_match(key, KEYS) {
                Some(suggestion) => format!("did you mean `{suggestion}`?"),
                None => {
                    format!("expected {}; put other data under `metadata`", join_or(&KEYS))
                }
            };
            Diagnostic::new(Code::KeyUnknown, format!("the pipeline: unknown key {}", quoted(key)))
                .help(help)
        };
        problems.report(entry.position, problem);
    }
}

fn check_version(fields: &Fields<'_>, problems: &mut Diagnostics<'_>) {
    let help = "write `oml_version: 0.1.0`";
    let Some(node) = require(fields, "oml_version", help, problems) else { return };
    match node.as_text() {
        Some(OML_VERSION) => {}
        Some(other) => {
            let message = format!(
                "the pipeline is written for OML {}, but this osiris supports OML {OML_VERSION}",
                quoted(other)
            );
            problems.report(
                node.position,
                Diagnostic::new(Code::VersionUnsupported, message).help(help),
            );
        }
        None => {
            let message =
                format!("the pipeline: `oml_version` must be text, but is {}", node.kind());
            problems.report(
                node.position,
                Diagnostic::new(Code::VersionTypeInvalid, message).help(help),
            );
        }
    }
}

fn name(
    fields: &Fields<'_>,
    problems: &mut Diagnostics<'_>,
    warnings: &mut Diagnostics<'_>,
) -> Option<String> {
    let help = "write a name like `name: orders-to-csv`";
    let node = require(fields, "name", help, problems)?;
    let name = fields.read("name", node, "text", Code::NameTypeInvalid, Node::as_text, problems)?;
    let mut refuse = |code, message: String| {
        problems.report(node.position, Diagnostic::new(code, message).help(help));
    };
    if name.trim().is_empty() {
        refuse(Code::NameEmpty, "the pipeline name is empty".to_owned());
    } else if name.chars().count() > MAX_NAME {
        refuse(
            Code::NameInvalid,
            format!("the pipeline name is longer than {MAX_NAME} characters"),
        );
    } else if slug(name).is_empty() {
        let message = format!(
            "the pipeline name {} cannot name a directory: it has no letter from `a` to `z` and no digit",
            quoted(name)
        );
        refuse(Code::NameInvalid, message);
    } else if name != slug(name) {
        let message =
            format!("the pipeline name {} is not in lower case with hyphens", quoted(name));
        let help = format!("write `name: {}`", slug(name));
        warnings
            .report(node.position, Diagnostic::new(Code::NameUnconventional, message).help(help));
    }
    Some(name.to_owned())
}

fn steps(fields: &Fields<'_>, problems: &mut Diagnostics<'_>) -> Vec<Step> {
    let help = "write `steps:` with one `- id: ...` for each step";
    let Some(node) = require(fields, "steps", help, problems) else { return Vec::new() };
    let read = Node::as_list;
    let Some(items) = fields.read("steps", node, "a list", Code::StepsTypeInvalid, read, problems)
    else {
        return Vec::new();
    };
    if items.is_empty() {
        let message = "the pipeline has no steps";
        problems.report(node.position, Diagnostic::new(Code::StepsEmpty, message).help(help));
    }
    let steps: Vec<Step> = items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| Step::read(item, index, problems))
        .collect();
    check_ids(&steps, problems);
    steps
}

/// Checks that step ids differ ignoring case, because they become names of files and directories.
fn check_ids(steps: &[Step], problems: &mut Diagnostics<'_>) {
    let mut seen: HashMap<String, &Located> = HashMap::new();
    for id in steps.iter().filter_map(|step| step.id.as_ref()) {
        match seen.entry(id.text.to_lowercase()) {
            Entry::Vacant(slot) => {
                slot.insert(id);
            }
            Entry::Occupied(slot) => {
                let first = slot.get();
                let (name, line) = (quoted(&id.text), first.position.line);
                let message = if first.text == id.text {
                    format!("duplicate step id {name}: already used in line {line}")
                } else {
                    format!(
                        "the step id {name} differs only in case from {} in line {line}",
                        quoted(&first.text)
                    )
                };
                let problem =
                    Diagnostic::new(Code::IdDuplicate, message).help("give each step a unique id");
                problems.report(id.position, problem);
            }
        }
    }
}
