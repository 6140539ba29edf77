//! Session records (event, metric, log line) before serialization.

use std::collections::BTreeMap;

use osiris_core::redact::Redactor;
use osiris_core::telemetry::{Level, Number};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{event, files, log, metric};

/// One entry of an event, metric or log file. Times are UTC with milliseconds and `Z`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Record {
    /// An event.
    Event {
        /// Time of the event.
        ts: String,
        /// Type of the event.
        event_type: String,
        /// All other fields.
        fields: Map<String, Value>,
    },
    /// A measurement.
    Metric {
        /// Time of the measurement.
        ts: String,
        /// Name of the metric.
        metric: String,
        /// Measured value.
        value: Number,
        /// Unit of the value.
        unit: String,
        /// Tags, such as the step.
        tags: BTreeMap<String, String>,
    },
    /// A log message.
    Log {
        /// Time of the message.
        ts: String,
        /// Severity.
        level: Level,
        /// The step that logged the message, or `None` for the run itself.
        step: Option<String>,
        /// Text of the message.
        message: String,
    },
}

impl Record {
    /// Returns the name of the file that the record belongs to.
    pub(super) fn file(&self) -> &'static str {
        match self {
            Self::Event { .. } => files::EVENTS,
            Self::Metric { .. } => files::METRICS,
            Self::Log { .. } => files::LOG,
        }
    }

    /// Returns the record's time.
    pub fn time(&mut self) -> &mut String {
        match self {
            Self::Event { ts, .. } | Self::Metric { ts, .. } | Self::Log { ts, .. } => ts,
        }
    }

    /// Returns the record with every secret masked.
    pub(super) fn redacted(mut self, redactor: &Redactor) -> Self {
        let mask = |text: &mut String| {
            if let std::borrow::Cow::Owned(masked) = redactor.redact(text) {
                *text = masked;
            }
        };
        match &mut self {
            Self::Event { event_type, fields, .. } => {
                mask(event_type);
                redactor.redact_map(fields);
            }
            Self::Metric { metric, unit, tags, .. } => {
                mask(metric);
                mask(unit);
                *tags = std::mem::take(tags)
                    .into_iter()
                    .map(|(mut key, mut value)| {
                        mask(&mut key);
                        mask(&mut value);
                        (key, value)
                    })
                    .collect();
            }
            Self::Log { message, .. } => mask(message),
        }
        self
    }

    /// Returns the record's line in the file of a session, without the newline.
    pub(super) fn line(self, session_id: &str) -> String {
        match self {
            Self::Event { ts, event_type, fields } => {
                event::line(&ts, session_id, &event_type, fields)
            }
            Self::Metric { ts, metric, value, unit, tags } => {
                metric::line(&ts, session_id, &metric, value, &unit, &tags)
            }
            Self::Log { ts, level, step, message } => {
                log::record(&ts, level, step.as_deref(), &message)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_survives_a_json_round_trip() {
        let tags = BTreeMap::from([("step".to_owned(), "read".to_owned())]);
        let (ts, unit) = ("2026-01-31T08:05:09.123Z".to_owned(), "calls".to_owned());
        for value in [Number::Unsigned(u64::MAX), Number::Integer(-1), Number::Float(0.5)] {
            let metric = "m".to_owned();
            let (ts, unit, tags) = (ts.clone(), unit.clone(), tags.clone());
            let record = Record::Metric { ts, metric, value, unit, tags };
            let text = serde_json::to_string(&record).unwrap();
            assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record, "{text}");
        }
        let null = r#"{"type":"metric","ts":"","metric":"m","value":null,"unit":"","tags":{}}"#;
        let Record::Metric { value: Number::Float(value), .. } =
            serde_json::from_str(null).unwrap()
        else {
            panic!("no metric");
        };
        assert!(value.is_nan());
    }
}
