//! Lines of `metrics.jsonl`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::redact::Redactor;
use super::text;

/// A measured value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Number {
    /// A count.
    Unsigned(u64),
    /// A whole number.
    Integer(i64),
    /// Any other. JSON has no word for one that is not finite: null.
    Float(f64),
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
    tags: BTreeMap<String, String>,
}

/// One line, without the newline.
pub(super) fn line(
    redactor: &Redactor,
    ts: &str,
    session_id: &str,
    metric: &str,
    value: Number,
    unit: &str,
    tags: BTreeMap<String, String>,
) -> String {
    let own = |text: &str| redactor.text(text).into_owned();
    let tags = tags.iter().map(|(key, value)| (own(key), own(value))).collect();
    let (metric, unit) = (&own(metric), &own(unit));
    text::json(&Line { ts, session_id, metric, value, unit, tags })
}
