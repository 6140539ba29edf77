//! Rows of a binary `COPY`, into a batch.

use osiris_sdk::{BatchBuilder, Error, Result, Schema};
use postgres_common::{Wire, identifier};

use crate::decode::{Misfit, Rules, decode};
use crate::describe::Column;

/// What the stream begins with.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// Bytes of a value, at most: the host takes no more in a call.
const MAX_VALUE: usize = 128 << 20;

/// Takes the stream apart.
#[derive(Debug)]
pub(crate) struct Rows {
    /// What came so far.
    pub(crate) batch: BatchBuilder,
    /// Bytes of the rows in it.
    pub(crate) size: usize,
    /// The last value of this column is kept.
    pub(crate) cursor: Option<usize>,
    /// That value.
    pub(crate) last: Option<Vec<u8>>,
    names: Vec<String>,
    wires: Vec<Wire>,
    rules: Rules,
    started: bool,
    count: u64,
}

impl Rows {
    pub(crate) fn new(
        schema: &Schema,
        columns: &[Column],
        cursor: Option<usize>,
        rules: Rules,
    ) -> Self {
        Self {
            batch: BatchBuilder::new(schema),
            size: 0,
            cursor,
            last: None,
            names: columns.iter().map(|column| column.name.clone()).collect(),
            wires: columns.iter().map(|column| column.mapped.wire.clone()).collect(),
            rules,
            started: false,
            count: 0,
        }
    }

    /// Adds the rows of one message. A server sends whole rows, the first one
    /// behind the head of the stream.
    pub(crate) fn add(&mut self, message: &[u8]) -> Result<()> {
        let mut rest = message;
        if !self.started {
            rest = head(rest).ok_or_else(malformed)?;
            self.started = true;
        }
        self.size += rest.len();
        while let Some((count, after)) = rest.split_first_chunk::<2>() {
            rest = after;
            // The end of the stream says -1.
            if i16::from_be_bytes(*count) >= 0 {
                self.row(&mut rest)?;
            }
        }
        Ok(())
    }

    fn row(&mut self, rest: &mut &[u8]) -> Result<()> {
        self.count += 1;
        for (index, (wire, column)) in self.wires.iter().zip(&mut self.batch.columns).enumerate() {
            let (length, after) = rest.split_first_chunk::<4>().ok_or_else(malformed)?;
            *rest = after;
            let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
                column.push_null();
                continue;
            };
            let (value, after) = rest.split_at_checked(length).ok_or_else(malformed)?;
            *rest = after;
            let result = if length > MAX_VALUE {
                Err(Misfit::TooLong)
            } else {
                decode(wire, value, self.rules, column)
            };
            if let Err(misfit) = result {
                return Err(self.explain(index, misfit));
            }
            if self.cursor == Some(index) {
                let last = self.last.get_or_insert_default();
                last.clear();
                last.extend_from_slice(value);
            }
        }
        Ok(())
    }

    fn explain(&self, column: usize, misfit: Misfit) -> Error {
        let name = &self.names[column];
        let quoted = identifier(name);
        let option = misfit.option().map_or_else(String::new, |option| {
            format!("set `{option}: null` or `{option}: text`, ")
        });
        Error::data(format!(
            "row {}, column {name:?}: the value {}; {option}read it in a query as {} AS {quoted}, \
             or leave the row out",
            self.count,
            misfit.why(),
            misfit.cast(&quoted)
        ))
    }
}

/// What follows the head of a stream.
fn head(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(SIGNATURE)?;
    let (_flags, rest) = rest.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    rest.get(usize::try_from(u32::from_be_bytes(*length)).ok()?..)
}

fn malformed() -> Error {
    Error::data("the server's rows are not in the binary format of COPY")
}
