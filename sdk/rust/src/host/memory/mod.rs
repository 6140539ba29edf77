//! The host of a native test: tables in memory, and a recording of the driver's calls.

mod context;
mod recording;
mod tables;

pub use recording::{Event, Log, Metric, Progress};

pub(crate) use context::Host;
pub(crate) use recording::Recording;
pub(crate) use tables::{Batch, Reader, Writer};
