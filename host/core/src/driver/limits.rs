//! Limits of one call into a driver, and of all calls of a run together.
//!
//! Every limit can be set by the project (`limits` in `osiris.yaml`), by a command
//! (`--limit NAME=VALUE`) and by the driver's own spec (`limits`). The tightest value wins. A spec
//! can tighten a default, but never raise one, and cannot set the limits that all steps of a run
//! share.

use std::collections::BTreeMap;
use std::fmt;

use bytesize::ByteSize;
use serde::{Deserialize, Serialize};

use crate::budget::{Budget, Budgets, Exceeded};

/// A limited resource. Serialized as the name that sets the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Bytes of linear memory, over all memories of the driver. 2 GiB.
    Memory,
    /// Seconds that one step can run, without its waits for other steps. 86,400, which is a day.
    Seconds,
    /// Seconds that one step can run without progress, which is a batch that it reads or sends, or
    /// a report of more work done. Its waits for other steps do not count. 600.
    Idle,
    /// Percent of one processor that a step can use. 100.
    Cpu,
    /// Bytes that a step can write to files, and the maximum size of each file. 64 GiB.
    Disk,
    /// Files and directories that a step can create. 10,000.
    Files,
    /// Bytes of log lines, events and metrics of one step. 16 MiB.
    Log,
    /// Bytes of one batch. 64 MiB.
    Batch,
    /// TCP sockets that a driver can have open at the same time. 64.
    Sockets,
    /// Handles of files, sockets, streams and batches that a driver can hold at the same time.
    /// 10,000.
    Handles,
    /// Elements over all tables of the driver. 1 Mi.
    Elements,
    /// Core instances in the component. 64.
    Instances,
    /// Bytes that the host holds for a step: batches that the step has not dropped, the batch that
    /// it builds, its columns and its new state. 256 MiB.
    Held,
    /// Bytes of memory of all steps of a run: their linear memories, and the memory that the host
    /// holds for the steps and between them. 8 GiB, or `memory` if that is more.
    RunMemory,
    /// Bytes on disk, over all tables of a run, for readers that fell behind. 16 GiB.
    Spill,
    /// Steps of a run that run at the same time. Steps that exchange tables run together, even if
    /// their number exceeds the limit. 10,000.
    Steps,
}

/// Unit of a limit, which determines the text form of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Bytes,
    Seconds,
    Percent,
    Count,
}

/// Limits set by one origin.
pub type LimitOverrides = BTreeMap<Limit, u64>;

impl Limit {
    /// All limits.
    pub const ALL: [Self; 16] = [
        Self::Memory,
        Self::Seconds,
        Self::Idle,
        Self::Cpu,
        Self::Disk,
        Self::Files,
        Self::Log,
        Self::Batch,
        Self::Sockets,
        Self::Handles,
        Self::Elements,
        Self::Instances,
        Self::Held,
        Self::RunMemory,
        Self::Spill,
        Self::Steps,
    ];

    /// Returns the name that sets the limit.
    pub fn name(self) -> &'static str {
        self.metadata().0
    }

    /// Returns the limit with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|limit| limit.name() == name)
    }

    /// Returns the name, the unit, the default value and the phrase for the resource.
    fn metadata(self) -> (&'static str, Unit, u64, &'static str) {
        match self {
            Self::Memory => ("memory", Unit::Bytes, 2 << 30, "of memory"),
            Self::Seconds => ("seconds", Unit::Seconds, 86_400, ""),
            Self::Idle => ("idle", Unit::Seconds, 600, "without progress"),
            Self::Cpu => ("cpu", Unit::Percent, 100, "of a processor"),
            Self::Disk => ("disk", Unit::Bytes, 64 << 30, "in files"),
            Self::Files => ("files", Unit::Count, 10_000, "files and directories"),
            Self::Log => ("log", Unit::Bytes, 16 << 20, "of log, events and metrics"),
            Self::Batch => ("batch", Unit::Bytes, 64 << 20, "per batch"),
            Self::Sockets => ("sockets", Unit::Count, 64, "open sockets"),
            Self::Handles => ("handles", Unit::Count, 10_000, "handles at the same time"),
            Self::Elements => ("elements", Unit::Count, 1 << 20, "table elements"),
            Self::Instances => ("instances", Unit::Count, 64, "core instances"),
            Self::Held => ("held", Unit::Bytes, 256 << 20, "held by the host for a step"),
            Self::RunMemory => ("run_memory", Unit::Bytes, 8 << 30, "of memory for the whole run"),
            Self::Spill => ("spill", Unit::Bytes, 16 << 30, "of tables on disk for the whole run"),
            Self::Steps => ("steps", Unit::Count, 10_000, "steps at the same time"),
        }
    }

    /// Returns whether all steps of a run share the limit, so that no driver can set it.
    pub fn is_of_run(self) -> bool {
        matches!(self, Self::RunMemory | Self::Spill | Self::Steps)
    }

    /// Parses a value as users write it: `512MiB`, `600`, `50%`.
    ///
    /// # Errors
    /// Returns an error if the value is invalid: its expected form, as the end of a sentence that
    /// begins with the name of the limit.
    pub fn parse(self, text: &str) -> Result<u64, &'static str> {
        let text = text.trim();
        let (value, written) = match self.metadata().1 {
            Unit::Bytes => {
                let bytes = text.parse::<ByteSize>().ok().map(|size| size.as_u64());
                (bytes, "must be a size like `512MiB`")
            }
            Unit::Seconds => (text.parse().ok(), "must be a whole number of seconds, at least 1"),
            Unit::Percent => {
                let percent = text.strip_suffix('%').unwrap_or(text).trim_end().parse().ok();
                (percent.filter(|percent| *percent <= 100), "must be a percentage from 1% to 100%")
            }
            Unit::Count => (text.parse().ok(), "must be a whole number"),
        };
        // A step can work without files or the network, but not without memory.
        let least = match self {
            Self::Disk | Self::Files | Self::Log | Self::Sockets | Self::Spill => 0,
            _ => 1,
        };
        value.filter(|value| *value >= least).ok_or(written)
    }

    /// Formats a value so that [`Limit::parse`] can read it.
    pub fn format(self, value: u64) -> String {
        match self.metadata().1 {
            Unit::Bytes => exact_bytes(value),
            Unit::Seconds => format!("{value} s"),
            Unit::Percent => format!("{value}%"),
            Unit::Count => value.to_string(),
        }
    }
}

/// Origin of a limit's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The default of osiris.
    Default,
    /// `osiris.yaml`.
    Project,
    /// `--limit`.
    Command,
    /// The driver's spec.
    Spec,
}

/// A limit's value and its origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// The value, in the limit's unit.
    pub value: u64,
    /// Origin of the value.
    pub by: Origin,
}

/// All limits of one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Limits(BTreeMap<Limit, Bound>);

impl Default for Limits {
    fn default() -> Self {
        let bound = |limit: Limit| Bound { value: limit.metadata().2, by: Origin::Default };
        Self(Limit::ALL.map(|limit| (limit, bound(limit))).into())
    }
}

impl Limits {
    /// Combines the limits of the project and of the command: the tighter of the two, or the
    /// default if neither sets the limit.
    pub fn new(project: &LimitOverrides, command: &LimitOverrides) -> Self {
        let mut limits = Self::default();
        for (bounds, by) in [(project, Origin::Project), (command, Origin::Command)] {
            for (&limit, &value) in bounds {
                let bound = Bound { value, by };
                let set = limits.0.entry(limit).or_insert(bound);
                if set.by == Origin::Default || value < set.value {
                    *set = bound;
                }
            }
        }
        // A memory limit of a step above the default of the run also raises that default, so that
        // the step can use its memory.
        let (memory, run) = (limits.get(Limit::Memory), limits.bound(Limit::RunMemory));
        if run.by == Origin::Default && run.value < memory {
            limits.0.insert(Limit::RunMemory, Bound { value: memory, ..run });
        }
        limits
    }

    /// Creates unused budgets for the steps of a run to share.
    pub fn budgets(&self) -> Budgets {
        Budgets {
            memory: Budget::new(self.get(Limit::RunMemory)),
            spill: Budget::new(self.get(Limit::Spill)),
        }
    }

    /// Tightens these limits by those of a driver's spec.
    pub fn clamped_by(mut self, spec: &LimitOverrides) -> Self {
        for (&limit, &value) in spec {
            if value < self.get(limit) && !limit.is_of_run() {
                self.0.insert(limit, Bound { value, by: Origin::Spec });
            }
        }
        self
    }

    /// Returns a limit's value, in its unit.
    pub fn get(&self, limit: Limit) -> u64 {
        self.bound(limit).value
    }

    /// Returns a limit's value and origin.
    pub fn bound(&self, limit: Limit) -> Bound {
        let own = Bound { value: limit.metadata().2, by: Origin::Default };
        self.0.get(&limit).copied().unwrap_or(own)
    }

    /// Returns the message for a step that requested more memory than the run has left.
    pub fn run_exceeded_message(&self, exceeded: Exceeded) -> String {
        let request = format!("all steps together would need {} bytes", exceeded.total);
        self.exceeded_message(Limit::RunMemory, request)
    }

    /// Returns the message for an exceeded limit: the `request`, the limit, its origin and how to
    /// raise it.
    pub fn exceeded_message(&self, limit: Limit, request: impl fmt::Display) -> String {
        let Bound { value, by } = self.bound(limit);
        let (name, _, _, counted) = limit.metadata();
        let value = limit.format(value);
        let space = if counted.is_empty() { "" } else { " " };
        let remedy = match by {
            Origin::Default | Origin::Project => {
                format!("Raise `limits.{name}` in `osiris.yaml` if the step needs more")
            }
            Origin::Command => {
                format!(
                    "Raise `--limit {name}={}` if the step needs more",
                    value.trim_end_matches(" s")
                )
            }
            Origin::Spec => {
                "Only the driver's author can raise the limit, in the driver's spec".to_owned()
            }
        };
        format!("{request}; the limit is {value}{space}{counted}. {remedy}")
    }
}

/// Formats a number of bytes in the largest unit that keeps the number whole.
pub fn exact_bytes(bytes: u64) -> String {
    for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if bytes >= 1 << shift && bytes.is_multiple_of(1 << shift) {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    format!("{bytes}B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_limits_are_formatted_without_rounding() {
        assert_eq!(exact_bytes(2 << 30), "2GiB");
        assert_eq!(exact_bytes(1536), "1536B");
    }

    #[test]
    fn every_limit_parses_its_own_format() {
        for limit in Limit::ALL {
            let value = Limits::default().get(limit);
            assert_eq!(Limit::named(limit.name()), Some(limit));
            assert_eq!(limit.parse(limit.format(value).trim_end_matches(" s")), Ok(value));
            assert_eq!(serde_json::to_value(limit).unwrap(), limit.name());
        }
        assert_eq!(Limit::Memory.parse("1.5 GB"), Ok(1_500_000_000));
        assert_eq!(Limit::Disk.parse("0"), Ok(0));
        assert_eq!(Limit::Cpu.parse("25 %"), Ok(25));
        for (limit, text) in [
            (Limit::Memory, "lots"),
            (Limit::Memory, "0"),
            (Limit::Memory, "-1GiB"),
            (Limit::Seconds, "0"),
            (Limit::Cpu, "101%"),
            (Limit::Files, "many"),
        ] {
            assert!(limit.parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn tighter_limit_wins() {
        let bounds = |values: &[(Limit, u64)]| LimitOverrides::from_iter(values.iter().copied());
        let project = bounds(&[(Limit::Memory, 4 << 30), (Limit::Files, 10)]);
        let command = bounds(&[(Limit::Seconds, 3600), (Limit::Files, 20)]);
        let spec = bounds(&[(Limit::Memory, 64 << 20), (Limit::Cpu, 100), (Limit::Log, 1 << 40)]);
        let limits = Limits::new(&project, &command).clamped_by(&spec);
        let bound = |limit| (limits.bound(limit).value, limits.bound(limit).by);
        assert_eq!(bound(Limit::Memory), (64 << 20, Origin::Spec));
        assert_eq!(bound(Limit::Seconds), (3600, Origin::Command));
        assert_eq!(bound(Limit::Files), (10, Origin::Project));
        assert_eq!(bound(Limit::Cpu), (100, Origin::Default));
        assert_eq!(bound(Limit::Log), (16 << 20, Origin::Default));
    }

    #[test]
    fn driver_limits_do_not_apply_to_the_run() {
        let spec =
            LimitOverrides::from([(Limit::RunMemory, 1), (Limit::Spill, 1), (Limit::Held, 1)]);
        let project = LimitOverrides::from([(Limit::Memory, 12 << 30)]);
        let limits = Limits::new(&project, &LimitOverrides::new()).clamped_by(&spec);
        let value = |limit| limits.get(limit);
        let expected = (12 << 30, 16 << 30, 1);
        assert_eq!((value(Limit::RunMemory), value(Limit::Spill), value(Limit::Held)), expected);
        let both = LimitOverrides::from([(Limit::Memory, 12 << 30), (Limit::RunMemory, 1 << 30)]);
        assert_eq!(Limits::new(&both, &LimitOverrides::new()).get(Limit::RunMemory), 1 << 30);
    }

    #[test]
    fn exceeded_limit_message_names_amount_limit_and_setting() {
        let command = LimitOverrides::from([(Limit::Seconds, 5)]);
        let limits = Limits::new(&LimitOverrides::from([(Limit::Disk, 1 << 20)]), &command)
            .clamped_by(&LimitOverrides::from([(Limit::Memory, 1 << 20)]));
        let messages = [
            limits.exceeded_message(Limit::Disk, "the step wrote 1048577 bytes"),
            limits.exceeded_message(Limit::Seconds, "the step ran for 5 s"),
            limits.exceeded_message(Limit::Memory, "the driver requested 2 MiB"),
            limits.exceeded_message(Limit::Sockets, "the driver opened 65"),
        ];
        let expected = [
            "the step wrote 1048577 bytes; the limit is 1MiB in files. Raise `limits.disk` in `osiris.yaml` if the step needs more",
            "the step ran for 5 s; the limit is 5 s. Raise `--limit seconds=5` if the step needs more",
            "the driver requested 2 MiB; the limit is 1MiB of memory. Only the driver's author can raise the limit, in the driver's spec",
            "the driver opened 65; the limit is 64 open sockets. Raise `limits.sockets` in `osiris.yaml` if the step needs more",
        ];
        assert_eq!(messages, expected);
    }
}
