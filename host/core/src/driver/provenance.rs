//! Provenance of values that grant permissions: paths, hosts and ports.
//!
//! A configuration is passed on as its user wrote it, without the defaults of the driver's author,
//! from the compiler to the call, both locally and in a sandbox. So every value in it that grants a
//! permission is the user's, never the author's or a worker's. The author's defaults are added
//! where the driver gets the configuration, and grant only a port of a host that the user named.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::spec::Spec;
use crate::schema::defaults_at;

/// Origin of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Provenance {
    /// The user: in the pipeline, its profile, or a parameter.
    User,
    /// The project: in its connections file.
    Project,
    /// An environment variable, exported or in `.env`, that a connection refers to.
    Environment,
    /// The author of the driver: a literal of the spec, or a default of the schema.
    Author,
}

impl Provenance {
    /// Returns whether a value of this origin may grant access to the user's files and hosts. An
    /// author's value never does.
    pub fn opens(self) -> bool {
        self != Self::Author
    }
}

/// Formats the origin as a phrase that follows `set by`.
impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "the pipeline",
            Self::Project => "the connection",
            Self::Environment => "a variable of the connection",
            Self::Author => "the driver's author",
        })
    }
}

/// Origins of the parts of a configuration, by JSON pointer. A part without an entry was set by the
/// user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins(BTreeMap<String, Provenance>);

impl Origins {
    /// Records the origin of the value at a pointer, including everything below.
    pub fn set(&mut self, pointer: impl Into<String>, by: Provenance) {
        self.0.insert(pointer.into(), by);
    }

    /// Returns the origin of the value at a pointer.
    pub fn of(&self, pointer: &str) -> Provenance {
        let mut part = pointer;
        loop {
            if let Some(by) = self.0.get(part) {
                return *by;
            }
            match part.rsplit_once('/') {
                Some((around, _)) => part = around,
                None => return Provenance::User,
            }
        }
    }
}

/// A path that a call may open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathGrant {
    /// The path, relative to the base path.
    pub path: String,
    /// Origin of the path.
    pub origin: Provenance,
}

/// Returns the path at a pointer in a configuration, which is as its user wrote it. Returns `None`
/// if there is no text at the pointer.
pub fn path_grant(config: &Value, pointer: &str, origins: &Origins) -> Option<PathGrant> {
    let path = config.pointer(pointer)?.as_str()?.to_owned();
    Some(PathGrant { path, origin: origins.of(pointer) })
}

/// A field that would have the author's value if the user left it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unset {
    /// JSON pointer to the field.
    pub pointer: String,
    /// The author's default.
    pub default: String,
    /// Whether the field names a host to connect to, rather than a file.
    pub is_host: bool,
}

/// Returns the fields that name files and hosts and that only the author has set. `config` is as
/// the user wrote it, and `filled` includes the author's defaults.
pub fn unset(spec: &Spec, config: &Value, filled: &Value) -> Vec<Unset> {
    let files = spec.files.read.iter().chain(&spec.files.write).map(|pointer| (pointer, false));
    let hosts = spec.network.iter().map(|endpoint| (&endpoint.host, true));
    let mut found: Vec<Unset> = Vec::new();
    for (pointer, is_host) in files.chain(hosts.filter(|(host, _)| host.starts_with('/'))) {
        // A list as a whole grants nothing, so only texts count.
        let default = filled.pointer(pointer).and_then(Value::as_str);
        if let Some(default) = default
            && config.pointer(pointer).is_none()
            && !found.iter().any(|other| other.pointer == *pointer)
        {
            let (pointer, default) = (pointer.clone(), default.to_owned());
            found.push(Unset { pointer, default, is_host });
        }
    }
    found
}

/// Maximum length of a displayed default, in characters.
const LONGEST: usize = 100;

/// Returns the author's defaults for a field, as display text. Returns `None` if there are none.
pub fn default_of(spec: &Spec, pointer: &str) -> Option<String> {
    let mut shown: Vec<String> = Vec::new();
    for default in defaults_at(&spec.config_schema, pointer) {
        let text = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
        let text = text.chars().take(LONGEST).collect();
        if !default.is_null() && !shown.contains(&text) {
            shown.push(text);
        }
    }
    (!shown.is_empty()).then(|| shown.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Provenance::{Environment, Project, User};

    #[test]
    fn nested_value_inherits_provenance() {
        let mut origins = Origins::default();
        origins.set("/resolved_connection", Project);
        origins.set("/resolved_connection/host", Environment);
        origins.set("/resolved_connection/database", User);
        for (pointer, by) in [
            ("/path", User),
            ("", User),
            ("/resolved_connection", Project),
            ("/resolved_connection/port", Project),
            ("/resolved_connection/tls/ca", Project),
            ("/resolved_connection/host", Environment),
            ("/resolved_connection/hostname", Project),
            ("/resolved_connection/database", User),
            ("/resolved", User),
        ] {
            assert_eq!(origins.of(pointer), by, "{pointer}");
        }
    }
}
