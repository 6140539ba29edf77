//! Runs drivers: finds and compiles their components, and calls them in a WebAssembly sandbox with
//! the permissions and limits of a step.

mod addresses;
mod bindings;
mod cache;
mod call;
mod clock;
mod code;
pub mod compiler;
mod context;
mod engine;
mod failure;
mod file;
mod files;
mod folders;
#[cfg(fuzzing)]
pub mod fuzzing;
mod gate;
pub mod grants;
mod held;
mod interfaces;
pub mod limits;
mod lists;
pub mod network;
mod outline;
mod pace;
pub mod pack;
mod probe;
mod producers;
pub mod provenance;
pub mod registry;
pub mod sink;
mod sockets;
pub mod spec;
mod state;
mod stdio;
mod tables;

pub use call::{Report, Said, StepCall};
pub use code::Code;
pub use compiler::Compiler;
pub use context::MAX_STATE;
pub(crate) use context::{json_values, unfit_state};
pub use engine::{Driver, Engine, Setup};
pub use failure::Failure;
pub(crate) use failure::shortened;
pub use file::{Content, DriverFile, MAX_SIZE};
pub use folders::Folders;
pub use gate::Gate;
pub use interfaces::unusual;
pub use probe::{Column, Dataset, Health};
pub use producers::{Producer, producers};
pub use state::Call;
