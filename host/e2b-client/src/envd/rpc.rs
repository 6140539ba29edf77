//! Connect calls, encoded as JSON.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::error::{Error, Kind, Result, Retryability};
use super::super::http::Http;
use super::super::response::{self, ServerError};
use super::super::retry::{RetryPolicy, deadline, retry};
use super::{Envd, envelope};

/// Time limit for one attempt of a call that is safe to repeat.
pub(super) const ATTEMPT: Duration = Duration::from_secs(20);

const STREAM: &str = "application/connect+json";

/// The last message of a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct End {
    error: Option<ServerError>,
}

impl Envd {
    /// Makes a call and parses the response.
    pub(super) async fn unary<T: DeserializeOwned>(
        &self,
        method: &str,
        body: &Value,
        repeat: RetryPolicy,
        what: &str,
    ) -> Result<T> {
        // A call that is not retried can take the whole time limit.
        let limit = (repeat == RetryPolicy::Idempotent).then_some(ATTEMPT);
        let limit = limit.unwrap_or(self.timeout);
        retry(what, deadline(self.timeout), repeat, async || {
            self.once(method, body, limit, what).await
        })
        .await
    }

    /// Makes one attempt of a call.
    pub(super) async fn once<T: DeserializeOwned>(
        &self,
        method: &str,
        body: &Value,
        limit: Duration,
        what: &str,
    ) -> Result<T> {
        let request = self.as_user(self.http.request(Method::POST, method), None);
        let request = request.header(CONTENT_TYPE, "application/json").timeout(limit);
        let response = self.http.send(request.body(body.to_string()), what).await?;
        response::json(response, what).await
    }

    /// Opens a streaming call.
    pub(super) async fn stream(
        &self,
        method: &str,
        body: &Value,
        user: Option<&str>,
        what: &str,
    ) -> Result<Response> {
        let request = self.as_user(self.http.request(Method::POST, method), user);
        let request = request
            .header(CONTENT_TYPE, STREAM)
            .header("keepalive-ping-interval", self.keepalive.as_secs())
            .body(envelope::encode(body.to_string().as_bytes()));
        let response = self.http.send(request, what).await?;
        let kind = response.headers().get(CONTENT_TYPE).map(|kind| kind.as_bytes());
        match kind.is_some_and(|kind| kind.starts_with(STREAM.as_bytes())) {
            true => Ok(response),
            false => Err(Error::protocol(what, "not a stream")),
        }
    }
}

/// Parses the last envelope of a stream.
pub(super) fn end(payload: &[u8], what: &str, http: &Http) -> Result<()> {
    let end: End = serde_json::from_slice(payload)
        .map_err(|_| Error::protocol(what, "the end message is JSON of an unexpected form"))?;
    end.error
        .map_or(Ok(()), |server_error| Err(server_error.error(what, None, &HeaderMap::new(), http)))
}

/// Returns the error for a broken stream.
pub(super) fn lost(what: &str, why: &str) -> Error {
    let text = format!(
        "cannot {what}: the stream {why}; the process might still be running: check, and attach again"
    );
    Error::new(Kind::StreamLost, text).again(Retryability::Lost)
}
