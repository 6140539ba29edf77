//! Lines of `osiris.log`.

use serde::{Deserialize, Serialize};

use super::text;

/// Severity of a log record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Very detailed tracing.
    Trace,
    /// Details for debugging.
    Debug,
    /// Normal progress.
    Info,
    /// A condition that may need attention.
    Warn,
    /// A failure.
    Error,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// Formats one record, without the newline. `step` is `None` for the run itself.
pub(super) fn record(ts: &str, level: Level, step: Option<&str>, message: &str) -> String {
    let step = step.unwrap_or("run");
    format!("{ts} {:<5} [{step}] {}", level.name(), text::message(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_names_time_level_and_step() {
        let ts = "2026-01-31T08:05:09.123Z";
        assert_eq!(
            record(ts, Level::Info, Some("load"), "7 rows\n"),
            format!("{ts} INFO  [load] 7 rows")
        );
        assert_eq!(record(ts, Level::Error, None, "a\x07"), format!("{ts} ERROR [run] a\\u{{7}}"));
    }
}
