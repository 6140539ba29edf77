//! Reads batches column by column. Only the columns that are read are copied from the host.

#[cfg(feature = "arrow")]
mod arrow;
mod batch;
mod boolean;
mod buffers;
mod bytes;
mod column;
mod list;
mod primitive;
mod structs;
mod validity;

pub use batch::Batch;
pub use boolean::BoolColumn;
pub use bytes::BytesColumn;
pub use column::Column;
pub use list::ListColumn;
pub use primitive::PrimitiveColumn;
pub use structs::StructColumn;
