//! `osiris_connections.yaml`.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use super::reference::is_name;
use crate::problem::{Problem, Result};
use crate::project::{self, ownership};
use crate::wording::quoted;
use crate::yaml::{self, Fields, Node, Position, Problems, Value};

/// The file's name.
pub const FILE: &str = "osiris_connections.yaml";

/// Every connection that is described, by family and alias. Holds no value of
/// the environment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Connections {
    /// The file; none if there is none.
    pub file: Option<PathBuf>,
    /// What it says.
    pub families: BTreeMap<String, BTreeMap<String, Alias>>,
}

/// One connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Alias {
    /// Its fields as they stand there, without `default`.
    pub fields: Node,
    /// Whether it has `default: true`.
    pub is_default: bool,
    /// Where it stands.
    pub position: Position,
}

impl Connections {
    /// Reads the file in `$OSIRIS_HOME`, in the project's folder or in the one
    /// above it, whichever is there first. Without one, there are no connections. What is
    /// above the user's home does not count.
    ///
    /// # Errors
    /// Every problem of the file, and one of another user's.
    pub fn read(base: &Path) -> Result<Self> {
        let home = env::var_os("OSIRIS_HOME").map(PathBuf::from);
        if let Some(file) = home.map(|home| home.join(FILE)).filter(|file| file.exists()) {
            return Self::read_file(file);
        }
        let above = base.parent().filter(|_| project::home().as_deref() != Some(base));
        let mut folders = std::iter::once(base).chain(above);
        let Some(folder) = folders.find(|folder| folder.join(FILE).exists()) else {
            return Ok(Self::default());
        };
        ownership::check(folder, &[FILE])?;
        Self::read_file(folder.join(FILE))
    }

    fn read_file(file: PathBuf) -> Result<Self> {
        let root = yaml::read(&file)?;
        let mut problems = Problems::new(&file);
        let families = families(&root, &mut problems);
        problems.into_result(())?;
        Ok(Self { file: Some(file), families })
    }
}

type Families = BTreeMap<String, BTreeMap<String, Alias>>;

fn families(root: &Node, problems: &mut Problems<'_>) -> Families {
    let mut families = Families::new();
    let Some(fields) = Fields::of(root, "The connections", "invalid_type", problems) else {
        return families;
    };
    fields.only(&["version", "connections"], problems);
    let help = "write 'version: 1'";
    if let Some(node) = fields.require("version", "missing_required_key", help, problems)
        && node.as_u64() != Some(1)
        && node.as_text() != Some("1.0")
    {
        let problem = Problem::new("unsupported_version", "The connections: the only version is 1");
        problems.report(node.position, problem.help(help));
    }
    let Some(node) = fields.get("connections") else { return families };
    let Some(fields) = Fields::of(node, "The connections", "invalid_type", problems) else {
        return families;
    };
    for family in fields.entries() {
        let owner = format!("The family {}", quoted(&family.key));
        check_name(&family.key, &owner, family.position, problems);
        let Some(fields) = Fields::of(&family.value, &owner, "invalid_type", problems) else {
            continue;
        };
        let mut aliases = BTreeMap::new();
        for alias in fields.entries() {
            let owner =
                format!("The connection {}", quoted(&format!("@{}.{}", family.key, alias.key)));
            check_name(&alias.key, &owner, alias.position, problems);
            if let Some(read) = read_alias(alias, &owner, problems) {
                aliases.insert(alias.key.clone(), read);
            }
        }
        if aliases.values().filter(|alias| alias.is_default).count() > 1 {
            let message = format!("{owner} has more than one connection with 'default: true'");
            let problem = Problem::new("duplicate_default", message);
            problems.report(family.position, problem.help("keep it on one of them"));
        }
        families.insert(family.key.clone(), aliases);
    }
    families
}

fn read_alias(entry: &yaml::Entry, owner: &str, problems: &mut Problems<'_>) -> Option<Alias> {
    let fields = Fields::of(&entry.value, owner, "invalid_type", problems)?;
    let is_default = fields.get("default").and_then(|node| {
        fields.read("default", node, "true or false", "invalid_type", Node::as_bool, problems)
    });
    let rest = fields.entries().iter().filter(|entry| entry.key != "default").cloned().collect();
    let fields = Node { position: entry.value.position, value: Value::Map(rest) };
    Some(Alias { fields, is_default: is_default.unwrap_or(false), position: entry.position })
}

fn check_name(name: &str, owner: &str, position: Position, problems: &mut Problems<'_>) {
    if !is_name(name) {
        let message = format!("{owner}: its name is not made of letters, digits, '_' and '-'");
        problems.report(position, Problem::new("invalid_name", message).help("rename it"));
    }
}
