//! Lines of `metrics.jsonl`.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::text;

/// Metrics that the host measures itself; a driver's metrics with these names are dropped.
pub(crate) const HOST: [&str; 5] =
    ["rows_read", "rows_written", "rows_processed", "step_duration_ms", "execution_duration"];

/// A measured value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Number {
    /// A nonnegative integer.
    Unsigned(u64),
    /// A signed integer.
    Integer(i64),
    /// A float. JSON cannot represent a float that is not finite: written as null.
    Float(#[serde(deserialize_with = "float")] f64),
}

/// Deserializes a float, or `NaN` from the null written for a float that is not finite.
fn float<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self::Unsigned(value)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

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
    text::json(&Line { ts, session_id, metric, value, unit, tags })
}
