//! Connections, errors, names and types of the PostgreSQL extractor and the PostgreSQL writer.

mod auth;
mod connection;
mod discover;
mod doctor;
mod fault;
mod name;
mod session;
mod settings;
mod tls;
mod types;
mod verify;

pub use connection::{Connection, SslMode, Waits};
pub use discover::discover;
pub use doctor::doctor;
pub use fault::{has_code, is_conflict};
pub use name::{Relation, check_length, identifier, literal};
pub use session::{Access, Session};
pub use settings::Settings;
pub use types::{Mapped, SQL_TYPE, Wire, map};
