//! Builds batches, column by column, in the layout of the [Arrow C Data
//! Interface].
//!
//! [Arrow C Data Interface]: https://arrow.apache.org/docs/format/CDataInterface.html

#[cfg(feature = "arrow")]
mod arrow;
mod batch;
mod boolean;
mod bytes;
mod column;
mod list;
mod null;
mod primitive;
mod structs;
mod validity;

#[cfg(feature = "arrow")]
pub(crate) use arrow::{check as check_arrow, write as write_arrow};
pub use batch::BatchBuilder;
pub use boolean::BoolBuilder;
pub use bytes::BytesBuilder;
pub use column::ColumnBuilder;
pub use list::ListBuilder;
pub use null::NullBuilder;
pub use primitive::{Primitive, PrimitiveBuilder};
pub use structs::StructBuilder;

use self::validity::ValidityBuilder;
use crate::Result;
use crate::bindings::osiris::driver::arrow::Node;

/// Maximum values that a 32-bit offset can count.
const MAX_VALUES: usize = i32::MAX as usize;

/// Common interface of the builders, beside their public methods.
trait Array {
    /// Returns the estimated memory of the values, in bytes.
    fn bytes(&self) -> usize;
    /// Checks that the column can be sent.
    fn check(&self) -> Result<()> {
        Ok(())
    }
    /// Removes the values and keeps the memory.
    fn clear(&mut self);
    /// Writes the nodes and the buffers, depth first.
    fn write(&mut self, sink: &mut Sink<'_>);
}

/// Receives the nodes and buffers of arrays.
pub(crate) struct Sink<'a> {
    pub(crate) nodes: Vec<Node>,
    pub(crate) push: &'a mut dyn FnMut(&[u8]),
}

impl Sink<'_> {
    pub(crate) fn node(&mut self, length: usize, null_count: usize, buffers: u32) {
        self.nodes.push(Node { length: length as u64, null_count: null_count as u64, buffers });
    }

    /// Writes the node and the validity bitmap of an array.
    fn array(&mut self, length: usize, validity: &mut ValidityBuilder, buffers: u32) {
        self.node(length, validity.nulls(), buffers);
        self.buffer(validity.finish(length));
    }

    pub(crate) fn buffer(&mut self, bytes: &[u8]) {
        (self.push)(bytes);
    }
}
