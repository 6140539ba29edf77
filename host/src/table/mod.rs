//! The data plane: batches that live in the host, and the edges that carry them
//! from one step to the next.

mod batch;
mod edge;
mod schema;
mod spill;

pub use batch::{Batch, Node};
pub use edge::{Closed, Receiver, Sender, channel};
pub use schema::{Field, flatten, unflatten};
