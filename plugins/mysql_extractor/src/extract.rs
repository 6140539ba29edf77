//! Reads the rows into the output.

use db_common::{BATCH_SIZE, MAX_VALUE};
use mysql_common::{Column, Native, Session, declare, identifier};
use osiris_sdk::{BatchBuilder, Context, Error, Field, Output, Partition, Result, Schema};

use crate::config::{Config, Tinyint1};
use crate::decode::Decoder;
use crate::incremental::Cursor;
use crate::source::Source;

/// A row that is so large, with those before it, goes into a batch of its own.
const LARGE: usize = 32 << 20;

/// Bytes of a batch unless the project raises `limits.batch`.
const BATCH_LIMIT: usize = 64 << 20;

/// Bytes of a batch beside its values.
const BESIDE: usize = 64 << 10;

/// The type of TINYINT(1), which is BOOLEAN.
const TINYINT1: Native = Native::Int { bytes: 1, signed: true };

pub(crate) fn extract(
    ctx: &Context,
    config: &Config,
    share: Option<Partition>,
    output: &mut Output,
) -> Result<()> {
    let mut source = Source::new(config)?;
    let mut session = Session::open(ctx, &config.resolved_connection, config.timeouts())?;
    session.apply(&config.session)?;
    if let Some(share) = share.filter(|share| share.count > 1) {
        source.share(config, &mut session, share)?;
    }
    let reading = format!("reading {}", source.name);
    let told = |error: Error| error.context(&reading);
    let mut cursor = None;
    if let Some(incremental) = &config.incremental {
        let query = session.prepare(&source.sql()).map_err(|error| told(error.into()))?;
        session.forget(&query)?;
        let found = Cursor::new(ctx, config, incremental, &query.columns)?;
        source.beyond(&incremental.cursor, found.condition()?);
        cursor = Some(found);
    }
    let mut query = session.prepare(&source.sql()).map_err(|error| told(error.into()))?;
    if let Some(table) = &config.table {
        declare(&mut session, table, &mut query.columns)?;
    }
    let mut rows = session.execute(&query).map_err(|error| told(error.into()))?;
    for (column, prepared) in rows.columns.iter_mut().zip(&query.columns) {
        if matches!(prepared.native, Native::Timestamp { .. } | Native::Vector) {
            column.native = prepared.native;
        }
        if config.tinyint1 == Tinyint1::Boolean && column.native == TINYINT1 && column.length == 1 {
            column.native = Native::Boolean;
        }
    }
    if rows.columns.is_empty() {
        return Err(Error::config("the query answers without rows; `query` is one that reads"));
    }
    let schema = schema(&rows.columns, config, source.is_table)?;
    output.open(&schema)?;
    let mut decoder = Decoder::new(rows.columns.clone(), config.zero_dates);
    let mut batch = BatchBuilder::new(&schema);
    let mut size = 0;
    while let Some(row) = rows.next_row().map_err(|error| told(error.into()))? {
        if row.len() + BESIDE > BATCH_LIMIT {
            check_size(ctx, &decoder, row).map_err(told)?;
        }
        if size > 0 && size + row.len() > LARGE {
            size = 0;
            output.send(&mut batch)?;
        }
        size += row.len();
        decoder.row(row, &mut batch).map_err(told)?;
        if let Some(cursor) = &mut cursor {
            cursor.see(row);
        }
        if size >= BATCH_SIZE {
            size = 0;
            ctx.check_cancelled()?;
            output.send(&mut batch)?;
        }
    }
    ctx.check_cancelled()?;
    output.send(&mut batch)?;
    session.close();
    cursor.map_or(Ok(()), |cursor| cursor.save(ctx))
}

/// Checks that a large row fits into a batch.
fn check_size(ctx: &Context, decoder: &Decoder, row: &[u8]) -> Result<()> {
    let number = decoder.rows() + 1;
    let (name, size) = decoder.largest(row).unwrap_or_default();
    if size + BESIDE > MAX_VALUE {
        return Err(Error::data(format!(
            "row {number}, column {name:?}: the value has {size} bytes, and osiris passes on values \
             of up to 128 MiB; leave the column out with `columns`, or read it in parts in a \
             `query`: SUBSTRING({}, 1, 60000000)",
            identifier(name)
        )));
    }
    ctx.warn(format!(
        "row {number} has {} bytes, {size} of them in column {name:?}: more than the 64 MiB of a \
         batch unless osiris.yaml raises that; set `limits: {{batch: {}MiB}}` there",
        row.len(),
        (row.len() + BESIDE).div_ceil(1 << 20)
    ));
    Ok(())
}

fn schema(columns: &[Column], config: &Config, is_table: bool) -> Result<Schema> {
    let mut fields: Vec<Field> = Vec::with_capacity(columns.len());
    for column in columns {
        if fields.iter().any(|field| field.name == column.name) {
            return Err(Error::config(format!(
                "the query answers with two columns {:?}; give one another name with AS",
                column.name
            )));
        }
        // Of expressions, servers do not always know; a zero date may become null.
        let nullable =
            column.nullable || !is_table || config.zero_dates == mysql_common::ZeroDates::Null;
        let data_type = column.native.data_type(config.zero_dates);
        fields.push(Field::new(column.name.clone(), data_type, nullable));
    }
    Ok(Schema::new(fields))
}
