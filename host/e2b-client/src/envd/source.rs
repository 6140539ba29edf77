//! Upload sources that can be read again for a retry.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{fmt, io};

use async_compression::Level;
use async_compression::tokio::bufread::GzipEncoder;
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt as _};
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Body, RequestBuilder, Response};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;
use tokio_util::io::{ReaderStream, StreamReader};

use super::super::error::{Error, Kind, Result, Retryability};

/// Bytes per piece of an upload.
const PIECE: usize = 64 << 10;

/// An upload is given up if the server takes no data, or does not answer after the last byte, for
/// this long.
const IDLE: Duration = Duration::from_secs(60);

/// Minimum speed in bytes per second: slower uploads are given up at the deadline.
const SLOWEST: u64 = 32 << 10;

type Pieces = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;
type Progress = Arc<dyn Fn(u64) + Send + Sync>;

/// The content of an upload: bytes, or a file that is streamed. Cheap to clone.
#[derive(Clone)]
pub struct Source {
    from: From,
    progress: Option<Progress>,
}

#[derive(Clone)]
enum From {
    Bytes(Bytes),
    File(Arc<PathBuf>),
}

impl Source {
    /// Creates a source from bytes.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self { from: From::Bytes(bytes.into()), progress: None }
    }

    /// Creates a source from a local file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { from: From::File(Arc::new(path.into())), progress: None }
    }

    /// Calls `progress` with the number of bytes sent, which restarts from zero on a retry.
    #[must_use]
    pub fn on_progress(self, progress: impl Fn(u64) + Send + Sync + 'static) -> Self {
        Self { progress: Some(Arc::new(progress)), ..self }
    }

    /// Returns the size in bytes.
    pub(in super::super) async fn size(&self, what: &str) -> Result<u64> {
        Ok(match &self.from {
            From::Bytes(bytes) => bytes.len() as u64,
            From::File(path) => {
                let metadata = tokio::fs::metadata(&**path).await;
                metadata.map_err(|error| self.unreadable(what, &error))?.len()
            }
        })
    }

    /// Starts reading from the first byte.
    pub(in super::super) async fn open(&self, what: &str) -> Result<Opened> {
        let (len, pieces): (u64, Pieces) = match &self.from {
            From::Bytes(bytes) => {
                let mut rest = bytes.clone();
                let pieces = std::iter::from_fn(move || match rest.is_empty() {
                    true => None,
                    false => Some(Ok(rest.split_to(rest.len().min(PIECE)))),
                });
                (bytes.len() as u64, stream::iter(pieces).boxed())
            }
            From::File(path) => {
                let open = async {
                    let file = File::open(&**path).await?;
                    let len = file.metadata().await?.len();
                    io::Result::Ok((file, len))
                };
                let (file, len) = open.await.map_err(|error| self.unreadable(what, &error))?;
                // A file that grows meanwhile is sent at its original size.
                (len, ReaderStream::with_capacity(file.take(len), PIECE).boxed())
            }
        };
        let sent = Arc::new(AtomicU64::new(0));
        let (counter, progress) = (Arc::clone(&sent), self.progress.clone());
        let pieces = pieces.inspect(move |piece| {
            let len = piece.as_ref().map_or(0, |piece| piece.len() as u64);
            let total = counter.fetch_add(len, Ordering::Relaxed) + len;
            if let Some(progress) = &progress {
                progress(total);
            }
        });
        Ok(Opened { size: len, len: Some(len), pieces: pieces.boxed(), sent })
    }

    /// Returns whether the first piece compresses well enough to pay off.
    pub(super) async fn shrinks(&self, what: &str) -> Result<bool> {
        let quiet = Self { progress: None, ..self.clone() };
        let Some(piece) = quiet.open(what).await?.pieces.next().await else { return Ok(false) };
        let piece = piece.map_err(|error| self.unreadable(what, &error))?;
        let mut compressed = Vec::new();
        let mut encoder = GzipEncoder::with_quality(&piece[..], Level::Fastest);
        encoder
            .read_to_end(&mut compressed)
            .await
            .map_err(|error| self.unreadable(what, &error))?;
        Ok(compressed.len() < piece.len() / 4 * 3)
    }

    fn unreadable(&self, what: &str, error: &io::Error) -> Error {
        let path = match &self.from {
            From::Bytes(_) => "it".into(),
            From::File(path) => path.display().to_string(),
        };
        Error::new(Kind::Local, format!("cannot {what}: cannot read {path}: {error}"))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.from {
            From::Bytes(bytes) => write!(f, "Source({} bytes)", bytes.len()),
            From::File(path) => write!(f, "Source({})", path.display()),
        }
    }
}

/// Returns the extra time for a source of this size, on top of the time limit of a call.
pub(in super::super) fn allowance(len: u64) -> Duration {
    Duration::from_secs(len / SLOWEST)
}

/// A source being sent.
pub(in super::super) struct Opened {
    /// Size of the source, in bytes.
    pub(super) size: u64,
    /// Size of the request body in bytes, if known in advance.
    len: Option<u64>,
    pieces: Pieces,
    /// Bytes of the source sent so far.
    sent: Arc<AtomicU64>,
}

impl Opened {
    /// Adds bytes before and after the content.
    pub(super) fn framed(self, before: Bytes, after: Bytes) -> Self {
        let len = self.len.map(|len| len + before.len() as u64 + after.len() as u64);
        let one = |piece| stream::once(std::future::ready(Ok(piece)));
        let pieces = one(before).chain(self.pieces).chain(one(after)).boxed();
        Self { len, pieces, ..self }
    }

    /// Compresses the content while sending.
    pub(super) fn gzipped(self) -> Self {
        let encoder = GzipEncoder::with_quality(StreamReader::new(self.pieces), Level::Fastest);
        let pieces = ReaderStream::with_capacity(encoder, PIECE).boxed();
        Self { len: None, pieces, ..self }
    }

    /// Sends the content as a request's body, and gives up if no data moves.
    pub(in super::super) async fn send(
        self,
        request: RequestBuilder,
        send: impl AsyncFnOnce(RequestBuilder) -> Result<Response>,
        what: &str,
    ) -> Result<Response> {
        let request = match self.len {
            Some(len) => request.header(CONTENT_LENGTH, len),
            None => request,
        };
        let mut response = std::pin::pin!(send(request.body(Body::wrap_stream(self.pieces))));
        let mut before = 0;
        loop {
            if let Ok(response) = timeout(IDLE, &mut response).await {
                return response;
            }
            let now = self.sent.load(Ordering::Relaxed);
            if now == before {
                let text =
                    format!("cannot {what}: no data was transferred for {} s", IDLE.as_secs());
                return Err(Error::new(Kind::Timeout, text).again(Retryability::Lost));
            }
            before = now;
        }
    }
}
