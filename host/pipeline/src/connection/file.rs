//! Reads `osiris_connections.yaml`.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Result};
use osiris_core::fs::layout::CONNECTIONS_FILE;
use osiris_core::text::quoted;
use osiris_core::yaml::{self, Diagnostics, Fields, Node, Position, Value};

use super::reference::is_name;
use crate::project::{self, ownership};

/// Every described connection, by family and alias. Holds no value of the environment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Connections {
    /// Path of the file, `None` if the file does not exist.
    pub file: Option<PathBuf>,
    /// The connections by family and alias.
    pub families: BTreeMap<String, BTreeMap<String, Alias>>,
}

/// A connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Alias {
    /// The fields as written, without `default`.
    pub fields: Node,
    /// Whether the connection has `default: true`.
    pub is_default: bool,
    /// Position of the connection in the file.
    pub position: Position,
}

impl Connections {
    /// Reads the file from `$OSIRIS_HOME`, the project directory or its parent, whichever has the
    /// file first. Without a file, there are no connections. Directories above the user's home
    /// are ignored.
    ///
    /// # Errors
    /// Returns an error if the file has any problem or belongs to another user.
    pub fn read(base: &Path) -> Result<Self> {
        let home = env::var_os("OSIRIS_HOME").map(PathBuf::from);
        if let Some(file) =
            home.map(|home| home.join(CONNECTIONS_FILE)).filter(|file| file.exists())
        {
            return Self::read_file(file);
        }
        let above = base.parent().filter(|_| project::home().as_deref() != Some(base));
        let mut folders = std::iter::once(base).chain(above);
        let Some(folder) = folders.find(|folder| folder.join(CONNECTIONS_FILE).exists()) else {
            return Ok(Self::default());
        };
        ownership::check(folder, &[CONNECTIONS_FILE])?;
        Self::read_file(folder.join(CONNECTIONS_FILE))
    }

    fn read_file(file: PathBuf) -> Result<Self> {
        let root = yaml::read(&file)?;
        let mut problems = Diagnostics::new(&file);
        let families = families(&root, &mut problems);
        problems.into_result(())?;
        Ok(Self { file: Some(file), families })
    }
}

type Families = BTreeMap<String, BTreeMap<String, Alias>>;

fn families(root: &Node, problems: &mut Diagnostics<'_>) -> Families {
    let mut families = Families::new();
    let Some(fields) = Fields::of(root, "the connections file", Code::TypeInvalid, problems) else {
        return families;
    };
    fields.only(&["version", "connections"], problems);
    let help = "write `version: 1`";
    if let Some(node) = fields.require("version", Code::KeyMissing, help, problems)
        && node.as_u64() != Some(1)
        && node.as_text() != Some("1.0")
    {
        let problem = Diagnostic::new(
            Code::VersionUnsupported,
            "unsupported version of the connections file: expected `1`",
        );
        problems.report(node.position, problem.help(help));
    }
    let Some(node) = fields.get("connections") else { return families };
    let Some(fields) = Fields::of(node, "`connections`", Code::TypeInvalid, problems) else {
        return families;
    };
    for family in fields.entries() {
        let owner = format!("family {}", quoted(&family.key));
        check_name(&family.key, &owner, family.position, problems);
        let Some(fields) = Fields::of(&family.value, &owner, Code::TypeInvalid, problems) else {
            continue;
        };
        let mut aliases = BTreeMap::new();
        for alias in fields.entries() {
            let owner = format!("connection {}", quoted(&format!("@{}.{}", family.key, alias.key)));
            check_name(&alias.key, &owner, alias.position, problems);
            if let Some(read) = read_alias(alias, &owner, problems) {
                aliases.insert(alias.key.clone(), read);
            }
        }
        if aliases.values().filter(|alias| alias.is_default).count() > 1 {
            let message = format!("{owner} has more than one connection with `default: true`");
            let problem = Diagnostic::new(Code::ConnectionDefaultDuplicate, message);
            problems
                .report(family.position, problem.help("keep `default: true` on one connection"));
        }
        families.insert(family.key.clone(), aliases);
    }
    families
}

fn read_alias(entry: &yaml::Entry, owner: &str, problems: &mut Diagnostics<'_>) -> Option<Alias> {
    let fields = Fields::of(&entry.value, owner, Code::TypeInvalid, problems)?;
    let is_default = fields.get("default").and_then(|node| {
        fields.read("default", node, "true or false", Code::TypeInvalid, Node::as_bool, problems)
    });
    let rest = fields.entries().iter().filter(|entry| entry.key != "default").cloned().collect();
    let fields = Node { position: entry.value.position, value: Value::Map(rest) };
    Some(Alias { fields, is_default: is_default.unwrap_or(false), position: entry.position })
}

fn check_name(name: &str, owner: &str, position: Position, problems: &mut Diagnostics<'_>) {
    if !is_name(name) {
        let message = format!("{owner}: the name must have 1 to 63 letters, digits, `_` and `-`");
        problems.report(
            position,
            Diagnostic::new(Code::NameInvalid, message).help("choose another name"),
        );
    }
}
