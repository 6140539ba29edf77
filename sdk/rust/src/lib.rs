//! Write osiris drivers in Rust.

mod bindings;
mod build;
mod context;
mod driver;
mod error;
mod host;
mod input;
mod output;
mod read;
mod schema;

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
pub use schema::{DataType, Field, Schema, TimeUnit};
