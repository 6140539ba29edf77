//! Lines of `osiris.log`.

use osiris_core::sanitize::escape_message;
use osiris_core::telemetry::Level;

/// Formats one record, without the newline. `step` is `None` for the run itself.
pub(super) fn record(ts: &str, level: Level, step: Option<&str>, message: &str) -> String {
    let step = step.unwrap_or("run");
    format!("{ts} {:<5} [{step}] {}", level.name(), escape_message(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_record_has_time_level_and_step() {
        let ts = "2026-01-31T08:05:09.123Z";
        assert_eq!(
            record(ts, Level::Info, Some("load"), "7 rows\n"),
            format!("{ts} INFO  [load] 7 rows")
        );
        assert_eq!(record(ts, Level::Error, None, "a\x07"), format!("{ts} ERROR [run] a\\u{{7}}"));
    }
}
