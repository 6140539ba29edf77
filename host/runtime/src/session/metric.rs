//! Lines of `metrics.jsonl`.

use std::collections::BTreeMap;

use osiris_core::sanitize::json_line;
use osiris_core::telemetry::Number;
use serde::Serialize;

/// Metrics that the host measures itself; a driver's metrics with these names are dropped.
pub(crate) const HOST: [&str; 5] =
    ["rows_read", "rows_written", "rows_processed", "step_duration_ms", "execution_duration"];

#[derive(Serialize)]
struct Line<'a> {
    ts: &'a str,
    session_id: &'a str,
    metric: &'a str,
    value: Number,
    unit: &'a str,
    tags: &'a BTreeMap<String, String>,
}

/// Returns one line, without the newline.
pub(super) fn line(
    ts: &str,
    session_id: &str,
    metric: &str,
    value: Number,
    unit: &str,
    tags: &BTreeMap<String, String>,
) -> String {
    json_line(&Line { ts, session_id, metric, value, unit, tags })
}
