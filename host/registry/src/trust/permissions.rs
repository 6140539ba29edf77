//! The permissions that a driver requests, as display text and as reviewable lines in
//! `osiris.lock`, by which two versions can be compared.

use std::collections::BTreeSet;
use std::fmt;

use osiris_core::driver::limits::{Limit, LimitOverrides};
use osiris_core::driver::provenance::default_of;
use osiris_core::driver::spec::{EndpointSpec, Spec};
use osiris_core::sanitize::escape_control;

/// A value that a driver's spec names: a literal, or a field of its configuration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// A literal, or the JSON pointer of the field.
    pub text: String,
    /// The author's default, which applies if the user leaves the field out.
    pub default: Option<String>,
}

/// Prefix and suffix of a default in `osiris.lock`.
const DEFAULT: (&str, &str) = (" (default ", ")");

impl Name {
    fn of(spec: &Spec, text: &str) -> Self {
        let default = text.starts_with('/').then(|| default_of(spec, text)).flatten();
        Self { text: text.to_owned(), default }
    }

    /// Parses a name from a line.
    fn from_line(line: &str) -> Self {
        let parts = line.strip_suffix(DEFAULT.1).and_then(|line| line.split_once(DEFAULT.0));
        let (text, default) = match parts.filter(|(text, _)| text.starts_with('/')) {
            Some((text, default)) => (text, Some(default.to_owned())),
            None => (line, None),
        };
        Self { text: text.to_owned(), default }
    }

    fn line(&self) -> String {
        match &self.default {
            Some(default) => format!("{}{}{default}{}", self.text, DEFAULT.0, DEFAULT.1),
            None => self.text.clone(),
        }
    }

    /// Describes a name whose default grants no access.
    fn closed(&self) -> String {
        match &self.default {
            Some(default) => {
                format!(
                    "{} (its default {} grants no access)",
                    part(&self.text),
                    escape_control(default)
                )
            }
            None => part(&self.text),
        }
    }
}

/// A permission that a driver requests.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Connect to a host and a port.
    Connect(Name, Name),
    /// Read the path that a field names.
    Read(Name),
    /// Write the path that a field names.
    Write(Name),
}

impl Permission {
    /// Formats the permission as in `osiris.lock`.
    fn line(&self) -> String {
        let line = match self {
            Self::Connect(host, port) => format!("dials: {} port {}", host.line(), port.line()),
            Self::Read(name) => format!("reads files: {}", name.line()),
            Self::Write(name) => format!("writes files: {}", name.line()),
        };
        escape_control(&line).into_owned()
    }

    /// Returns the permission without the author's defaults.
    fn without_defaults(&self) -> Self {
        let plain = |name: &Name| Name { default: None, ..name.clone() };
        match self {
            Self::Connect(host, port) => Self::Connect(plain(host), plain(port)),
            Self::Read(name) => Self::Read(plain(name)),
            Self::Write(name) => Self::Write(plain(name)),
        }
    }
}

/// Formats the permission to follow `allow:` or `requests to`.
impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(host, port) => {
                write!(f, "connect to {} port {}", host.closed(), part(&port.text))?;
                match &port.default {
                    Some(default) => write!(f, " or {}", escape_control(default)),
                    None => Ok(()),
                }
            }
            Self::Read(name) => write!(f, "read {}", named(name)),
            Self::Write(name) => {
                write!(
                    f,
                    "read and write {}, and files that the driver creates next to it",
                    named(name)
                )
            }
        }
    }
}

fn named(name: &Name) -> String {
    format!("the file or directory that {} names", name.closed())
}

/// Formats a literal, or a field like `` `resolved_connection/host` ``, on one line and safe to
/// print.
pub(super) fn part(text: &str) -> String {
    let text = escape_control(text);
    text.strip_prefix('/').map_or_else(|| text.to_string(), |field| format!("`{field}`"))
}

/// All permissions that a driver requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestedPermissions {
    /// The requested permissions.
    pub(super) permissions: BTreeSet<Permission>,
    /// The driver's own limits; for any other limit, the project's value applies.
    limits: LimitOverrides,
}

impl RequestedPermissions {
    /// Collects the requests of a spec.
    pub fn of(spec: &Spec) -> Self {
        let name = |text: &String| Name::of(spec, text);
        let reads = spec.files.read.iter().map(name).map(Permission::Read);
        let writes = spec.files.write.iter().map(name).map(Permission::Write);
        let dials = spec.network.iter().map(|EndpointSpec { host, port }| {
            let port = port.as_str().map_or_else(|| port.to_string(), str::to_owned);
            Permission::Connect(name(host), name(&port))
        });
        Self { permissions: reads.chain(writes).chain(dials).collect(), limits: spec.bounds() }
    }

    /// Parses [`Self::lines`]. Returns `None` if any line is invalid.
    pub fn from_lines<'l>(lines: impl IntoIterator<Item = &'l str>) -> Option<Self> {
        let mut requested = Self::default();
        for line in lines {
            let permission = match line.split_once(": ")? {
                ("dials", address) => {
                    let (host, port) = address.rsplit_once(" port ")?;
                    Permission::Connect(Name::from_line(host), Name::from_line(port))
                }
                ("reads files", name) => Permission::Read(Name::from_line(name)),
                ("writes files", name) => Permission::Write(Name::from_line(name)),
                (limit, value) => {
                    let limit = Limit::named(limit.strip_prefix("limit ")?)?;
                    requested.limits.insert(limit, limit.parse(value).ok()?);
                    continue;
                }
            };
            requested.permissions.insert(permission);
        }
        Some(requested)
    }

    /// Returns the requests without the authors' defaults, as older lockfiles recorded them.
    #[must_use]
    pub fn without_defaults(&self) -> Self {
        let permissions = self.permissions.iter().map(Permission::without_defaults).collect();
        Self { permissions, limits: self.limits.clone() }
    }

    /// Formats one line per request, in a stable order.
    pub fn lines(&self) -> Vec<String> {
        let limits = self.limits.iter().map(|(limit, value)| written(*limit, *value));
        self.permissions.iter().map(Permission::line).chain(limits).collect()
    }

    /// Returns the permissions that the other version did not request.
    pub fn permissions_added_since(&self, other: &Self) -> Vec<&Permission> {
        // A request parsed from a line can only be compared by its line.
        let other_lines: BTreeSet<String> =
            other.permissions.iter().map(Permission::line).collect();
        self.permissions
            .iter()
            .filter(|permission| !other_lines.contains(&permission.line()))
            .collect()
    }

    /// Describes everything requested beyond another version.
    pub fn added_since(&self, other: &Self) -> Vec<String> {
        let limits =
            other.limits.iter().filter_map(|(limit, before)| match self.limits.get(limit) {
                Some(now) if now <= before => None,
                Some(now) => Some(written(*limit, *now)),
                None => Some(format!("limit {}: not set", limit.name())),
            });
        self.permissions_added_since(other).iter().map(ToString::to_string).chain(limits).collect()
    }
}

/// Formats a limit as a line.
fn written(limit: Limit, value: u64) -> String {
    format!("limit {}: {}", limit.name(), limit.format(value).trim_end_matches(" s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requested(lines: &[&str]) -> RequestedPermissions {
        RequestedPermissions::from_lines(lines.iter().copied()).unwrap()
    }

    #[test]
    fn added_permissions_are_reported_and_reduced_ones_not() {
        let old = requested(&["reads files: /path", "limit memory: 1GiB", "limit seconds: 60"]);
        for (new, more) in [
            (&["reads files: /path", "limit memory: 1GiB", "limit seconds: 60"][..], &[][..]),
            (&["limit memory: 1024MiB", "limit seconds: 1", "limit cpu: 50%"], &[]),
            (
                &["dials: x port 1", "limit memory: 2GiB", "limit seconds: 60"],
                &["connect to x port 1", "limit memory: 2GiB"],
            ),
            (
                &["limit memory: 1GiB", "reads files: /a/b"],
                &["read the file or directory that `a/b` names", "limit seconds: not set"],
            ),
        ] {
            assert_eq!(requested(new).added_since(&old), more, "{new:?}");
        }
        assert!(old.added_since(&requested(&["reads files: /path"])).is_empty());
    }

    #[test]
    fn permission_lines_parse_and_print_unchanged() {
        let lines = [
            "dials: /h port /p (default 3306)",
            "dials: h port 1",
            "reads files: /a",
            "writes files: /a (default (a) or b)",
            "limit memory: 512MiB",
            "limit seconds: 9",
            "limit cpu: 50%",
        ];
        assert_eq!(requested(&lines).lines(), lines);
        for other in ["reads: /a", "dials: h", "limit color: 1", "limit memory: lots", ""] {
            assert_eq!(RequestedPermissions::from_lines([other]), None, "{other}");
        }
    }

    #[test]
    fn changed_default_counts_as_an_added_permission() {
        let old = requested(&["dials: /h port /p (default 1)", "reads files: /a"]);
        for (new, more) in [
            (&["dials: /h port /p (default 1)", "reads files: /a"][..], &[][..]),
            (&["dials: /h port /p (default 2)"], &["connect to `h` port `p` or 2"]),
            (
                &["dials: /h (default x) port /p (default 1)"],
                &["connect to `h` (its default x grants no access) port `p` or 1"],
            ),
            (
                &["reads files: /a (default .)"],
                &["read the file or directory that `a` (its default . grants no access) names"],
            ),
        ] {
            assert_eq!(requested(new).added_since(&old), more, "{new:?}");
        }
        assert_eq!(old.without_defaults(), requested(&["dials: /h port /p", "reads files: /a"]));
    }

    #[test]
    fn permission_with_newline_is_escaped_and_reads_back() {
        let name = |text: &str| Name { text: text.to_owned(), default: None };
        let dial = Permission::Connect(name("a\nb port c"), name("/d port e"));
        let requested =
            RequestedPermissions { permissions: [dial].into(), ..RequestedPermissions::default() };
        let lines = requested.lines();
        assert_eq!(lines, [r"dials: a\nb port c port /d port e"]);
        let again = RequestedPermissions::from_lines(lines.iter().map(String::as_str)).unwrap();
        assert_eq!(
            (requested.added_since(&again), again.added_since(&requested)),
            (Vec::new(), Vec::new())
        );
        assert_eq!(
            requested.added_since(&RequestedPermissions::default()),
            [r"connect to a\nb port c port `d port e`"]
        );
    }
}
