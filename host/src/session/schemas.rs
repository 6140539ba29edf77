//! What the files of a session look like, as JSON Schema 2020-12.

/// Of each line of `events.jsonl`.
pub const EVENT: &str = include_str!("schemas/event.json");
/// Of each line of `metrics.jsonl`.
pub const METRIC: &str = include_str!("schemas/metric.json");
/// Of `status.json`.
pub const STATUS: &str = include_str!("schemas/status.json");
