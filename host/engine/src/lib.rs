//! The engine: compiles drivers and calls them in a WebAssembly sandbox, between tables of Arrow
//! data, with the permissions and limits of a step.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use futures_util::StreamExt as _;
//! use osiris_core::contract::Mode;
//! use osiris_core::fs::project_dir::ProjectDir;
//! use osiris_engine::table::channel;
//! use osiris_engine::{CallContext, Engine, RunRequest};
//! use serde_json::json;
//!
//! # async fn extract() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::new()?;
//! let driver = engine.load(Path::new("filesystem.csv_extractor.wasm"))?;
//! let (base, config) = (Path::new("/srv/data"), json!({"path": "orders.csv"}));
//! // Two mebibytes of batches in memory; what a slow reader has not taken goes to disk.
//! let (output, mut readers) = channel(1, 2 << 20, ProjectDir::new(base, Path::new("spill")));
//! let call = CallContext::new(&driver.spec, &config, base);
//! let request = RunRequest::new(Mode::Extract, &config).output(output);
//! let mut rows = Box::pin(readers.remove(0).into_stream());
//! let read = async {
//!     while let Some(Ok(batch)) = rows.next().await {
//!         println!("{} rows", batch.num_rows());
//!     }
//! };
//! let (outcome, ()) = tokio::join!(driver.run(&engine, call, request), read);
//! outcome.result.map_err(|error| error.message)?;
//! # Ok(())
//! # }
//! ```

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
pub mod observer;
mod offload;
mod probe;
pub mod process_sandbox;
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
