//! Generates rows, or reads them from a file.

use osiris_sdk::{
    BatchBuilder, ColumnBuilder, Context, DataType, Error, Field, Kind, Output, Partition, Result,
    Schema, Summary,
};
use serde_json::{Value, json};

use crate::Config;
use crate::connection::nanoseconds;

/// Rows of the table, and rows per batch.
const ROWS: i64 = 20;
const BATCH: usize = 10;

pub(crate) fn run(
    ctx: &Context,
    config: &Config,
    share: Option<Partition>,
    mut output: Output,
) -> Result<Summary> {
    if config.is("extract-fails") {
        return Err(Error::internal("there is nothing to be had"));
    }
    let mut ids = match &config.source {
        Some(source) => read(config, source)?,
        None => (0..ROWS).collect(),
    };
    let cursor = if config.incremental { cursor(ctx) } else { None };
    if let Some(cursor) = cursor.filter(|_| !config.is("state-ignored")) {
        ids.retain(|id| *id > cursor);
    }
    if let Some(Partition { index, count }) = share {
        let is_first = |id: &i64| config.is("partition-overlaps") && *id == 0;
        ids.retain(|id| is_first(id) || *id % i64::from(count) == i64::from(index));
        if config.is("partition-gaps") {
            ids.retain(|id| *id != 7);
        }
    }
    if config.is("extract-at-random") {
        shuffle(&mut ids);
    }
    let mut fields =
        vec![Field::new("id", DataType::Int64, false), Field::new("name", DataType::Utf8, false)];
    if config.is("partition-columns") && share.is_some_and(|share| share.index > 0) {
        fields[1].nullable = true;
    }
    let schema = Schema::new(fields);
    output.open(&schema)?;
    match send(&schema, &ids, &mut output) {
        // The fault: the cancellation is swallowed.
        Err(error) if config.is("cancel-ignored") && error.kind == Kind::Cancelled => {
            return Ok(Summary::default());
        }
        sent => sent?,
    }
    save(ctx, config, ids.iter().max().copied().or(cursor))?;
    Ok(Summary::default())
}

fn send(schema: &Schema, ids: &[i64], output: &mut Output) -> Result<()> {
    let mut batch = BatchBuilder::new(schema);
    for rows in ids.chunks(BATCH) {
        if let [ColumnBuilder::Int64(column), ColumnBuilder::Utf8(names)] = &mut batch.columns[..] {
            for id in rows {
                column.push(*id);
                names.push_str(&format!("number {id}"));
            }
        }
        output.send(&mut batch)?;
    }
    Ok(())
}

fn read(config: &Config, source: &str) -> Result<Vec<i64>> {
    let bytes = std::fs::read(source).map_err(|error| match config.is("missing-file-unnamed") {
        true => Error::from(error),
        false => Error::from(error).context(source),
    })?;
    if config.is("bad-file-panics") && bytes.contains(&0xff) {
        panic!("{source} is no text");
    }
    let wrong = |why: &str| match config.is("bad-file-internal") {
        true => Error::internal(format!("{source}: {why}")),
        false => Error::data(format!("{source}: {why}")),
    };
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is no text"))?;
    text.lines().map(|line| line.trim().parse().map_err(|_| wrong("a line is no number"))).collect()
}

/// Shuffles the ids so that, in practice, no order occurs twice.
fn shuffle(ids: &mut [i64]) {
    let mut seed = nanoseconds();
    for index in (1..ids.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ids.swap(index, (seed >> 33) as usize % (index + 1));
    }
}

fn cursor(ctx: &Context) -> Option<i64> {
    let state: Value = serde_json::from_str(&ctx.load_state()?).ok()?;
    state["cursor"].as_i64().or(state.as_i64())
}

fn save(ctx: &Context, config: &Config, cursor: Option<i64>) -> Result<()> {
    let Some(cursor) = cursor.filter(|_| config.incremental || config.is("state-always")) else {
        return Ok(());
    };
    let mut state = json!({"cursor": cursor});
    match config.fault.as_str() {
        "state-bare" => state = json!(cursor),
        "state-large" => state["rest"] = "x".repeat(100 << 10).into(),
        "state-moves" if ctx.load_state().is_some() => state["cursor"] = 0.into(),
        _ => {}
    }
    ctx.save_state(&state.to_string())
}
