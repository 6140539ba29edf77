//! The names in a session's folder.

/// What happened.
pub const EVENTS: &str = "events.jsonl";
/// What was measured.
pub const METRICS: &str = "metrics.jsonl";
/// What was said.
pub const LOG: &str = "osiris.log";
/// How it stands or ended.
pub const STATUS: &str = "status.json";
/// What ran.
pub const MANIFEST: &str = "manifest.yaml";
/// A folder for each step.
pub const ARTIFACTS: &str = "artifacts";
pub use crate::paths::CLEANED_CONFIG;
