//! What a driver asks for: in words, and in the lines of `osiris.lock`, that a
//! person can review and that two versions can be compared by.

use std::collections::BTreeSet;
use std::fmt;

use crate::driver::limits::{Bounds, Limit};
use crate::driver::spec::{Endpoint, Spec};
use crate::session::visible;

/// Something that a driver asks for. Fields of its configuration are JSON pointers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ask {
    /// To dial a host and a port, each a literal or a field.
    Dial(String, String),
    /// To read what a field names.
    Read(String),
    /// To write what a field names.
    Write(String),
}

impl Ask {
    /// As `osiris.lock` has it.
    fn line(&self) -> String {
        let line = match self {
            Self::Dial(host, port) => format!("dials: {host} port {port}"),
            Self::Read(pointer) => format!("reads files: {pointer}"),
            Self::Write(pointer) => format!("writes files: {pointer}"),
        };
        visible(&line).into_owned()
    }
}

/// In words that follow `may` or `asks to`.
impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dial(host, port) => write!(f, "dial {} port {}", part(host), part(port)),
            Self::Read(pointer) => write!(f, "read {}", named(pointer)),
            Self::Write(pointer) => {
                write!(f, "read and write {}, and what it makes beside it", named(pointer))
            }
        }
    }
}

fn named(pointer: &str) -> String {
    format!("the file or folder that {} names", part(pointer))
}

/// A literal, or a field like `` `resolved_connection/host` ``; on one line, and safe to show.
pub(super) fn part(text: &str) -> String {
    let text = visible(text);
    text.strip_prefix('/').map_or_else(|| text.to_string(), |field| format!("`{field}`"))
}

/// All that a driver asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asks {
    /// What it wants to touch.
    pub(super) rights: BTreeSet<Ask>,
    /// Its own limits; where it has none, it may use what the project gives.
    limits: Bounds,
}

impl Asks {
    /// What a spec says.
    pub fn of(spec: &Spec) -> Self {
        let reads = spec.files.read.iter().cloned().map(Ask::Read);
        let writes = spec.files.write.iter().cloned().map(Ask::Write);
        let dials = spec.network.iter().map(|Endpoint { host, port }| {
            let port = port.as_str().map_or_else(|| port.to_string(), str::to_owned);
            Ask::Dial(host.clone(), port)
        });
        Self { rights: reads.chain(writes).chain(dials).collect(), limits: spec.bounds() }
    }

    /// The same again from [`Self::lines`]; none if one of them is no such line.
    pub fn from_lines<'l>(lines: impl IntoIterator<Item = &'l str>) -> Option<Self> {
        let mut asks = Self::default();
        for line in lines {
            let ask = match line.split_once(": ")? {
                ("dials", address) => {
                    let (host, port) = address.rsplit_once(" port ")?;
                    Ask::Dial(host.to_owned(), port.to_owned())
                }
                ("reads files", pointer) => Ask::Read(pointer.to_owned()),
                ("writes files", pointer) => Ask::Write(pointer.to_owned()),
                (limit, value) => {
                    let limit = Limit::named(limit.strip_prefix("limit ")?)?;
                    asks.limits.insert(limit, limit.parse(value).ok()?);
                    continue;
                }
            };
            asks.rights.insert(ask);
        }
        Some(asks)
    }

    /// A line each, in a stable order.
    pub fn lines(&self) -> Vec<String> {
        let limits = self.limits.iter().map(|(limit, value)| written(*limit, *value));
        self.rights.iter().map(Ask::line).chain(limits).collect()
    }

    /// What it wants to touch that another version did not.
    pub fn rights_beyond(&self, other: &Self) -> Vec<&Ask> {
        // What was read from a line can only be compared as one.
        let had: BTreeSet<String> = other.rights.iter().map(Ask::line).collect();
        self.rights.iter().filter(|ask| !had.contains(&ask.line())).collect()
    }

    /// What it asks for beyond another version, in words.
    pub fn beyond(&self, other: &Self) -> Vec<String> {
        let limits =
            other.limits.iter().filter_map(|(limit, before)| match self.limits.get(limit) {
                Some(now) if now <= before => None,
                Some(now) => Some(written(*limit, *now)),
                None => Some(format!("limit {}: none of its own", limit.name())),
            });
        self.rights_beyond(other).iter().map(ToString::to_string).chain(limits).collect()
    }
}

/// A limit as a line.
fn written(limit: Limit, value: u64) -> String {
    format!("limit {}: {}", limit.name(), limit.format(value).trim_end_matches(" s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(lines: &[&str]) -> Asks {
        Asks::from_lines(lines.iter().copied()).unwrap()
    }

    #[test]
    fn only_what_is_more_is_told() {
        let old = asks(&["reads files: /path", "limit memory: 1GiB", "limit seconds: 60"]);
        for (new, more) in [
            (&["reads files: /path", "limit memory: 1GiB", "limit seconds: 60"][..], &[][..]),
            (&["limit memory: 1024MiB", "limit seconds: 1", "limit cpu: 50%"], &[]),
            (
                &["dials: x port 1", "limit memory: 2GiB", "limit seconds: 60"],
                &["dial x port 1", "limit memory: 2GiB"],
            ),
            (
                &["limit memory: 1GiB", "reads files: /a/b"],
                &["read the file or folder that `a/b` names", "limit seconds: none of its own"],
            ),
        ] {
            assert_eq!(asks(new).beyond(&old), more, "{new:?}");
        }
        assert!(old.beyond(&asks(&["reads files: /path"])).is_empty());
    }

    #[test]
    fn lines_are_read_as_they_are_written() {
        let lines = [
            "dials: h port 1",
            "reads files: /a",
            "writes files: /a",
            "limit memory: 512MiB",
            "limit seconds: 9",
            "limit cpu: 50%",
        ];
        assert_eq!(asks(&lines).lines(), lines);
        for other in ["reads: /a", "dials: h", "limit color: 1", "limit memory: lots", ""] {
            assert_eq!(Asks::from_lines([other]), None, "{other}");
        }
    }

    #[test]
    fn a_hostile_ask_stays_on_its_line_and_is_the_same_again() {
        let dial = Ask::Dial("a\nb port c".to_owned(), "/d port e".to_owned());
        let asks = Asks { rights: [dial].into(), ..Asks::default() };
        let lines = asks.lines();
        assert_eq!(lines, [r"dials: a\nb port c port /d port e"]);
        let again = Asks::from_lines(lines.iter().map(String::as_str)).unwrap();
        assert_eq!((asks.beyond(&again), again.beyond(&asks)), (Vec::new(), Vec::new()));
        assert_eq!(asks.beyond(&Asks::default()), [r"dial a\nb port c port `d port e`"]);
    }
}
