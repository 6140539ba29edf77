//! Files that a run leaves: `logs/run_<session id>/` with events, metrics, a log, the status, the
//! manifest and each step's artifacts.
//!
//! ```text
//! events.jsonl     {"ts","session_id","event_type",...}                  a line each
//! metrics.jsonl    {"ts","session_id","metric","value","unit","tags"}    a line each
//! osiris.log       2026-01-31T08:05:09.123Z INFO  [step] message
//! status.json      status of the run, current or final
//! manifest.yaml    what ran
//! artifacts/<step>/cleaned_config.json, ...
//! ```
//! Every text passes through the run's [`Redactor`](osiris_core::redact::Redactor) before it is written.

mod dir;
mod event;
pub mod files;
pub mod history;
mod id;
mod line_file;
mod lock;
mod log;
mod memory;
mod metric;
mod notes;
mod record;
pub mod schemas;
mod status;
mod sweep;
mod time;
mod writer;

#[cfg(test)]
mod tests;

pub use self::event::RunEvent;
pub use self::id::{PREFIX, short as short_id};
pub use self::lock::has_ended;
pub(crate) use self::metric::HOST as HOST_METRICS;
pub use self::record::Record;
pub use self::status::{
    E2b, Output, RunError, RunResult, RunStatus, StateChange, StatusFile, StepState, StepStatus,
};
pub use self::sweep::mark_crashed_runs;
pub use self::time::stamp;
pub use self::writer::{Effects, RecordListener, RunFacts, Session};
