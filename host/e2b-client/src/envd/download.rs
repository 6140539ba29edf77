//! Downloads a file from the sandbox, from any offset.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, RANGE};
use reqwest::{Method, Response, StatusCode};
use tokio::time::timeout;

use super::super::error::{Error, Kind, Result};
use super::super::http::transport_error;
use super::super::retry::{RetryPolicy, deadline, retry};
use super::Envd;
use super::rpc;

/// A download without data for this long is lost.
const IDLE: Duration = Duration::from_secs(60);

/// Time limit for one attempt, until the response begins.
const OPEN: Duration = Duration::from_secs(20);

/// A file being downloaded.
#[derive(Debug)]
pub struct Download {
    /// Number of bytes left, or `None` if the server does not report the length.
    pub left: Option<u64>,
    what: String,
    /// `None` if nothing is left to download.
    response: Option<Response>,
}

impl Envd {
    /// Downloads a file from this offset, which can be the end of the file.
    ///
    /// # Errors
    /// Returns `NotFound` if the file does not exist, `Invalid` if the path is a directory or the
    /// file ends before the offset.
    pub async fn download(&self, path: &str, from: u64) -> Result<Download> {
        let what = format!("read {path} in the sandbox");
        retry(&what, deadline(self.timeout), RetryPolicy::Idempotent, async || {
            let mut request = self.as_user(self.http.request(Method::GET, &self.file(path)), None);
            // A compressed response would have no length and no range.
            request = request.header(ACCEPT_ENCODING, "identity");
            if from > 0 {
                request = request.header(RANGE, format!("bytes={from}-"));
            }
            let result = timeout(OPEN, self.http.send(request, &what)).await;
            let result = result.unwrap_or_else(|_| Err(rpc::lost(&what, "did not start")));
            let response = match result {
                Ok(response) => response,
                Err(error) if error.status == Some(416) => {
                    return self.at_end(path, from, &what).await;
                }
                Err(error) => return Err(error),
            };
            check(&response, from, &what)?;
            let left = response.content_length();
            Ok(Download { left, what: what.clone(), response: Some(response) })
        })
        .await
    }

    /// Handles status 416: the offset is at the end of the file, or beyond it.
    async fn at_end(&self, path: &str, from: u64, what: &str) -> Result<Download> {
        match self.stat(path).await?.map(|entry| entry.size) {
            Some(size) if size == from => {
                Ok(Download { left: Some(0), what: what.to_owned(), response: None })
            }
            size => {
                let size = size.unwrap_or_default();
                let text =
                    format!("cannot {what} from byte {from}: the file has only {size} bytes");
                Err(Error::new(Kind::Invalid, text))
            }
        }
    }
}

/// Checks that the response has exactly the bytes that were requested.
pub(super) fn check(response: &Response, from: u64, what: &str) -> Result<()> {
    let header = |name| response.headers().get(name).map(|value| value.as_bytes());
    if header(CONTENT_ENCODING).is_some_and(|encoding| encoding != b"identity") {
        return Err(Error::protocol(what, "the response is compressed, which was not requested"));
    }
    let start = format!("bytes {from}-");
    let is_partial = response.status() == StatusCode::PARTIAL_CONTENT
        && header(CONTENT_RANGE).is_some_and(|range| range.starts_with(start.as_bytes()));
    match (from > 0, is_partial, response.status()) {
        (true, true, _) | (false, _, StatusCode::OK) => Ok(()),
        _ => Err(Error::protocol(what, format!("the data does not start at byte {from}"))),
    }
}

impl Download {
    /// Returns the next bytes, or `None` at the end.
    ///
    /// # Errors
    /// Returns `StreamLost` if the connection breaks or goes silent: request the rest.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        let Some(response) = &mut self.response else { return Ok(None) };
        let chunk = match timeout(IDLE, response.chunk()).await {
            Ok(Ok(chunk)) => chunk,
            Ok(Err(error)) => {
                return Err(Error {
                    kind: Kind::StreamLost,
                    ..transport_error(&self.what, &error)
                });
            }
            Err(_) => return Err(rpc::lost(&self.what, "stopped sending messages")),
        };
        match &chunk {
            Some(bytes) => {
                self.left = self.left.map(|left| left.saturating_sub(bytes.len() as u64));
            }
            None => self.response = None,
        }
        Ok(chunk)
    }
}
