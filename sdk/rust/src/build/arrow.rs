//! Conversion of arrow-rs arrays to the layout of the contract, which has no array offset: a slice
//! of an array is sent like a whole array.

use arrow_array::cast::AsArray;
use arrow_array::types::GenericBinaryType;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::DataType as A;

use super::Sink;
use crate::bindings::osiris::driver::arrow::Node;
use crate::{DataType, Error, Result, Schema};

/// Checks that a batch has the columns of a schema.
pub(crate) fn check(batch: &RecordBatch, schema: &Schema) -> Result<()> {
    if batch.num_columns() != schema.fields.len() {
        return Err(Error::internal(format!(
            "the batch has {} columns, the schema of this output {}",
            batch.num_columns(),
            schema.fields.len()
        )));
    }
    for (column, field) in batch.columns().iter().zip(&schema.fields) {
        let data_type = DataType::try_from(column.data_type())?;
        if data_type != field.data_type {
            return Err(Error::internal(format!(
                "column {:?}: an array of {data_type}, not {}",
                field.name, field.data_type
            )));
        }
    }
    Ok(())
}

/// Passes every buffer to `push`, depth first, and returns the nodes.
pub(crate) fn write(batch: &RecordBatch, push: &mut dyn FnMut(&[u8])) -> Result<Vec<Node>> {
    let mut sink = Sink { nodes: Vec::with_capacity(batch.num_columns()), push };
    for column in batch.columns() {
        write_array(column, &mut sink)?;
    }
    Ok(sink.nodes)
}

fn write_array(array: &ArrayRef, sink: &mut Sink<'_>) -> Result<()> {
    let len = array.len();
    let nulls = array.nulls();
    match array.data_type() {
        A::Null => sink.node(len, len, 0),
        A::Boolean => {
            head(len, nulls, 2, sink);
            sink.buffer(&array.as_boolean().values().sliced());
        }
        A::Utf8 => {
            let array = array.as_string::<i32>();
            head(len, nulls, 3, sink);
            let values = offsets(array.offsets(), sink);
            sink.buffer(&array.value_data()[values]);
        }
        A::Binary => {
            let array = array.as_bytes::<GenericBinaryType<i32>>();
            head(len, nulls, 3, sink);
            let values = offsets(array.offsets(), sink);
            sink.buffer(&array.value_data()[values]);
        }
        A::List(_) => {
            let array = array.as_list::<i32>();
            head(len, nulls, 2, sink);
            let values = offsets(array.offsets(), sink);
            write_array(&array.values().slice(values.start, values.len()), sink)?;
        }
        A::Struct(_) => {
            head(len, nulls, 1, sink);
            for column in array.as_struct().columns() {
                write_array(column, sink)?;
            }
        }
        other => {
            // The remaining types of the SDK have fixed-width values.
            let width = DataType::try_from(other)
                .ok()
                .and_then(|_| other.primitive_width())
                .ok_or_else(|| Error::unsupported(format!("arrays of {other} cannot be sent")))?;
            head(len, nulls, 2, sink);
            let data = array.to_data();
            let start = data.offset() * width;
            sink.buffer(&data.buffers()[0].as_slice()[start..start + len * width]);
        }
    }
    Ok(())
}

/// Writes the node and the validity bitmap.
fn head(len: usize, nulls: Option<&NullBuffer>, buffers: u32, sink: &mut Sink<'_>) {
    match nulls.filter(|nulls| nulls.null_count() > 0) {
        Some(nulls) => {
            sink.node(len, nulls.null_count(), buffers);
            sink.buffer(&nulls.inner().sliced());
        }
        None => {
            sink.node(len, 0, buffers);
            sink.buffer(&[]);
        }
    }
}

/// Writes the offsets, starting from 0, and returns the range of values that they refer to.
fn offsets(offsets: &OffsetBuffer<i32>, sink: &mut Sink<'_>) -> std::ops::Range<usize> {
    // An offset buffer is never empty.
    let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
    if first == 0 {
        sink.buffer(bytemuck::cast_slice(offsets));
    } else {
        let moved: Vec<i32> = offsets.iter().map(|offset| offset - first).collect();
        sink.buffer(bytemuck::cast_slice(&moved));
    }
    first as usize..last as usize
}
