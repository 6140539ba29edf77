//! Batches of rows, validated when they enter the host.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayData, BufferSpec, MutableArrayData, PrimitiveArray, RecordBatch,
    RecordBatchOptions, layout, make_array,
};
use arrow::buffer::Buffer;
use arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, SchemaRef,
};
use arrow::error::ArrowError;

/// Estimated overhead of a batch in bytes, so that empty batches are not free.
const OVERHEAD: usize = 1 << 10;
/// Maximum rows in one batch.
const MAX_ROWS: u64 = 1 << 24;

/// Counts of one array of a batch, in the order of the flattened schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// Number of values.
    pub length: u64,
    /// Number of nulls among the values.
    pub null_count: u64,
    /// Number of the array's own buffers in the batch.
    pub buffers: u32,
}

/// Rows as Arrow arrays. Clones share the memory.
#[derive(Debug, Clone)]
pub struct Batch(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    record: RecordBatch,
    nodes: Vec<Node>,
    buffers: Vec<Buffer>,
    bytes: usize,
}

impl Batch {
    /// Builds a batch from the nodes and buffers that a driver sent, and validates counts, lengths,
    /// offsets, null counts, UTF-8 and decimal digits.
    ///
    /// # Errors
    /// Returns an error if a column is invalid, with its name and the reason.
    pub fn from_parts(
        schema: SchemaRef,
        rows: u64,
        nodes: &[Node],
        buffers: Vec<Buffer>,
    ) -> Result<Self, String> {
        if rows > MAX_ROWS {
            return Err(format!("a batch has {rows} rows; the maximum is {MAX_ROWS}"));
        }
        let mut parts = Parts { nodes: nodes.iter(), buffers: buffers.into_iter() };
        let mut columns = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            let column = parts
                .array(field.data_type())
                .and_then(|data| {
                    (data.len() as u64 == rows)
                        .then_some(data)
                        .ok_or_else(|| format!("it does not have the batch's {rows} rows"))
                })
                .map_err(|reason| format!("column `{}`: {reason}", field.name()))?;
            columns.push(make_array(column));
        }
        let (nodes, buffers) = (parts.nodes.len(), parts.buffers.len());
        if nodes > 0 || buffers > 0 {
            return Err(format!("{nodes} nodes and {buffers} buffers are left over"));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows as usize));
        let record =
            RecordBatch::try_new_with_options(schema, columns, &options).map_err(message_of)?;
        Ok(Self::from(record))
    }

    /// Returns the number of rows.
    pub fn rows(&self) -> u64 {
        self.0.record.num_rows() as u64
    }

    /// Returns the memory of the batch in bytes: its buffers and the overhead.
    pub fn bytes(&self) -> usize {
        self.0.bytes
    }

    /// Returns the arrays' counts, in the order of the flattened schema.
    pub fn nodes(&self) -> &[Node] {
        &self.0.nodes
    }

    /// Returns the buffer at `index`, in the order of [`Batch::nodes`].
    pub fn buffer(&self, index: usize) -> Option<&Buffer> {
        self.0.buffers.get(index)
    }

    /// Returns the rows as an Arrow record batch.
    pub fn record(&self) -> &RecordBatch {
        &self.0.record
    }
}

impl From<RecordBatch> for Batch {
    fn from(record: RecordBatch) -> Self {
        let (mut nodes, mut buffers) = (Vec::new(), Vec::new());
        for column in record.columns() {
            flatten(&from_the_start(column.to_data()), &mut nodes, &mut buffers);
        }
        let bytes = allocated(&buffers) + OVERHEAD + OVERHEAD / 8 * (nodes.len() + buffers.len());
        Self(Arc::new(Inner { record, nodes, buffers, bytes }))
    }
}

/// Returns the bytes that buffers keep allocated: an array can use only a part of its allocation,
/// and several arrays can share one.
fn allocated(buffers: &[Buffer]) -> usize {
    let allocation = |buffer: &Buffer| (buffer.data_ptr(), buffer.capacity());
    let mut allocations: Vec<_> = buffers.iter().map(allocation).collect();
    allocations.sort_unstable();
    allocations.dedup();
    allocations.iter().map(|(_, capacity)| capacity).sum()
}

/// Returns the same values at offset 0, as the contract requires. Copies a slice.
fn from_the_start(data: ArrayData) -> ArrayData {
    if starts(&data) {
        return data;
    }
    let mut copy = MutableArrayData::new(vec![&data], false, data.len());
    copy.try_extend(0, 0, data.len()).expect("a part of what fits into an array fits");
    copy.freeze()
}

fn starts(data: &ArrayData) -> bool {
    data.offset() == 0
        && data.nulls().is_none_or(|nulls| nulls.offset() == 0)
        && data.child_data().iter().all(starts)
}

fn flatten(data: &ArrayData, nodes: &mut Vec<Node>, buffers: &mut Vec<Buffer>) {
    let has_validity = layout(data.data_type()).can_contain_null_mask;
    nodes.push(Node {
        length: data.len() as u64,
        null_count: data.null_count() as u64,
        buffers: (usize::from(has_validity) + data.buffers().len()) as u32,
    });
    if has_validity {
        buffers.push(data.nulls().map(|nulls| nulls.buffer().clone()).unwrap_or_default());
    }
    buffers.extend_from_slice(data.buffers());
    for child in data.child_data() {
        flatten(child, nodes, buffers);
    }
}

/// The remaining nodes and buffers of a driver's batch.
struct Parts<'a> {
    nodes: std::slice::Iter<'a, Node>,
    buffers: std::vec::IntoIter<Buffer>,
}

impl Parts<'_> {
    fn array(&mut self, data_type: &DataType) -> Result<ArrayData, String> {
        let node = *self.nodes.next().ok_or("its node is missing")?;
        let length = i32::try_from(node.length)
            .map_err(|_| format!("{} values are too many", node.length))?
            as usize;
        let layout = layout(data_type);
        let own = usize::from(layout.can_contain_null_mask) + layout.buffers.len();
        if node.buffers as usize != own || self.buffers.len() < own {
            return Err(format!(
                "it takes {own} buffers; its node declares {} and {} were pushed",
                node.buffers,
                self.buffers.len()
            ));
        }
        let mut data = ArrayData::builder(data_type.clone()).len(length).align_buffers(true);
        if layout.can_contain_null_mask {
            let validity = self.buffers.next().filter(|bits| !bits.is_empty());
            if let Some(bits) = &validity
                && bits.len() < length.div_ceil(8)
            {
                return Err(format!(
                    "its validity bitmap has {} bytes for {length} values",
                    bits.len()
                ));
            }
            data = data.null_bit_buffer(validity);
        }
        let buffers = self.buffers.by_ref().zip(&layout.buffers);
        data = data.buffers(buffers.map(|(buffer, spec)| whole(buffer, spec)).collect());
        for child in children(data_type) {
            data = data.add_child_data(self.array(child)?);
        }
        let data = data.build().map_err(message_of)?;
        if data.null_count() as u64 != node.null_count && !data_type.is_null() {
            return Err(format!(
                "its node declares {} nulls; the data has {}",
                node.null_count,
                data.null_count()
            ));
        }
        check_digits(&data)?;
        Ok(data)
    }
}

/// Formats an error without Arrow's name for its kind.
fn message_of(error: ArrowError) -> String {
    match error {
        ArrowError::InvalidArgumentError(reason) => reason,
        other => other.to_string(),
    }
}

/// Cuts a buffer to whole values: Arrow panics at an incomplete value.
fn whole(buffer: Buffer, spec: &BufferSpec) -> Buffer {
    let surplus = match spec {
        BufferSpec::FixedWidth { byte_width, .. } => buffer.len().checked_rem(*byte_width),
        _ => None,
    };
    buffer.slice_with_length(0, buffer.len() - surplus.unwrap_or(0))
}

/// Checks that no decimal has more digits than its type allows.
fn check_digits(data: &ArrayData) -> Result<(), String> {
    match *data.data_type() {
        DataType::Decimal32(digits, scale) => digits_of::<Decimal32Type>(data, digits, scale),
        DataType::Decimal64(digits, scale) => digits_of::<Decimal64Type>(data, digits, scale),
        DataType::Decimal128(digits, scale) => digits_of::<Decimal128Type>(data, digits, scale),
        DataType::Decimal256(digits, scale) => digits_of::<Decimal256Type>(data, digits, scale),
        _ => Ok(()),
    }
}

/// Checks each value, because Arrow's check of a whole array mistakes a negative scale for a large
/// one.
fn digits_of<T: DecimalType>(data: &ArrayData, digits: u8, scale: i8) -> Result<(), String> {
    let values = PrimitiveArray::<T>::from(data.clone());
    let mut values = values.iter().flatten();
    values
        .try_for_each(|value| T::validate_decimal_precision(value, digits, scale))
        .map_err(message_of)
}

fn children(data_type: &DataType) -> Vec<&DataType> {
    match data_type {
        DataType::List(child) | DataType::LargeList(child) | DataType::FixedSizeList(child, _) => {
            vec![child.data_type()]
        }
        DataType::Struct(fields) => fields.iter().map(|field| field.data_type()).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{AsArray, BooleanArray, StructArray};
    use arrow::datatypes::{Field, Schema, i256};

    use super::*;

    fn decimals(data_type: DataType, value: i256) -> Result<Batch, String> {
        let width = data_type.primitive_width().unwrap();
        let schema = Arc::new(Schema::new(vec![Field::new("d", data_type, false)]));
        let bytes = value.to_le_bytes()[..width].to_vec();
        let node = Node { length: 1, null_count: 0, buffers: 2 };
        let buffers = vec![Buffer::default(), Buffer::from(bytes)];
        Batch::from_parts(schema, 1, &[node], buffers)
    }

    #[test]
    fn decimal_digits_are_checked_for_every_width() {
        for data_type in [
            DataType::Decimal32(3, 1),
            DataType::Decimal64(3, 0),
            // A negative scale: multiples of 100.
            DataType::Decimal128(3, -2),
            DataType::Decimal256(3, 3),
        ] {
            for value in [999, -999] {
                decimals(data_type.clone(), i256::from(value)).unwrap();
            }
            let error = decimals(data_type, i256::from(1000)).unwrap_err();
            assert!(error.contains("is too large to store"), "{error}");
        }
    }

    #[test]
    fn bytes_after_the_last_offset_are_ignored() {
        let schema = Arc::new(Schema::new(vec![Field::new("t", DataType::Utf8, false)]));
        let offsets = [0, 0, 0, 0, 2, 0, 0, 0, 0xff, 0xff, 0xff];
        let buffers = [&[][..], &offsets, b"okay"].map(Buffer::from);
        let node = Node { length: 1, null_count: 0, buffers: 3 };
        let batch = Batch::from_parts(schema, 1, &[node], buffers.into()).unwrap();
        assert_eq!(batch.record().column(0).as_string::<i32>().value(0), "ok");
    }

    #[test]
    fn unused_buffer_bytes_count() {
        let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]));
        let node = Node { length: 0, null_count: 0, buffers: 2 };
        let buffers = vec![Buffer::default(), Buffer::from(vec![0_u8; 1 << 20])];
        let batch = Batch::from_parts(schema, 0, &[node], buffers).unwrap();
        assert!(batch.bytes() >= 1 << 20, "{}", batch.bytes());
    }

    #[test]
    fn slice_becomes_an_independent_batch() {
        let flags = BooleanArray::from(vec![Some(true), None, Some(false), Some(true), None]);
        let field = Arc::new(Field::new("flag", DataType::Boolean, true));
        let structs = StructArray::from(vec![(field, Arc::new(flags) as _)]);
        let record = RecordBatch::try_from_iter([("s", Arc::new(structs) as _)]).unwrap();
        let slice = Batch::from(record.slice(1, 3));
        assert_eq!(slice.nodes()[1], Node { length: 3, null_count: 1, buffers: 2 });
        let buffers = (0..).map_while(|index| slice.buffer(index).cloned()).collect();
        let sent =
            Batch::from_parts(record.schema(), slice.rows(), slice.nodes(), buffers).unwrap();
        assert_eq!(sent.record(), &record.slice(1, 3));
    }
}
