//! The engine: compiles drivers and calls them in a WebAssembly sandbox, between tables of Arrow
//! data, with the permissions and limits of a step.

mod bindings;
mod cache;
mod call;
mod compiled_driver;
pub mod compiler;
mod context;
mod engine;
mod failure;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod grants;
mod held;
mod hidden_dirs;
mod limiter;
mod lists;
mod network;
mod offload;
mod probe;
pub mod process_sandbox;
pub mod sink;
mod sockets;
mod state;
mod stdio;
pub mod table;
mod tables;
mod throttle;
mod timer;
mod vfs;

pub use call::{DriverError, RunOutcome, RunRequest};
pub use compiled_driver::CompiledDriver;
pub use compiler::Compiler;
pub use context::{MAX_STATE, json_values, unfit_state};
pub use engine::{Driver, Engine, EngineConfig};
pub use failure::{CallError, sanitize_message};
pub use hidden_dirs::HiddenDirs;
pub use probe::{Column, Dataset, Health};
pub use state::CallContext;
