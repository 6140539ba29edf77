//! Values that drivers and the host report of a run: levels of log records and numbers of metrics.

use serde::{Deserialize, Deserializer, Serialize};

/// Severity of a log record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Every move.
    Trace,
    /// For finding faults.
    Debug,
    /// The course of things.
    Info,
    /// Something that may need attention.
    Warn,
    /// Something that failed.
    Error,
}

impl Level {
    /// Returns the name of a level in a log file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// A measured value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Number {
    /// A count.
    Unsigned(u64),
    /// A whole number.
    Integer(i64),
    /// Any other. JSON has no word for one that is not finite: null.
    Float(#[serde(deserialize_with = "float")] f64),
}

/// A float, or the null that stands for one that is not finite.
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
