//! Fetching a file from the sandbox, from any byte on.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, RANGE};
use reqwest::{Method, Response, StatusCode};
use tokio::time::timeout;

use super::super::error::{Error, Kind, Result};
use super::super::http::failed;
use super::super::retry::{Repeat, deadline, retry};
use super::Envd;
use super::rpc;

/// A download that gives nothing for so long is lost.
const IDLE: Duration = Duration::from_secs(60);

/// How long one attempt may take until the first byte.
const OPEN: Duration = Duration::from_secs(20);

/// A file that is being fetched.
#[derive(Debug)]
pub struct Download {
    /// How many bytes are still to come; nothing where the server does not tell.
    pub left: Option<u64>,
    what: String,
    /// Nothing when there is nothing to fetch.
    response: Option<Response>,
}

impl Envd {
    /// Fetches a file from this byte on, which may be its end.
    ///
    /// # Errors
    /// `NotFound` when there is no such file, `Invalid` when it is a folder or
    /// ends before that byte.
    pub async fn download(&self, path: &str, from: u64) -> Result<Download> {
        let what = format!("read {path} in the sandbox");
        retry(&what, deadline(self.patience), Repeat::Safe, async || {
            let mut request = self.as_user(self.http.request(Method::GET, &self.file(path)), None);
            // Compressed, there would be no length and no range.
            request = request.header(ACCEPT_ENCODING, "identity");
            if from > 0 {
                request = request.header(RANGE, format!("bytes={from}-"));
            }
            let sent = timeout(OPEN, self.http.send(request, &what)).await;
            let sent = sent.unwrap_or_else(|_| Err(rpc::lost(&what, "did not begin")));
            let response = match sent {
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

    /// No range is left: an empty rest, or one beyond the end.
    async fn at_end(&self, path: &str, from: u64, what: &str) -> Result<Download> {
        match self.stat(path).await?.map(|entry| entry.size) {
            Some(size) if size == from => {
                Ok(Download { left: Some(0), what: what.to_owned(), response: None })
            }
            size => {
                let size = size.unwrap_or_default();
                let text = format!("cannot {what} from byte {from}: it has only {size}");
                Err(Error::new(Kind::Invalid, text))
            }
        }
    }
}

/// Whether it is the very bytes that were asked for.
pub(super) fn check(response: &Response, from: u64, what: &str) -> Result<()> {
    let header = |name| response.headers().get(name).map(|value| value.as_bytes());
    if header(CONTENT_ENCODING).is_some_and(|encoding| encoding != b"identity") {
        return Err(Error::protocol(what, "it is compressed, which was not asked for"));
    }
    let start = format!("bytes {from}-");
    let ranged = response.status() == StatusCode::PARTIAL_CONTENT
        && header(CONTENT_RANGE).is_some_and(|range| range.starts_with(start.as_bytes()));
    match (from > 0, ranged, response.status()) {
        (true, true, _) | (false, _, StatusCode::OK) => Ok(()),
        _ => Err(Error::protocol(what, format!("it does not start at byte {from}"))),
    }
}

impl Download {
    /// The next bytes; nothing at the end.
    ///
    /// # Errors
    /// `StreamLost` when it breaks or falls silent: ask for the rest.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        let Some(response) = &mut self.response else { return Ok(None) };
        let chunk = match timeout(IDLE, response.chunk()).await {
            Ok(Ok(chunk)) => chunk,
            Ok(Err(error)) => {
                return Err(Error { kind: Kind::StreamLost, ..failed(&self.what, &error) });
            }
            Err(_) => return Err(rpc::lost(&self.what, "fell silent")),
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
