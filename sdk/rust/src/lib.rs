#![doc = include_str!("../README.md")]
//! # Overview
//!
//! | To | use |
//! |---|---|
//! | start, test and publish a driver | [`guide`] |
//! | implement a driver | [`Driver`], [`Step`], [`Summary`], [`export!`] |
//! | read a table | [`Input`], [`Batch`], [`Column`] |
//! | write a table | [`Schema`], [`DataType`], [`BatchBuilder`], [`ColumnBuilder`], [`Output`] |
//! | log, measure, report progress, keep state and artifacts, notice cancellation | [`Context`] |
//! | return errors that users can act on; retry | [`Error`], [`Kind`], [`retry`] |
//! | list datasets, and check a connection | [`Driver::discover`], [`Driver::doctor`] |
//! | use secrets | [`Driver::Config`] |
//! | test a driver natively | [`testing`] |

// The expansion of `export!` uses this module. Not part of the API.
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
mod macros;
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
