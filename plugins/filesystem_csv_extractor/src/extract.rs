//! The second pass: the values, batch by batch.

use osiris_sdk::{BatchBuilder, Context, Error, Output, Result};

use crate::fill::{Misfit, fill};
use crate::header;
use crate::misfit::{MisfitValue, shorten};
use crate::options::Options;
use crate::plan::Plan;
use crate::rejects::Rejects;
use crate::source::{Source, Stop};
use crate::split::{Block, Splitter, Tally};
use crate::text::Changes;

/// A batch is sent once it is so large: what the pipeline moves fastest.
const BATCH: usize = 512 << 10;
/// The same when the configuration says how many rows are in a batch, so that
/// memory stays bounded whatever it says.
const MAX_BATCH: usize = 32 << 20;
/// A part of a block that is added at once: so small that a batch hardly grows
/// beyond its size. More if a row of many columns is large, because each column
/// of each part has a price too.
const PART: usize = 256 << 10;
const MAX_PART: usize = 8 << 20;
/// Rows that a part of a table of many columns has room for.
const PART_ROWS: usize = 8;
/// Rows that a batch of many columns has room for: each column of each batch
/// has a price, whatever is in it.
const ROWS: usize = 64;
/// Columns that stay text whose reasons are logged.
const MAX_REASONS: usize = 3;
/// Bytes that a value takes in a batch, at most, besides its text.
const VALUE: usize = 16;

/// Reads the rows into the output.
pub(crate) fn extract(
    ctx: &Context,
    source: &Source,
    options: &Options,
    plan: &Plan,
    mut rejects: Option<Rejects>,
    output: &mut Output,
) -> Result<()> {
    output.open(&plan.schema)?;
    // Of a compressed file the size of its text is not known.
    let total = (source.compression == csv_common::Compression::None).then_some(source.size);
    let misfit = source.read(|text| {
        let mut splitter = Splitter::new(text, options.dialect);
        if rejects.is_some() {
            splitter.keep_rejects();
        }
        if header::begin(&mut splitter, options, &source.path)? != plan.found {
            return Err(Stop::Error(Error::data(format!(
                "{} has changed while it was read",
                source.path
            ))));
        }
        let mut rows = Rows { options, plan, output, batch: BatchBuilder::new(&plan.schema) };
        let mut left = options.limit;
        while left > 0 {
            let Some(block) = splitter.block()? else { break };
            let block = block.first(left.min(block.rows() as u64) as usize);
            left -= block.rows() as u64;
            if let Some(misfit) = rows.add(block)? {
                return Ok(Some(misfit));
            }
            let end = block.end();
            ctx.progress(end, total);
            if let Some(rejects) = &mut rejects {
                // What is behind the last row that is wanted has not been asked for.
                let end = if left > 0 { u64::MAX } else { end };
                rejects.add(&source.path, &splitter.take_rejects(), end)?;
            }
        }
        if let (Some(rejects), true) = (&mut rejects, left > 0) {
            rejects.add(&source.path, &splitter.take_rejects(), u64::MAX)?;
        }
        rows.output.send(&mut rows.batch)?;
        let (tally, changes) = splitter.tally();
        let rejects = rejects.as_ref();
        report(ctx, &source.path, plan, options, tally, changes, rejects);
        Ok(None)
    })?;
    match misfit {
        Some(misfit) => Err(misfit.explain(source, plan, options)),
        None => rejects.map_or(Ok(()), Rejects::finish),
    }
}

/// Says what is not in the table, or is otherwise in it than in the file.
fn report(
    ctx: &Context,
    path: &str,
    plan: &Plan,
    options: &Options,
    tally: Tally,
    changes: Changes,
    rejects: Option<&Rejects>,
) {
    let many = |count: u64, what: &str| match count {
        1 => format!("{path}: 1 {what}"),
        count => format!("{path}: {count} {what}s"),
    };
    if tally.blank > 0 {
        let said = format!(
            "{} left out; `skip_blank_lines: false` makes each a row of missing values",
            many(tally.blank, "empty line")
        );
        // In a table of one column they may be values; elsewhere there is nothing in them.
        if plan.found.len() == 1 { ctx.warn(said) } else { ctx.info(said) }
    }
    for (column, reason) in plan.texts.iter().take(MAX_REASONS) {
        ctx.info(format!("column `{}` stays text: {reason}", shorten(column.as_bytes())));
    }
    if let Some(more) = plan.texts.len().checked_sub(MAX_REASONS).filter(|more| *more > 0) {
        ctx.info(format!("{more} more columns of numbers or dates stay text"));
    }
    let (skipped, left_out) = match rejects {
        None => (tally.skipped, "left out (`ragged_rows: skip`)".to_owned()),
        Some(file) => (file.rows(), format!("set aside in {} (`ragged_rows: aside`)", file.path())),
    };
    let skipped_how = format!("too short or too long, {left_out}");
    for (count, what, done) in [
        (tally.padded, "row", "too short, ends in missing values (`ragged_rows: pad`)"),
        (tally.cut, "row", "too long, lost what is beyond the header (`ragged_rows: cut`)"),
        (skipped, "row", skipped_how.as_str()),
        (changes.replaced, "place", "not of the encoding, U+FFFD (`encoding_errors: replace`)"),
        (changes.nuls, "byte 0", "left out (`nul: drop`)"),
    ] {
        if count > 0 {
            ctx.warn(format!("{}: {done}", many(count, what)));
        }
    }
    if changes.controls > 0 {
        ctx.warn(format!(
            "{} of the encoding read, which text hardly holds; files from Windows are in another, \
             such as `encoding: windows-1252`",
            many(changes.controls, "control character")
        ));
    }
    let kept = options.kept_texts();
    if kept > 0 {
        ctx.warn(format!(
            "{} equal to one of `na_values` kept as text for its quotes; `quoted_na: true` makes \
             it a missing value",
            many(kept, "value")
        ));
    }
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
        let values = self.plan.columns.len() * VALUE;
        let limit = match self.options.chunk_size {
            Some(_) => MAX_BATCH,
            None => (values * ROWS).clamp(BATCH, MAX_BATCH / 2),
        };
        let most = (values * PART_ROWS).clamp(PART, MAX_PART);
        while block.rows() > 0 {
            let room = chunk - self.batch.rows();
            let (rows, size) = self.part(&block, room.min(block.rows()), most);
            if self.batch.rows() > 0 && self.batch.bytes() + size > limit + most {
                self.output.send(&mut self.batch)?;
                continue;
            }
            let part = block.first(rows);
            let columns = self.plan.columns.iter().zip(&self.plan.schema.fields);
            for (index, (column, field)) in columns.enumerate() {
                let builder = &mut self.batch.columns[index];
                let filled = fill(field, column, &part, &self.options.reading, builder);
                if let Err(Misfit(row)) = filled {
                    return Ok(Some(MisfitValue::new(index, column, &part, row)));
                }
            }
            if self.batch.rows() >= chunk || self.batch.bytes() >= limit {
                self.output.send(&mut self.batch)?;
            }
            block = block.skip(part.rows());
        }
        Ok(None)
    }

    /// Number of the first rows that make a part of so many bytes at most, one
    /// row at least, and of the bytes they may take in a batch.
    fn part(&self, block: &Block<'_>, rows: usize, most: usize) -> (usize, usize) {
        let values = self.plan.columns.len() * VALUE;
        let all = block.first(rows);
        let size = values * rows + all.size();
        if size <= most {
            return (rows, size);
        }
        let mut size = 0;
        for row in 0..rows {
            let more = values + block.size_of(row);
            if row > 0 && size + more > most {
                return (row, size);
            }
            size += more;
        }
        (rows, size)
    }
}
