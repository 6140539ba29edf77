//! JSON Schemas (2020-12) of a session's files.

/// Schema of each line of `events.jsonl`.
pub const EVENT: &str = include_str!("schemas/event.json");
/// Schema of each line of `metrics.jsonl`.
pub const METRIC: &str = include_str!("schemas/metric.json");
/// Schema of `status.json`.
pub const STATUS: &str = include_str!("schemas/status.json");
