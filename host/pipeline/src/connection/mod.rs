//! Connections: combines `osiris_connections.yaml` with the environment, in memory only and on
//! the machine where the command was entered.

mod environment;
mod file;
mod placeholder;
mod reference;
mod resolve;
mod secrets;
mod step_config;
#[cfg(test)]
mod tests;

pub use environment::Environment;
pub use file::{Alias, Connections};
pub use placeholder::variables;
pub use reference::Reference;
pub use resolve::Resolved;
pub use secrets::{SHORTEST, Secrets, shown_fields};
pub use step_config::{
    REFERENCE, RESOLVED, complete, connect, connection_pointer, for_driver, origins, with_defaults,
};
pub(crate) use step_config::{author_only, mismatch};
