//! Rows of a binary `COPY`, into a batch.

use db_common::MAX_VALUE;
use osiris_sdk::{BatchBuilder, Error, Result, Schema};
use postgres_common::{Wire, identifier};

use crate::decode::{Misfit, Rules, decode};
use crate::describe::Column;

/// The beginning of the stream.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

const MIB: usize = 1 << 20;

/// Takes the stream apart.
///
/// Every message of a server is one row, so the functions for errors are cold: the compiler would
/// prepare parts of their messages for each row.
#[derive(Debug)]
pub(crate) struct Rows {
    /// The rows that came so far.
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
    row_limit: usize,
    /// Bytes of a message, at most, that holds no row or value that is too large.
    small: usize,
    started: bool,
    count: u64,
}

impl Rows {
    pub(crate) fn new(
        schema: &Schema,
        columns: &[Column],
        cursor: Option<usize>,
        rules: Rules,
        row_limit: usize,
    ) -> Self {
        Self {
            batch: BatchBuilder::new(schema),
            size: 0,
            cursor,
            last: None,
            names: columns.iter().map(|column| column.name.clone()).collect(),
            wires: columns.iter().map(|column| column.mapped.wire.clone()).collect(),
            rules,
            row_limit,
            small: row_limit.min(MAX_VALUE),
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
        if rest.len() > self.small {
            self.check_size(rest)?;
        }
        for (index, (wire, column)) in self.wires.iter().zip(&mut self.batch.columns).enumerate() {
            let (length, after) = rest.split_first_chunk::<4>().ok_or_else(malformed)?;
            *rest = after;
            let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
                column.push_null();
                continue;
            };
            let (value, after) = rest.split_at_checked(length).ok_or_else(malformed)?;
            *rest = after;
            if let Err(misfit) = decode(wire, value, self.rules, column) {
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

    /// Refuses a row that is larger than a batch may be, and names its largest value.
    #[cold]
    #[inline(never)]
    fn check_size(&self, mut rest: &[u8]) -> Result<()> {
        let (mut row, mut largest, mut column) = (0, 0, 0);
        for index in 0..self.names.len() {
            let (length, after) = rest.split_first_chunk::<4>().ok_or_else(malformed)?;
            // A missing value has a length of -1.
            let length = usize::try_from(i32::from_be_bytes(*length)).unwrap_or_default();
            rest = after.get(length..).ok_or_else(malformed)?;
            row += length;
            if length > largest {
                (largest, column) = (length, index);
            }
        }
        let name = &self.names[column];
        let quoted = identifier(name);
        let place = format!("row {}, column {name:?}", self.count);
        let part = format!(
            "read a part of it in a query, such as substr({quoted}, 1, 1000000) AS {quoted}, or \
             leave the row out"
        );
        if largest > MAX_VALUE {
            return Err(Error::data(format!(
                "{place}: the value has {largest} bytes, and no step can hand on more than {} MiB \
                 at once; {part}",
                MAX_VALUE / MIB
            )));
        }
        if row <= self.row_limit {
            return Ok(());
        }
        let batch = (row + row / 16).div_ceil(MIB) + 1;
        Err(Error::data(format!(
            "{place}: the value has {largest} bytes, the row {row}, and a row may have {}; set \
             `row_limit: {row}` for the step and `limits: {{batch: {batch}MiB}}` in osiris.yaml, \
             {part}",
            self.row_limit
        )))
    }

    #[cold]
    #[inline(never)]
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

/// Returns the part behind the head of a stream, or `None` if there is no head.
fn head(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(SIGNATURE)?;
    let (_flags, rest) = rest.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    rest.get(usize::try_from(u32::from_be_bytes(*length)).ok()?..)
}

#[cold]
#[inline(never)]
fn malformed() -> Error {
    Error::data("the server's rows are not in the binary format of COPY")
}
