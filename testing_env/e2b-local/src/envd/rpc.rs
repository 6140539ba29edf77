//! Connect-RPC with JSON: calls, envelopes and deadlines.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{BufMut as _, Bytes, BytesMut};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize as _};
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

use super::This;
use super::error::RpcError;
use super::path::is_user;
use crate::sandbox::Sandbox;

/// A flag of an envelope: nothing follows.
const END: u8 = 2;

/// A call with one message and one answer.
#[derive(Debug)]
pub(super) struct Call<T> {
    pub(super) sandbox: Arc<Sandbox>,
    pub(super) message: T,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Call<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        kind(request.headers(), "application/json").map_err(|response| *response)?;
        let (mut parts, body) = request.into_parts();
        let axum::Extension(sandbox) = This::from_request_parts(&mut parts, state)
            .await
            .map_err(|error| error.into_response())?;
        let check = || {
            version(&parts.headers)?;
            user(&parts.headers)?;
            timeout(&parts.headers)
        };
        if check().map_err(|error| error.into_response())?.is_some_and(|time| time.is_zero()) {
            return Err(RpcError::deadline().into_response());
        }
        let body = axum::body::to_bytes(body, usize::MAX)
            .await
            .map_err(|error| RpcError::invalid(error.to_string()).into_response())?;
        let message = parse(&body).map_err(|error| error.into_response())?;
        Ok(Self { sandbox, message })
    }
}

/// The answer to a call.
pub(super) type Answer = Result<Response, RpcError>;

/// A message as the answer to a call.
pub(super) fn answer(message: &Value) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (ACCEPT_ENCODING, "gzip")];
    (headers, text(message)).into_response()
}

/// Refuses another type of body.
pub(super) fn kind(headers: &HeaderMap, expected: &str) -> Result<(), Box<Response>> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    if kind.split(';').next().map(str::trim) == Some(expected) {
        return Ok(());
    }
    let accept_post = [(HeaderName::from_static("accept-post"), expected.to_owned())];
    Err(Box::new((StatusCode::UNSUPPORTED_MEDIA_TYPE, accept_post).into_response()))
}

pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, RpcError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body)
        .map_err(|error| RpcError::invalid(format!("unmarshal message: {error}")))
}

/// Refuses another version of the protocol.
pub(super) fn version(headers: &HeaderMap) -> Result<(), RpcError> {
    match headers.get("connect-protocol-version") {
        Some(version) if version != "1" => {
            let version = String::from_utf8_lossy(version.as_bytes());
            let message = format!("connect-protocol-version must be \"1\": got \"{version}\"");
            Err(RpcError::invalid(message))
        }
        _ => Ok(()),
    }
}

/// Refuses users that are not there.
pub(super) fn user(headers: &HeaderMap) -> Result<(), RpcError> {
    let Some(header) = headers.get("authorization").and_then(|value| value.to_str().ok()) else {
        return Ok(());
    };
    let Some(credentials) = header.strip_prefix("Basic ") else { return Ok(()) };
    let decoded =
        BASE64_STANDARD.decode(credentials).ok().and_then(|text| String::from_utf8(text).ok());
    let name = decoded.unwrap_or_default();
    let name = name.split(':').next().unwrap_or("");
    if is_user(name) {
        return Ok(());
    }
    Err(RpcError::new("unauthenticated", format!("invalid username: '{name}'")))
}

/// Reads the time limit of a call. Returns `None` if the client set none.
pub(super) fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, RpcError> {
    let Some(value) = headers.get("connect-timeout-ms") else { return Ok(None) };
    let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
    let millis = value.parse::<i64>().ok().filter(|_| value.len() <= 10);
    let Some(millis) = millis else {
        let message = format!("protocol error: invalid timeout \"{value}\"");
        return Err(RpcError::invalid(message));
    };
    // A negative one is over already.
    Ok(Some(Duration::from_millis(millis.try_into().unwrap_or(0))))
}

/// A message of a stream.
pub(super) fn envelope(message: &Value) -> Bytes {
    enclose(0, message)
}

/// The end of a stream.
pub(super) fn end(error: Option<&RpcError>) -> Bytes {
    enclose(
        END,
        &error.map_or_else(|| serde_json::json!({}), |error| serde_json::json!({"error": error})),
    )
}

fn enclose(flags: u8, message: &Value) -> Bytes {
    let text = text(message);
    let mut bytes = BytesMut::with_capacity(5 + text.len());
    bytes.put_u8(flags);
    // A message has at most a chunk of output.
    bytes.put_u32(text.len().try_into().unwrap_or(u32::MAX));
    bytes.put_slice(text.as_bytes());
    bytes.freeze()
}

/// The first envelope in a buffer, which is taken out: its flags and its message.
pub(super) fn open(buffer: &mut BytesMut) -> Option<(u8, Bytes)> {
    let header: [u8; 5] = buffer.get(..5)?.try_into().ok()?;
    let [flags, length @ ..] = header;
    let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
    if buffer.len() - 5 < length {
        return None;
    }
    let _ = buffer.split_to(5);
    Some((flags, buffer.split_to(length).freeze()))
}

/// JSON as envd writes it.
fn text(message: &Value) -> String {
    let mut bytes = Vec::new();
    // Memory takes everything.
    let _ = message.serialize(&mut Serializer::with_formatter(&mut bytes, Spaced));
    String::from_utf8(bytes).unwrap_or_default()
}

/// Puts a space behind commas between fields, as envd does: clients must not
/// compare bytes.
#[derive(Debug)]
struct Spaced;

impl Formatter for Spaced {
    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        to: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { to.write_all(b", ") }
    }
}

/// Bytes in a message.
#[derive(Debug, Clone, Default)]
pub(super) struct Base64(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        BASE64_STANDARD.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}
