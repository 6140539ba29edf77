//! The part that the drivers of MySQL and MariaDB share.
//!
//! ```text
//! transport (TCP, time limits) -> tls -> wire (packets) -> handshake -> session
//! ```

mod connection;
mod discover;
mod doctor;
mod error;
mod handshake;
pub mod lenenc;
mod quote;
mod session;
mod settings;
mod tls;
mod transport;
mod types;
mod wire;

pub use connection::{Connection, Tls};
pub use discover::{cells, discover};
pub use doctor::doctor;
pub use error::{DEADLOCK, LOCK_TIMEOUT, MysqlError};
pub use quote::{identifier, literal};
pub use session::{Done, Prepared, Rows, Session};
pub use settings::Settings;
pub use types::{Column, Native, ZeroDates, declare, is_utc};
