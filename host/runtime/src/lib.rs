//! The runtime: runs a pipeline and records the session.
//!
//! [`Workspace`] is the start for a program that runs whole pipelines. The modules below it are for
//! one that takes the steps apart: [`run`] executes a manifest, and [`session`] records the run.
//!
//! ```no_run
//! use osiris_runtime::Workspace;
//!
//! # async fn load() -> Result<(), osiris_core::diagnostic::Error> {
//! let workspace = Workspace::open("/srv/shop")?;
//! let run = workspace.pipeline("pipelines/orders.yaml").param("day", "2026-11-30");
//! let report = run.run().await?;
//! println!("{} rows, {}", report.status.rows_written, report.status.status.as_str());
//! # Ok(())
//! # }
//! ```

mod connected_build;
mod pipeline_run;
pub mod run;
pub mod session;
mod workspace;

pub use connected_build::ConnectedBuild;
pub use pipeline_run::{PipelineRun, RunReport};
pub use workspace::Workspace;
