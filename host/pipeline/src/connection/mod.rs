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
    CONNECTION_KEY, RESOLVED_KEY, connection_config, connection_pointer, driver_view, origins,
    resolve_step_config, with_defaults,
};
pub(crate) use step_config::{author_only, mismatch, show_options};
