//! Parses every form of response into a value or one typed error.
//!
//! Errors come in three forms: `{"code": 404, "message"}` from the control plane and the edge,
//! `{"code": "not_found", "message"}` from Connect, and `{"error": {"code", "message"}}` at the end
//! of a stream. Load balancers add text, HTML and empty bodies.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{Error, Kind, Result, Retryability};
use super::http::{Http, Service};

/// Maximum size of a JSON response, in bytes.
const MAX_JSON: usize = 8 << 20;

/// Maximum bytes read of an error's body.
const MAX_ERROR: usize = 64 << 10;

/// Maximum bytes displayed of a server's message.
const MAX_MESSAGE: usize = 400;

/// Error code of a create request that E2B lost track of; the idempotency key is no longer usable.
pub(super) const OUTCOME_UNKNOWN: &str = "idempotency_outcome_unknown";

/// Maximum wait, regardless of the server's request.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// An error as the server reports it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ServerError {
    code: Value,
    message: Value,
    error_code: Option<String>,
}

/// Reads a JSON response.
pub(super) async fn json<T: DeserializeOwned>(response: Response, what: &str) -> Result<T> {
    let (body, is_complete) = read(response, MAX_JSON, what).await?;
    if !is_complete {
        return Err(Error::protocol(what, format!("longer than {MAX_JSON} bytes")));
    }
    // The error can quote the text, so only its position is reported.
    serde_json::from_slice(&body).map_err(|error| {
        let position = format!("line {} column {}", error.line(), error.column());
        Error::protocol(what, format!("JSON of an unexpected form, at {position}"))
    })
}

/// Reads at most `max` bytes. Also returns whether this was the whole body.
async fn read(mut response: Response, max: usize, what: &str) -> Result<(Bytes, bool)> {
    let mut body = BytesMut::new();
    while let Some(chunk) =
        response.chunk().await.map_err(|error| super::http::transport_error(what, &error))?
    {
        let available = max - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(available)]);
        if chunk.len() > available {
            return Ok((body.freeze(), false));
        }
    }
    Ok((body.freeze(), true))
}

/// Returns the error for a response without a success status.
pub(super) async fn error_response(response: Response, what: &str, http: &Http) -> Error {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let body = read(response, MAX_ERROR, what).await.map(|(body, _)| body).unwrap_or_default();
    let server_error: Option<ServerError> = serde_json::from_slice(&body).ok();
    let server_error = server_error.unwrap_or_else(|| ServerError {
        message: text(&headers, &body),
        ..ServerError::default()
    });
    server_error.error(what, Some(status), &headers, http)
}

/// Returns the message for a body that is not JSON.
fn text(headers: &HeaderMap, body: &[u8]) -> Value {
    let html =
        headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    match (html || body.starts_with(b"<"), body.is_empty()) {
        (true, _) => "an HTML page".into(),
        (_, true) => Value::Null,
        _ => String::from_utf8_lossy(body).into(),
    }
}

impl ServerError {
    /// Returns the typed error; `status` is `None` for an error that ends a stream.
    pub(super) fn error(
        self,
        what: &str,
        status: Option<u16>,
        headers: &HeaderMap,
        http: &Http,
    ) -> Error {
        let code = self.error_code.or_else(|| self.code.as_str().map(str::to_owned));
        let code = code.map(|code| http.clean(&code, 64)).filter(|code| !code.is_empty());
        let message = http.clean(self.message.as_str().unwrap_or_default(), MAX_MESSAGE);
        let kind = match kind(status, code.as_deref(), &message) {
            // With a code, the error is about a user of the sandbox.
            Kind::Auth if code.is_none() && http.service() == Service::Envd => Kind::Token,
            kind => kind,
        };
        let reason = if message.is_empty() { "no reason given" } else { message.as_str() };
        let status_text = match (status, &code) {
            (Some(status), Some(code)) => format!("{status} {code}"),
            (Some(status), None) => status.to_string(),
            (None, Some(code)) => code.clone(),
            (None, None) => "an error".to_owned(),
        };
        let mut text = format!("cannot {what}: {} returned {status_text}: {reason}", http.host());
        if let Some(advice) = advice(kind, code.as_deref()) {
            text = format!("{}; {advice}", text.trim_end_matches('.'));
        }
        let again = again(kind, status, code.as_deref(), &message, headers);
        Error {
            kind,
            status,
            code,
            message: text,
            retry_after: wait(headers),
            again,
            server_message: message,
        }
    }
}

fn kind(status: Option<u16>, code: Option<&str>, message: &str) -> Kind {
    let by_code = match code {
        Some("unauthenticated") => Some(Kind::Auth),
        Some("permission_denied") => Some(Kind::Forbidden),
        Some("not_found") => Some(Kind::NotFound),
        Some("already_exists" | "aborted") => Some(Kind::Conflict),
        Some("resource_exhausted") => Some(Kind::RateLimited),
        Some("invalid_argument" | "failed_precondition" | "out_of_range" | "unimplemented") => {
            Some(Kind::Invalid)
        }
        Some("deadline_exceeded") => Some(Kind::Timeout),
        Some("unavailable") if status.is_none() => Some(Kind::StreamLost),
        Some("sandbox_capacity_unavailable" | "sandbox_no_compatible_node") => Some(Kind::Capacity),
        Some("sandbox_placement_timeout") => Some(Kind::Capacity),
        _ => None,
    };
    by_code.unwrap_or(match status {
        Some(401) => Kind::Auth,
        Some(403) => Kind::Forbidden,
        Some(404) => Kind::NotFound,
        Some(409) => Kind::Conflict,
        Some(429) => Kind::RateLimited,
        Some(507) => Kind::DiskFull,
        Some(502) if message.contains("was not found") => Kind::SandboxGone,
        Some(500) if message.contains("no space left on device") => Kind::DiskFull,
        Some(502..=504) => Kind::Unreachable,
        Some(400..=499) => Kind::Invalid,
        Some(300..=399) => Kind::Protocol,
        _ => Kind::Server,
    })
}

/// Returns the advice for an error whose response contains none.
fn advice(kind: Kind, code: Option<&str>) -> Option<&'static str> {
    match kind {
        Kind::Auth if code.is_none() => Some("check `E2B_API_KEY`"),
        Kind::Token => Some(
            "the sandbox does not accept the token that E2B issued for it: try again, and if the error persists, rebuild the template with `osiris e2b template`",
        ),
        Kind::DiskFull => Some("use a template with a larger disk"),
        Kind::SandboxGone => Some(
            "the sandbox was killed or its lifetime ended; try again, with a longer lifetime if necessary",
        ),
        Kind::Capacity => Some("try again later"),
        Kind::Protocol => Some("check `E2B_API_URL`, `E2B_SANDBOX_URL` and `E2B_DOMAIN`"),
        _ => None,
    }
}

fn again(
    kind: Kind,
    status: Option<u16>,
    code: Option<&str>,
    message: &str,
    headers: &HeaderMap,
) -> Retryability {
    if kind == Kind::SandboxGone {
        return Retryability::No;
    }
    match headers.get("should-retry").map(|value| value.as_bytes().eq_ignore_ascii_case(b"true")) {
        Some(true) => return Retryability::Later,
        Some(false) => return Retryability::No,
        None => {}
    }
    match status {
        // No process listened, so the request was not executed.
        Some(502) if message.contains("port is not open") => Retryability::Unsent,
        // The request might have been forwarded before the response was lost.
        Some(502 | 504) if kind != Kind::Capacity => Retryability::Lost,
        Some(429 | 502..=504) => Retryability::Later,
        Some(_) if code == Some(OUTCOME_UNKNOWN) => Retryability::Lost,
        Some(409) if code == Some("idempotency_in_progress") => Retryability::Later,
        Some(409) if message.contains("still transitioning") => Retryability::Later,
        _ => Retryability::No,
    }
}

/// Returns the wait requested by `Retry-After`, or `None` unless its value is whole seconds.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // A number that does not fit also means a very long time.
    let seconds = text.parse().map_or(MAX_RETRY_AFTER, Duration::from_secs);
    Some(seconds.min(MAX_RETRY_AFTER))
}
