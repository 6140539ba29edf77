//! File names in a session's directory.

/// Events, one JSON object per line.
pub const EVENTS: &str = "events.jsonl";
/// Metrics, one JSON object per line.
pub const METRICS: &str = "metrics.jsonl";
/// Log for people.
pub const LOG: &str = "osiris.log";
/// Status of the run, current or final.
pub const STATUS: &str = "status.json";
/// The manifest that ran.
pub const MANIFEST: &str = "manifest.yaml";
/// Directory with a subdirectory per step.
pub const ARTIFACTS: &str = "artifacts";
pub use osiris_core::paths::CLEANED_CONFIG;
