//! Schemas and batches from a driver: every batch that the host accepts can be read completely,
//! cut, concatenated, sent again and spilled, and stays the same.
#![no_main]

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, RecordBatch, layout};
use arrow::buffer::Buffer;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Schema};
use libfuzzer_sys::arbitrary::{self, Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use osiris_core::fs::project_dir::ProjectDir;
use osiris_engine::table::{Batch, Field, Node, channel, flatten, unflatten};
use tempfile::TempDir;

const LEAVES: &str = "n b c C s S i I l L e f g z Z u U tdD tdm tts ttm ttu ttn tDs tDm tDu tDn \
                      tiM tiD tin tss: tsm: tsu:UTC tsn:Europe/Prague d:3,1 d:38,0 d:9,2,32 \
                      d:18,2,64 d:76,3,256 w:0 w:3";

static FOLDER: LazyLock<TempDir> = LazyLock::new(osiris_fuzz::folder);

/// The schema and batch that a driver sends.
#[derive(Debug, Default)]
struct Sent {
    fields: Vec<Field>,
    rows: u64,
    nodes: Vec<Node>,
    buffers: Vec<Vec<u8>>,
}

/// Damage to a valid batch.
#[derive(Debug, Arbitrary)]
enum Damage {
    Cut(u8, u8),
    Grow(u8, u8),
    Byte(u8, u16, u8),
    Swap(u8, u8),
    Drop(u8),
    Length(u8, u64),
    Nulls(u8, u64),
    Buffers(u8, u32),
    Rows(u64),
}

impl<'a> Arbitrary<'a> for Sent {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let mut sent = Self::default();
        for index in 0..u.int_in_range(0..=3)? {
            field(u, format!("c{index}"), 0, &mut sent.fields)?;
        }
        sent.rows = u.int_in_range(0..=20)?;
        if let Ok(schema) = unflatten(&sent.fields) {
            for column in schema.fields() {
                sent.fill(u, column.data_type(), sent.rows as usize)?;
            }
        }
        for _ in 0..u.int_in_range(0..=2)? {
            let damage = u.arbitrary()?;
            sent.suffer(damage);
        }
        Ok(sent)
    }
}

fn field(
    u: &mut Unstructured<'_>,
    name: String,
    depth: u32,
    fields: &mut Vec<Field>,
) -> arbitrary::Result<()> {
    let leaves: Vec<&str> = LEAVES.split_whitespace().collect();
    let kind = u.int_in_range(0..=11)?;
    let (format, children) = match kind {
        _ if depth > 3 => ("l".to_owned(), 0),
        0 => ("+l".to_owned(), 1),
        1 => ("+L".to_owned(), 1),
        2 => (format!("+w:{}", u.int_in_range(0..=4)?), 1),
        3 => ("+s".to_owned(), u.int_in_range(0..=3)?),
        4 => (u.arbitrary::<&str>()?.to_owned(), u.int_in_range(0..=2)?),
        _ => ((*u.choose(&leaves)?).to_owned(), 0),
    };
    let metadata = if u.ratio(1, 8)? { vec![("unit".to_owned(), "kg".to_owned())] } else { vec![] };
    fields.push(Field { name, format, nullable: u.ratio(7, 8)?, metadata, children });
    (0..children).try_for_each(|index| field(u, format!("x{index}"), depth + 1, fields))
}

impl Sent {
    /// Appends a valid array of type `data_type`.
    fn fill(
        &mut self,
        u: &mut Unstructured<'_>,
        data_type: &DataType,
        length: usize,
    ) -> arbitrary::Result<()> {
        let layout = layout(data_type);
        let validity = layout.can_contain_null_mask;
        let own = usize::from(validity) + layout.buffers.len();
        let node = self.nodes.len();
        let (length_, buffers) = (length as u64, own as u32);
        let null_count = if data_type.is_null() { length_ } else { 0 };
        self.nodes.push(Node { length: length_, null_count, buffers });
        if validity {
            let mut bits = Vec::new();
            if u.ratio(1, 3)? {
                bits = bytes(u, length.div_ceil(8))?;
                let set = (0..length).filter(|at| bits[at / 8] >> (at % 8) & 1 == 1).count();
                self.nodes[node].null_count = (length - set) as u64;
            }
            self.buffers.push(bits);
        }
        let mut values = length;
        match data_type {
            DataType::Utf8 | DataType::Binary | DataType::List(_) => {
                values = self.offsets(u, length, 4)?;
            }
            DataType::LargeUtf8 | DataType::LargeBinary | DataType::LargeList(_) => {
                values = self.offsets(u, length, 8)?;
            }
            DataType::FixedSizeList(_, size) => values = length * *size as usize,
            DataType::Boolean => {
                let bits = bytes(u, length.div_ceil(8))?;
                self.buffers.push(bits);
            }
            DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..) => {
                let width = data_type.primitive_width().unwrap_or_default();
                let mut decimals = Vec::new();
                for _ in 0..length {
                    let value: i8 = u.arbitrary()?;
                    decimals.push(value as u8);
                    decimals.extend(vec![if value < 0 { 0xff } else { 0 }; width - 1]);
                }
                self.buffers.push(decimals);
            }
            DataType::FixedSizeBinary(width) => {
                let fixed = bytes(u, length * *width as usize)?;
                self.buffers.push(fixed);
            }
            other => {
                if let Some(width) = other.primitive_width() {
                    let fixed = bytes(u, length * width)?;
                    self.buffers.push(fixed);
                }
            }
        }
        match data_type {
            DataType::Utf8 | DataType::LargeUtf8 => {
                let text = bytes(u, values)?.into_iter().map(|byte| byte & 0x7f).collect();
                self.buffers.push(text);
            }
            DataType::Binary | DataType::LargeBinary => {
                let data = bytes(u, values)?;
                self.buffers.push(data);
            }
            DataType::List(child)
            | DataType::LargeList(child)
            | DataType::FixedSizeList(child, _) => {
                self.fill(u, child.data_type(), values)?;
            }
            DataType::Struct(children) => {
                for child in children {
                    self.fill(u, child.data_type(), length)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Appends a buffer of offsets and returns the last offset.
    fn offsets(
        &mut self,
        u: &mut Unstructured<'_>,
        length: usize,
        width: usize,
    ) -> arbitrary::Result<usize> {
        let mut at = 0_u64;
        let mut offsets = at.to_le_bytes()[..width].to_vec();
        for _ in 0..length {
            at += u.int_in_range(0..=3_u64)?;
            offsets.extend_from_slice(&at.to_le_bytes()[..width]);
        }
        self.buffers.push(offsets);
        Ok(at as usize)
    }

    fn suffer(&mut self, damage: Damage) {
        let count = self.buffers.len().max(1);
        let nodes = self.nodes.len().max(1);
        let at = |index: u8| usize::from(index) % count;
        match damage {
            Damage::Cut(index, by) => {
                if let Some(buffer) = self.buffers.get_mut(at(index)) {
                    buffer.truncate(buffer.len().saturating_sub(by.into()));
                }
            }
            Damage::Grow(index, by) => {
                if let Some(buffer) = self.buffers.get_mut(at(index)) {
                    buffer.extend(vec![by; by.into()]);
                }
            }
            Damage::Byte(index, offset, value) => {
                if let Some(buffer) = self.buffers.get_mut(at(index))
                    && !buffer.is_empty()
                {
                    let offset = usize::from(offset) % buffer.len();
                    buffer[offset] = value;
                }
            }
            Damage::Swap(one, other) if self.buffers.len() > 1 => {
                self.buffers.swap(at(one), at(other));
            }
            Damage::Drop(index) if !self.buffers.is_empty() => drop(self.buffers.remove(at(index))),
            Damage::Swap(..) | Damage::Drop(_) => {}
            Damage::Rows(rows) => self.rows = rows,
            Damage::Length(index, length) => {
                if let Some(node) = self.nodes.get_mut(usize::from(index) % nodes) {
                    node.length = length;
                }
            }
            Damage::Nulls(index, nulls) => {
                if let Some(node) = self.nodes.get_mut(usize::from(index) % nodes) {
                    node.null_count = nulls;
                }
            }
            Damage::Buffers(index, buffers) => {
                if let Some(node) = self.nodes.get_mut(usize::from(index) % nodes) {
                    node.buffers = buffers;
                }
            }
        }
    }
}

/// Returns `count` bytes, zero where the input has no more.
fn bytes(u: &mut Unstructured<'_>, count: usize) -> arbitrary::Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    u.fill_buffer(&mut bytes)?;
    Ok(bytes)
}

fuzz_target!(|sent: Sent| {
    let Ok(schema) = unflatten(&sent.fields) else { return };
    assert_eq!(unflatten(&flatten(&schema)).as_ref(), Ok(&schema), "its own spelling");
    let buffers: Vec<_> = sent.buffers.into_iter().map(Buffer::from).collect();
    let Ok(batch) = Batch::from_parts(schema.clone(), sent.rows, &sent.nodes, buffers) else {
        return;
    };
    assert_eq!(batch.rows(), sent.rows);
    assert_eq!(batch.record().schema(), schema);
    for column in batch.record().columns() {
        column.to_data().validate_full().expect("what is accepted is sound");
    }
    assert_eq!(batch.record(), &in_pieces(batch.record(), &schema), "every value is read");
    assert_eq!(resent(&batch).record(), batch.record());
    for arrived in spilled(&batch) {
        assert_eq!(arrived.record(), batch.record(), "through the spill file");
        assert_eq!(resent(&arrived).record(), batch.record());
    }
});

/// Cuts the rows in the middle and concatenates the halves.
fn in_pieces(record: &RecordBatch, schema: &Arc<Schema>) -> RecordBatch {
    let (rows, half) = (record.num_rows(), record.num_rows() / 2);
    if record.num_columns() == 0 {
        return record.clone();
    }
    let parts = [record.slice(0, half), record.slice(half, rows - half)];
    concat_batches(schema, &parts).expect("pieces of one batch")
}

/// Returns the batch as a driver that reads it would send it.
fn resent(batch: &Batch) -> Batch {
    let count: usize = batch.nodes().iter().map(|node| node.buffers as usize).sum();
    let buffers = (0..count).map(|index| {
        let buffer = batch.buffer(index).expect("its nodes count its buffers");
        Buffer::from(buffer.to_vec())
    });
    let schema = batch.record().schema();
    Batch::from_parts(schema, batch.rows(), batch.nodes(), buffers.collect())
        .expect("what is read can be sent")
}

/// Sends the batch twice and returns both as read by a reader that had fallen behind.
fn spilled(batch: &Batch) -> Vec<Batch> {
    osiris_fuzz::wait(async {
        let (sender, mut readers) = channel(2, 0, ProjectDir::new(FOLDER.path(), FOLDER.path()));
        sender.open(batch.record().schema());
        let mut fast = readers.remove(0);
        for _ in 0..2 {
            sender.send(batch.clone()).await.expect("it can be spilled");
            fast.next().await.expect("it is there").expect("it has not ended");
        }
        sender.finish();
        let mut arrived = Vec::new();
        while let Some(batch) = readers[0].next().await.expect("it can be read back") {
            arrived.push(batch);
        }
        assert_eq!(arrived.len(), 2);
        arrived
    })
}
