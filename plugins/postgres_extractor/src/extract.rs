//! From the first to the last row.

use std::pin::Pin;
use std::task::Poll;

use bytes::Bytes;
use db_common::BATCH_SIZE;
use futures_util::{Stream, StreamExt};
use osiris_sdk::{Context, Error, Output, Partition, Result};
use postgres_common::{Access, Session, has_code};
use tokio_postgres::CopyOutStream;

use crate::config::{Config, Special};
use crate::decode::Rules;
use crate::describe::{describe, query, schema};
use crate::incremental::Cursor;
use crate::partition;
use crate::rows::Rows;
use crate::source::Source;

pub(crate) fn extract(
    ctx: &Context,
    config: &Config,
    share: Option<Partition>,
    output: &mut Output,
) -> Result<()> {
    let source = Source::new(config)?;
    let session = Session::open(ctx, &config.resolved_connection, config.timeouts())?;
    let mut streams = false;
    let result = transaction(ctx, &session, config, share, source, output, &mut streams);
    // While rows stream, the end of the connection stops them sooner.
    if result.is_err() && !streams {
        session.rollback();
    }
    session.close();
    result
}

/// Reads everything in one transaction. `streams` is true while rows are on their way.
fn transaction(
    ctx: &Context,
    session: &Session,
    config: &Config,
    share: Option<Partition>,
    mut source: Source,
    output: &mut Output,
    streams: &mut bool,
) -> Result<()> {
    session.begin(Access::Read, &config.session)?;
    let columns = describe(session, &source, config).map_err(|error| missing(error, config))?;
    if let Some(share) = share {
        partition::restrict(ctx, session, config, &columns, share, &mut source)?;
    }
    let cursor = config
        .incremental
        .as_ref()
        .map(|incremental| Cursor::new(ctx, config, incremental, &columns, &mut source))
        .transpose()?;
    let schema = schema(&columns);
    output.open(&schema)?;
    let rules = Rules {
        raw_text: session.raw_text,
        infinity_is_null: config.infinity == Special::Null,
        nan_is_null: config.nan == Special::Null,
    };
    let cursor_column = cursor.as_ref().map(|cursor| cursor.column);
    let mut rows = Rows::new(&schema, &columns, cursor_column, rules, config.row_limit);
    let copy = format!("COPY (\n{}\n) TO STDOUT (FORMAT binary)", query(&source, &columns));
    let mut stream = Box::pin(session.wait(session.client.copy_out(&copy))?);
    *streams = true;
    let mut large = None;
    loop {
        ctx.check_cancelled()?;
        let more = session.block_on(fill(session, stream.as_mut(), &mut rows, &mut large));
        let more = more.map_err(|stop| match stop {
            Stop::Protocol(error) => {
                *streams = false;
                session.explain(&error)
            }
            Stop::Error(error) => error,
        })?;
        output.send(&mut rows.batch)?;
        rows.size = 0;
        if !more {
            break;
        }
    }
    drop(stream);
    *streams = false;
    if let Some(cursor) = cursor {
        let column = &columns[cursor.column];
        cursor.save(ctx, session, column, rows.last.as_deref())?;
    }
    session.commit()
}

/// The reason why rows stopped coming.
enum Stop {
    Protocol(tokio_postgres::Error),
    Error(Error),
}

/// Reads rows until a batch is full, and returns false if there are no more. A `large` row waits for
/// a batch of its own.
async fn fill(
    session: &Session,
    mut stream: Pin<&mut CopyOutStream>,
    rows: &mut Rows,
    large: &mut Option<Bytes>,
) -> Result<bool, Stop> {
    if let Some(message) = large.take() {
        rows.add(&message).map_err(Stop::Error)?;
    }
    while rows.size < BATCH_SIZE {
        // A timer for each row would cost more than the row.
        let ready = std::future::poll_fn(|cx| Poll::Ready(stream.as_mut().poll_next(cx))).await;
        let next: Option<Result<Bytes, _>> = match ready {
            Poll::Ready(next) => next,
            Poll::Pending => {
                session.in_time(stream.next()).await.ok_or_else(|| Stop::Error(session.silent()))?
            }
        };
        let Some(message) = next else { return Ok(false) };
        let message = message.map_err(Stop::Protocol)?;
        if message.len() > BATCH_SIZE && rows.size > 0 {
            *large = Some(message);
            break;
        }
        rows.add(&message).map_err(Stop::Error)?;
    }
    Ok(true)
}

/// Says where a table was looked for that is not there.
fn missing(error: Error, config: &Config) -> Error {
    let is_table = config.table.is_some() && has_code(&error, "42P01");
    if is_table && config.resolved_connection.schema.is_none() {
        return Error::new(
            error.kind,
            format!("{}; set `schema` if it is not in public", error.message),
        );
    }
    error
}
