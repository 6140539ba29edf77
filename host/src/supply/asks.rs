//! What a driver asks for, in lines that a person can review in `osiris.lock` and
//! that two versions can be compared by.

use std::collections::BTreeSet;

use crate::driver::spec::Spec;
use crate::session::visible;
use crate::yaml::quantity;

const MEMORY: &str = "memory up to ";
const SECONDS: &str = "seconds up to ";

/// What a driver asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asks {
    /// A line each.
    rights: BTreeSet<String>,
    /// Its own limits; none means as much as the project gives.
    memory: Option<String>,
    seconds: Option<u64>,
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
        Self {
            rights: reads
                .chain(writes)
                .chain(dials)
                .map(|line| visible(&line).into_owned())
                .collect(),
            memory: spec.limits.memory.clone(),
            seconds: spec.limits.seconds,
        }
    }

    /// The same again from [`Self::lines`].
    pub fn from_lines<'l>(lines: impl IntoIterator<Item = &'l str>) -> Self {
        let mut asks = Self::default();
        for line in lines {
            let seconds = line.strip_prefix(SECONDS).and_then(|number| number.parse().ok());
            if let Some(seconds) = seconds {
                asks.seconds = Some(seconds);
            } else if let Some(memory) = line.strip_prefix(MEMORY) {
                asks.memory = Some(memory.to_owned());
            } else {
                asks.rights.insert(line.to_owned());
            }
        }
        asks
    }

    /// A line each, in a stable order.
    pub fn lines(&self) -> Vec<String> {
        let memory = self.memory.iter().map(|memory| format!("{MEMORY}{memory}"));
        let seconds = self.seconds.iter().map(|seconds| format!("{SECONDS}{seconds}"));
        self.rights.iter().cloned().chain(memory).chain(seconds).collect()
    }

    /// What it asks for beyond another version: a line each.
    pub fn beyond(&self, other: &Self) -> Vec<String> {
        let mut more: Vec<String> = self.rights.difference(&other.rights).cloned().collect();
        let bytes = |asks: &Self| asks.memory.as_deref().and_then(quantity::bytes);
        if exceeds(bytes(self), bytes(other)) {
            let now = self.memory.as_deref().unwrap_or("whatever the project gives");
            more.push(format!("{MEMORY}{now}"));
        }
        if exceeds(self.seconds, other.seconds) {
            let now = self.seconds.map(|seconds| seconds.to_string());
            more.push(format!(
                "{SECONDS}{}",
                now.as_deref().unwrap_or("whatever the project gives")
            ));
        }
        more
    }
}

/// Whether a limit leaves more than another; none leaves the most.
fn exceeds(limit: Option<u64>, other: Option<u64>) -> bool {
    match (limit, other) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(limit), Some(other)) => limit > other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(lines: &[&str]) -> Asks {
        Asks::from_lines(lines.iter().copied())
    }

    #[test]
    fn only_what_is_more_is_told() {
        let old = asks(&["reads files: /path", "memory up to 1GiB", "seconds up to 60"]);
        for (new, more) in [
            (&["reads files: /path", "memory up to 1GiB", "seconds up to 60"][..], &[][..]),
            (&["memory up to 1024MiB", "seconds up to 1"], &[]),
            (
                &["dials: x port 1", "memory up to 2GiB", "seconds up to 60"],
                &["dials: x port 1", "memory up to 2GiB"],
            ),
            (
                &["memory up to 1GiB", "writes files: /path"],
                &["writes files: /path", "seconds up to whatever the project gives"],
            ),
        ] {
            assert_eq!(asks(new).beyond(&old), more, "{new:?}");
        }
        assert!(old.beyond(&asks(&["reads files: /path"])).is_empty());
    }

    #[test]
    fn lines_are_read_as_they_are_written() {
        let lines =
            ["dials: h port 1", "reads files: /a", "memory up to 512MiB", "seconds up to 9"];
        assert_eq!(asks(&lines).lines(), lines);
    }
}
