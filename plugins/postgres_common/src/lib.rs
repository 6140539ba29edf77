//! Connections, errors, names and types of the PostgreSQL extractor and the PostgreSQL writer.

mod auth;
mod connection;
mod discover;
mod doctor;
mod error;
mod quote;
mod relation;
mod session;
mod settings;
mod tls;
mod types;

pub use connection::{Connection, SslMode};
pub use discover::discover;
pub use doctor::doctor;
pub use error::{has_code, is_conflict};
pub use quote::{identifier, literal};
pub use relation::{Relation, check_length};
pub use session::{Access, Session};
pub use settings::Settings;
pub use types::{Mapped, SQL_TYPE, Wire, map};
