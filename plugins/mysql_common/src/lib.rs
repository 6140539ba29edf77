//! The part that the drivers of MySQL and MariaDB share.
//!
//! ```text
//! transport (TCP, time limits) -> tls -> wire (packets) -> handshake -> session
//! ```

mod column;
mod config;
mod discover;
mod doctor;
mod failure;
mod handshake;
pub mod lenenc;
pub mod quote;
mod session;
mod settings;
mod tls;
mod transport;
mod wire;

pub use column::{Column, Native, ZeroDates, declare, is_utc};
pub use config::{Connection, Limits, Tls};
pub use discover::{cells, discover};
pub use doctor::doctor;
pub use failure::{DEADLOCK, Failure, LOCK_TIMEOUT};
pub use session::{Done, Prepared, Rows, Session};
pub use settings::Settings;
