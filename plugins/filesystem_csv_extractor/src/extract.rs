//! The second pass: the values, batch by batch.

use osiris_sdk::{BatchBuilder, Context, DataType, Error, Output, Result};

use crate::dtype;
use crate::fill::{Column, Misfit, Origin, fill};
use crate::header;
use crate::options::Options;
use crate::plan::Plan;
use crate::source::{Source, Stop};
use crate::split::{Block, Splitter};

/// A batch is sent once it is so large: what the pipeline moves fastest.
const BATCH: usize = 512 << 10;
/// The same when the configuration says how many rows are in a batch, so that
/// memory stays bounded whatever it says.
const MAX_BATCH: usize = 64 << 20;

/// Reads the rows into the output.
pub(crate) fn extract(
    ctx: &Context,
    source: &Source,
    options: &Options,
    plan: &Plan,
    output: &mut Output,
) -> Result<()> {
    let schema = plan.schema();
    output.open(&schema)?;
    // Of a compressed file the size of its text is not known.
    let total = (source.compression == csv_common::Compression::None).then_some(source.size);
    let misfit = source.read(|text| {
        let mut splitter = Splitter::new(text, options.dialect);
        if header::begin(&mut splitter, options)? != plan.found {
            return Err(Stop::Error(Error::data(format!(
                "{} has changed while it was read",
                source.path
            ))));
        }
        let mut rows = Rows { options, plan, output, batch: BatchBuilder::new(&schema) };
        let mut left = options.limit;
        while left > 0 {
            let Some(block) = splitter.block()? else { break };
            let block = block.first(left.min(block.rows() as u64) as usize);
            left -= block.rows() as u64;
            if let Some(misfit) = rows.add(block)? {
                return Ok(Some(misfit));
            }
            ctx.progress(block.end(), total);
        }
        rows.output.send(&mut rows.batch)?;
        Ok(None)
    })?;
    misfit.map_or(Ok(()), |misfit| Err(misfit.explain(source, plan)))
}

/// Rows on their way from blocks to batches.
struct Rows<'a> {
    options: &'a Options,
    plan: &'a Plan,
    output: &'a mut Output,
    batch: BatchBuilder,
}

impl Rows<'_> {
    /// Adds a block, and says what does not fit.
    fn add(&mut self, mut block: Block<'_>) -> Result<Option<MisfitValue>> {
        let chunk = self.options.chunk_size.unwrap_or(usize::MAX);
        let size = self.options.chunk_size.map_or(BATCH, |_| MAX_BATCH);
        while block.rows() > 0 {
            let room = chunk - self.batch.rows();
            let part = block.first(room.min(block.rows()));
            for (index, column) in self.plan.columns.iter().enumerate() {
                let builder = &mut self.batch.columns[index];
                if let Err(Misfit(row)) = fill(column, &part, &self.options.nulls, builder) {
                    return Ok(Some(MisfitValue::new(index, column, &part, row)));
                }
            }
            if self.batch.rows() >= chunk || self.batch.bytes() >= size {
                self.output.send(&mut self.batch)?;
            }
            block = block.skip(part.rows());
        }
        Ok(None)
    }
}

/// A value that its column cannot hold.
struct MisfitValue {
    column: usize,
    offset: u64,
    value: String,
}

impl MisfitValue {
    fn new(index: usize, column: &Column, block: &Block<'_>, row: usize) -> Self {
        let field = block.column(column.place).nth(row).unwrap_or_default();
        let value = block.value(block.unquote(field));
        Self { column: index, offset: block.offset_of(row), value: shorten(&value) }
    }

    fn explain(self, source: &Source, plan: &Plan) -> Error {
        let Column { field, origin, .. } = &plan.columns[self.column];
        let line = source.line(Some(self.offset));
        let why = match origin {
            Origin::Declared => String::new(),
            Origin::Values => " any more; the file has changed while it was read".to_owned(),
            Origin::Sample => format!(", which the first {} rows are", plan.rows),
        };
        let hint = match &field.data_type {
            DataType::Timestamp(_, None) => ", `timestamptz` reads times with an offset",
            DataType::Timestamp(_, Some(_)) => ", `timestamp` reads times without an offset",
            _ => "",
        };
        Error::data(format!(
            "{path} line {line}: column {name:?} cannot hold {value:?}: it is not \
             {data_type}{why}; `dtype: {{{name:?}: str}}` reads the column as text{hint}",
            path = source.path,
            name = field.name,
            value = self.value,
            data_type = dtype::name(&field.data_type),
        ))
    }
}

/// A value short enough for a message.
fn shorten(value: &[u8]) -> String {
    const SHOWN: usize = 60;
    let text = String::from_utf8_lossy(value);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.into_owned(),
    }
}
