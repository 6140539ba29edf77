//! What a driver asks for, in lines that a person can review in `osiris.lock` and
//! that two versions can be compared by.

use std::collections::BTreeSet;

use crate::driver::limits::{Bounds, Limit};
use crate::driver::spec::Spec;
use crate::session::visible;

/// What a driver asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asks {
    /// A line each.
    rights: BTreeSet<String>,
    /// Its own limits; where it has none, it may use what the project gives.
    limits: Bounds,
}

impl Asks {
    /// What a spec says.
    pub fn of(spec: &Spec) -> Self {
        let reads = spec.files.read.iter().map(|pointer| format!("reads files: {pointer}"));
        let writes = spec.files.write.iter().map(|pointer| format!("writes files: {pointer}"));
        let dials = spec.network.iter().map(|endpoint| {
            let port = endpoint.port.as_str().map(str::to_owned);
            let port = port.unwrap_or_else(|| endpoint.port.to_string());
            format!("dials: {} port {port}", endpoint.host)
        });
        let rights = reads.chain(writes).chain(dials).map(|line| visible(&line).into_owned());
        Self { rights: rights.collect(), limits: spec.bounds() }
    }

    /// The same again from [`Self::lines`].
    pub fn from_lines<'l>(lines: impl IntoIterator<Item = &'l str>) -> Self {
        let mut asks = Self::default();
        for line in lines {
            match bound(line) {
                Some((limit, value)) => drop(asks.limits.insert(limit, value)),
                None => drop(asks.rights.insert(line.to_owned())),
            }
        }
        asks
    }

    /// A line each, in a stable order.
    pub fn lines(&self) -> Vec<String> {
        let limits = self.limits.iter().map(|(limit, value)| written(*limit, *value));
        self.rights.iter().cloned().chain(limits).collect()
    }

    /// What it asks for beyond another version: a line each.
    pub fn beyond(&self, other: &Self) -> Vec<String> {
        let limits =
            other.limits.iter().filter_map(|(limit, before)| match self.limits.get(limit) {
                Some(now) if now <= before => None,
                Some(now) => Some(written(*limit, *now)),
                None => Some(format!("limit {}: none of its own", limit.name())),
            });
        self.rights.difference(&other.rights).cloned().chain(limits).collect()
    }
}

/// A limit as a line.
fn written(limit: Limit, value: u64) -> String {
    format!("limit {}: {}", limit.name(), limit.format(value).trim_end_matches(" s"))
}

/// The limit of a line, if it is one.
fn bound(line: &str) -> Option<(Limit, u64)> {
    let (name, value) = line.strip_prefix("limit ")?.split_once(": ")?;
    let limit = Limit::named(name)?;
    Some((limit, limit.parse(value).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(lines: &[&str]) -> Asks {
        Asks::from_lines(lines.iter().copied())
    }

    #[test]
    fn only_what_is_more_is_told() {
        let old = asks(&["reads files: /path", "limit memory: 1GiB", "limit seconds: 60"]);
        for (new, more) in [
            (&["reads files: /path", "limit memory: 1GiB", "limit seconds: 60"][..], &[][..]),
            (&["limit memory: 1024MiB", "limit seconds: 1", "limit cpu: 50%"], &[]),
            (
                &["dials: x port 1", "limit memory: 2GiB", "limit seconds: 60"],
                &["dials: x port 1", "limit memory: 2GiB"],
            ),
            (
                &["limit memory: 1GiB", "writes files: /path"],
                &["writes files: /path", "limit seconds: none of its own"],
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
            "limit memory: 512MiB",
            "limit seconds: 9",
            "limit cpu: 50%",
        ];
        assert_eq!(asks(&lines).lines(), lines);
    }
}
