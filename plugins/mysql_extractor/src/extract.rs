//! Reads the rows into the output.

use mysql_common::{Column, Session};
use osiris_sdk::{BatchBuilder, Context, Error, Field, Output, Partition, Result, Schema};

use crate::config::Config;
use crate::cursor::Cursor;
use crate::decode::Decoder;
use crate::plan::Plan;

/// A batch is sent once it is so large: what the pipeline moves fastest.
const BATCH: usize = 512 << 10;

pub(crate) fn extract(
    ctx: &Context,
    config: &Config,
    share: Option<Partition>,
    output: &mut Output,
) -> Result<()> {
    let mut plan = Plan::new(config)?;
    let mut session = Session::open(ctx, &config.resolved_connection, config.limits())?;
    if let Some(share) = share.filter(|share| share.count > 1) {
        plan.share(config, &mut session, share)?;
    }
    let reading = format!("reading {}", plan.source);
    let told = |error: Error| error.context(&reading);
    let mut cursor = None;
    if let Some(incremental) = &config.incremental {
        let query = session.prepare(&plan.sql()).map_err(|failure| told(failure.into()))?;
        session.forget(&query)?;
        let found = Cursor::new(ctx, incremental, &query.columns)?;
        plan.beyond(&incremental.cursor, found.literal()?.as_deref());
        cursor = Some(found);
    }
    let query = session.prepare(&plan.sql()).map_err(|failure| told(failure.into()))?;
    let mut rows = session.execute(&query).map_err(|failure| told(failure.into()))?;
    if rows.columns.is_empty() {
        return Err(Error::config("the query answers without rows; `query` is one that reads"));
    }
    let schema = schema(&rows.columns, config, plan.is_table)?;
    output.open(&schema)?;
    let mut decoder = Decoder::new(rows.columns.clone(), config.zero_dates);
    let mut batch = BatchBuilder::new(&schema);
    let mut size = 0;
    while let Some(row) = rows.next_row().map_err(|failure| told(failure.into()))? {
        size += row.len();
        decoder.row(row, &mut batch).map_err(told)?;
        if let Some(cursor) = &mut cursor {
            cursor.see(row);
        }
        if size >= BATCH {
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
