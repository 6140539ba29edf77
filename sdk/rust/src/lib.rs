#![doc = include_str!("../README.md")]
//! # What is where
//!
//! | To | use |
//! |---|---|
//! | begin, test and publish | [`guide`] |
//! | be a driver | [`Driver`], [`Step`], [`Summary`], [`export!`] |
//! | read a table | [`Input`], [`Batch`], [`Column`] |
//! | make a table | [`Schema`], [`DataType`], [`BatchBuilder`], [`ColumnBuilder`], [`Output`] |
//! | log, measure, show progress, keep state and artifacts, notice a cancel | [`Context`] |
//! | fail so that somebody can act on it; try again | [`Error`], [`Kind`], [`retry`] |
//! | say what is there, and whether a connection works | [`Driver::discover`], [`Driver::doctor`] |
//! | take secrets | [`Driver::Config`] |
//! | test it natively | [`testing`] |

// What `export!` expands to, and no API.
#[doc(hidden)]
pub mod bindings;
mod build;
mod config;
mod context;
mod dataset;
mod driver;
mod error;
mod export;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod guest;
#[cfg(any(doc, doctest))]
#[doc = include_str!("../GUIDE.md")]
pub mod guide {}
mod health;
mod host;
mod input;
mod output;
mod read;
mod retry;
mod schema;
mod step;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

pub use build::{
    BatchBuilder, BoolBuilder, BytesBuilder, ColumnBuilder, ListBuilder, NullBuilder, Primitive,
    PrimitiveBuilder, StructBuilder,
};
pub use context::{Context, Level, MetricValue};
pub use dataset::{Dataset, DatasetColumn};
pub use driver::Driver;
pub use error::{Error, Kind, Result};
pub use health::{Category, Health};
pub use input::Input;
pub use output::Output;
pub use read::{Batch, BoolColumn, BytesColumn, Column, ListColumn, PrimitiveColumn, StructColumn};
pub use retry::retry;
pub use schema::{DataType, Field, Schema, TimeUnit};
pub use step::{Mode, Partition, Step, Summary};
