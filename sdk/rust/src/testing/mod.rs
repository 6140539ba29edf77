//! Runs a driver natively, without WebAssembly, against tables in memory.
//!
//! ```
//! use osiris_sdk::{DataType, Field, Kind, Mode, Schema, testing};
//! use serde_json::json;
//! # use osiris_sdk::{Context, Driver, Input, Output, Result, Step, Summary};
//! # struct Copy;
//! # impl Driver for Copy {
//! #     type Config = serde_json::Value;
//! #     fn run(
//! #         ctx: &Context, _: Step<Self::Config>, mut inputs: Vec<Input>, output: Option<Output>,
//! #     ) -> Result<Summary> {
//! #         let (mut input, mut output) = (inputs.remove(0), output.unwrap());
//! #         output.open(input.schema()?)?;
//! #         while let Some(batch) = input.next()? {
//! #             output.forward(&batch)?;
//! #         }
//! #         ctx.info("copied");
//! #         Ok(Summary::default())
//! #     }
//! # }
//!
//! let schema = Schema::new(vec![Field::new("id", DataType::Int64, true)]);
//! let table = testing::Table::from_rows(&schema, &json!([[1], [null]]));
//! let report =
//!     testing::run::<Copy>(json!({})).mode(Mode::Transform).input("df_a", &table).expect_ok();
//! report.assert_rows(&json!([[1], [null]]));
//! report.assert_logged("copied");
//!
//! testing::run::<Copy>(json!({}))
//!     .mode(Mode::Transform)
//!     .failing_input("df_a", &table)
//!     .expect_err(Kind::Upstream);
//! ```
//!
//! Everything that a driver sends is checked as by a host; a violation of the contract fails the
//! test. Three things differ from a run inside a component: the configuration is passed on
//! unchanged, without the spec's defaults; paths are those of the test process, so use absolute
//! paths in a temporary directory; and pauses take no time.

mod cells;
mod report;
mod run;
mod table;
pub(crate) mod validate;

pub use crate::host::memory::{Event, Log, Metric, Progress};
pub use report::Report;
pub use run::{Run, discover, doctor, run};
pub use table::{Table, table};
