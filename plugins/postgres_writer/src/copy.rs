//! Rows to the server, in the binary format of `COPY`.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::SinkExt;
use osiris_sdk::{Context, Error, Input, Result};
use postgres_common::Session;
use tokio_postgres::CopyInSink;

use crate::encode::{Misfit, display, encode, encode_null};
use crate::plan::Plan;

/// The beginning of the stream, flags and an empty extension included.
const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// The end of the stream: a row of -1 columns.
const END: [u8; 2] = (-1_i16).to_be_bytes();
/// So much is sent at once.
const CHUNK: usize = 256 << 10;

/// Copies the input by a `COPY ... FROM STDIN` statement and returns how many
/// rows the server took. `numbered` rows have their number in front.
pub(crate) fn copy(
    ctx: &Context,
    session: &Session,
    statement: &str,
    plan: &Plan,
    numbered: bool,
    input: &mut Input,
) -> Result<u64> {
    let sink = session.wait(session.client.copy_in::<_, Bytes>(statement))?;
    let mut copy = Copy { session, sink: Box::pin(sink), out: Vec::with_capacity(CHUNK * 2) };
    copy.out.extend_from_slice(HEAD);
    let width = plan.columns.len() + usize::from(numbered);
    let width = i16::try_from(width)
        .map_err(|_| Error::config("PostgreSQL tables have up to 1,600 columns"))?;
    let mut number = 0_i64;
    while let Some(batch) = input.next()? {
        ctx.check_cancelled()?;
        let columns = plan
            .columns
            .iter()
            .map(|fed| {
                let column = batch.column(fed.index)?;
                let has_nulls = column.null_count() > 0;
                Ok((fed, column, has_nulls))
            })
            .collect::<Result<Vec<_>>>()?;
        for (fed, column, _) in columns.iter().filter(|(fed, ..)| fed.is_key) {
            if let Some(row) = (0..batch.rows()).find(|row| column.is_null(*row)) {
                return Err(plan.null_key(fed, number + row as i64 + 1));
            }
        }
        for row in 0..batch.rows() {
            number += 1;
            copy.out.extend(width.to_be_bytes());
            if numbered {
                copy.out.extend(8_u32.to_be_bytes());
                copy.out.extend(number.to_be_bytes());
            }
            for (fed, column, has_nulls) in &columns {
                if *has_nulls && column.is_null(row) {
                    encode_null(&mut copy.out);
                    continue;
                }
                let result = encode(&fed.feed, &fed.data_type, column, row, &mut copy.out);
                if let Err(Misfit(why)) = result {
                    let value = display(column, row, &fed.data_type);
                    return Err(plan.misfit(fed, number, &value, &why));
                }
            }
            if copy.out.len() >= CHUNK {
                copy.send()?;
            }
        }
    }
    ctx.check_cancelled()?;
    copy.out.extend(END);
    copy.send()?;
    session.wait(copy.sink.as_mut().finish())
}

/// A copy under way.
struct Copy<'a> {
    session: &'a Session,
    sink: Pin<Box<CopyInSink<Bytes>>>,
    out: Vec<u8>,
}

impl Copy<'_> {
    fn send(&mut self) -> Result<()> {
        let chunk = std::mem::replace(&mut self.out, Vec::with_capacity(CHUNK * 2));
        self.session.wait(self.sink.send(chunk.into()))
    }
}
