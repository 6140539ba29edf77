//! Options, saved state, timeouts and checks of certificates that the drivers of databases share.
//! Nothing here knows a protocol or a dialect of SQL.

mod doctor;
mod incremental;
mod state;
mod timeouts;
pub mod tls;
mod write;

pub use doctor::doctor;
pub use incremental::{Incremental, OtherSource};
pub use state::{State, StateMismatch};
pub use timeouts::{Timeouts, connect_timeout, read_timeout};
pub use write::{SchemaChanges, WriteMode};

/// Bytes of a batch that is sent: what the pipeline moves fastest.
pub const BATCH_SIZE: usize = 512 << 10;

/// Maximum bytes of a value: the host takes no more in a call, whatever its limits are.
pub const MAX_VALUE: usize = 128 << 20;
