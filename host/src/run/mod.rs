//! Runs a manifest: every step is a task with its own store, connected to the others by edges.

mod board;
mod execute;
mod failed;
mod plan;
mod prepare;
mod saved;
mod sink;
mod states;
mod step;

pub use board::{Board, Snapshot};
pub use execute::execute;
pub use plan::{Task, plan};
pub use prepare::{Job, Prepared, check_task, pinned, prepare};
pub use saved::Saved;
pub(crate) use step::write_config;
