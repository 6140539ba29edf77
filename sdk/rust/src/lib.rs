//! Write osiris drivers in Rust: implement [`Driver`], describe it in a
//! `spec.yaml`, and end with [`export!`].

// What `export!` expands to, and no API.
#[doc(hidden)]
pub mod bindings;
mod build;
mod config;
mod context;
mod driver;
mod error;
mod export;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod guest;
mod host;
mod input;
mod output;
mod read;
mod retry;
mod schema;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

pub use build::{
    BatchBuilder, BoolBuilder, BytesBuilder, ColumnBuilder, ListBuilder, NullBuilder, Primitive,
    PrimitiveBuilder, StructBuilder,
};
pub use context::{Context, Level, MetricValue};
pub use driver::{
    Category, Dataset, DatasetColumn, Driver, Health, Mode, Partition, Step, Summary,
};
pub use error::{Error, Kind, Result};
pub use input::Input;
pub use output::Output;
pub use read::{Batch, BoolColumn, BytesColumn, Column, ListColumn, PrimitiveColumn, StructColumn};
pub use retry::retry;
pub use schema::{DataType, Field, Schema, TimeUnit};
