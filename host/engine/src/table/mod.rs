//! The data plane: batches held by the host, and the edges that carry them from one step to the
//! next.

mod batch;
mod edge;
mod queue;
mod schema;
mod spill;

pub use batch::{Batch, Node};
pub use edge::{Closed, Receiver, SendError, Sender, channel, channel_within};
pub use schema::{Field, MAX_FIELDS, MAX_METADATA, flatten, size, unflatten};
