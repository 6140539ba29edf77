//! Bodies that break.

use axum::body::Body;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};

use super::Broken;

/// A body that may break. What came before arrives.
pub(crate) fn breaking<S, E>(stream: S) -> Body
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: Into<axum::BoxError> + Send + 'static,
{
    Body::from_stream(stream.then(async |item| {
        if item.is_err() {
            // The connection is flushed while its body waits.
            tokio::task::yield_now().await;
        }
        item
    }))
}

/// The first bytes of a body, and then the end of its connection.
pub(super) fn cut(body: Body, after: usize) -> Body {
    let mut remaining = after;
    let first = body.into_data_stream().map(move |chunk| {
        let mut chunk = chunk.map_err(axum::Error::into_inner)?;
        if remaining == 0 {
            return Err(Broken.into());
        }
        chunk.truncate(remaining);
        remaining -= chunk.len();
        Ok::<Bytes, axum::BoxError>(chunk)
    });
    breaking(first.chain(stream::once(async { Err(Broken.into()) })))
}

/// A body with one byte changed.
pub(super) fn flip(body: Body, at: usize) -> Body {
    let mut offset = 0;
    Body::from_stream(body.into_data_stream().map(move |chunk| {
        chunk.map(|chunk| {
            let index = at.checked_sub(offset).filter(|index| *index < chunk.len());
            offset += chunk.len();
            let Some(index) = index else { return chunk };
            let mut bytes = chunk.to_vec();
            bytes[index] ^= 1;
            Bytes::from(bytes)
        })
    }))
}
