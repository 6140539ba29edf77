//! Runs a manifest: every step is a task with its own store, connected to the others by edges.

mod execute;
mod failure_cause;
mod plan;
mod prepare;
mod progress;
mod runtime;
mod sink;
mod slots;
mod state_commit;
mod state_store;
mod step;
mod tables;

pub use execute::execute;
pub use plan::{Task, plan};
pub use prepare::{Job, Prepared, check_task, load_pinned, prepare};
pub use progress::{RunProgress, StepSnapshot};
pub use runtime::sandboxed_runtime;
pub use state_store::{SavedState, StateStore};
pub use step::write_config;
pub use tables::StepTables;
