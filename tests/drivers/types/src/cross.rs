//! Sends arrays to the host and reads them back.

use arrow_array::{Array, make_array};
use arrow_buffer::Buffer;
use arrow_data::{ArrayData, layout};
use arrow_schema::DataType;

use crate::bindings::osiris::driver::arrow::{Field, Node};
use crate::bindings::osiris::driver::tables::{Batch, Reader, Writer};
use crate::bindings::osiris::driver::types::Error;
use crate::columns::Column;
use crate::failed;

/// Sends the columns as one batch.
pub(crate) fn send(columns: &[Column], output: &Writer) -> Result<(), Error> {
    output.open(&schema(columns))?;
    let mut nodes = Vec::new();
    for column in columns {
        push(&column.array.to_data(), output, &mut nodes);
    }
    output.send(columns[0].array.len() as u64, &nodes)
}

/// Reads a table that must equal `columns`, and returns its number of rows.
pub(crate) fn expect(columns: &[Column], input: &Reader) -> Result<u64, Error> {
    let found = input.schema()?;
    for (found, wanted) in found.iter().zip(&schema(columns)) {
        let (found, wanted) = (format!("{found:?}"), format!("{wanted:?}"));
        if found != wanted {
            return Err(failed("data", format!("a field is {found}, not {wanted}")));
        }
    }
    let batch = input.next()?.ok_or_else(|| failed("data", "there is no batch"))?;
    let mut parts = Parts { nodes: batch.nodes().into_iter(), batch: &batch, next: 0 };
    for column in columns {
        let name = &column.fields[0].name;
        let wrong = |why: String| failed("data", format!("column {name}: {why}"));
        let found = make_array(parts.array(column.array.data_type()).map_err(wrong)?);
        if *found != *column.array {
            let (found, wanted) = (format!("{found:?}"), format!("{:?}", column.array));
            return Err(wrong(format!("it is {found}, not {wanted}")));
        }
    }
    if input.next()?.is_some() {
        return Err(failed("data", "there is another batch"));
    }
    Ok(batch.rows())
}

fn schema(columns: &[Column]) -> Vec<Field> {
    columns.iter().flat_map(|column| column.fields.clone()).collect()
}

fn push(data: &ArrayData, output: &Writer, nodes: &mut Vec<Node>) {
    let layout = layout(data.data_type());
    let mut buffers = 0;
    if layout.can_contain_null_mask {
        output.push(data.nulls().map_or(&[], |nulls| nulls.buffer().as_slice()));
        buffers += 1;
    }
    data.buffers().iter().for_each(|buffer| output.push(buffer.as_slice()));
    nodes.push(Node {
        length: data.len() as u64,
        null_count: data.null_count() as u64,
        buffers: buffers + data.buffers().len() as u32,
    });
    data.child_data().iter().for_each(|child| push(child, output, nodes));
}

/// The nodes and buffers of a batch that are not read yet.
struct Parts<'a> {
    nodes: std::vec::IntoIter<Node>,
    batch: &'a Batch,
    next: u32,
}

impl Parts<'_> {
    fn array(&mut self, data_type: &DataType) -> Result<ArrayData, String> {
        let node = self.nodes.next().ok_or("a node is missing")?;
        let mut buffers: Vec<Buffer> =
            (0..node.buffers).map(|at| self.batch.buffer(self.next + at).into()).collect();
        self.next += node.buffers;
        let mut data = ArrayData::builder(data_type.clone()).len(node.length as usize);
        if layout(data_type).can_contain_null_mask {
            data = data.null_bit_buffer(Some(buffers.remove(0)).filter(|bits| !bits.is_empty()));
        }
        data = data.buffers(buffers).align_buffers(true);
        let children: Vec<&DataType> = match data_type {
            DataType::List(child)
            | DataType::LargeList(child)
            | DataType::FixedSizeList(child, _) => {
                vec![child.data_type()]
            }
            DataType::Struct(fields) => fields.iter().map(|field| field.data_type()).collect(),
            _ => Vec::new(),
        };
        for child in children {
            data = data.add_child_data(self.array(child)?);
        }
        data.build().map_err(|error| error.to_string())
    }
}
