//! Bodies of requests and answers, and ids in paths.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Error;
use crate::sandbox::Sandbox;
use crate::state::State;

/// A JSON object.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|error| {
        Error::bad(format!("validation error: request body has an error: {error}"))
    })
}

/// The same, where nothing means `{}`.
pub(super) fn parse_optional<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    parse(if body.is_empty() { b"{}" } else { body })
}

pub(super) fn answer(status: StatusCode, body: &Value) -> Response {
    let kind = [(CONTENT_TYPE, "application/json; charset=utf-8")];
    (status, kind, body.to_string()).into_response()
}

/// The sandbox of an id in a path, which may have a client's id behind it.
pub(super) fn sandbox(state: &State, id: &str) -> Result<Arc<Sandbox>, Error> {
    let (short, client) = id.split_once('-').unwrap_or((id, ""));
    let plain =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if short.is_empty() || !plain(short) || !plain(client) {
        return Err(Error::bad("Invalid sandbox ID"));
    }
    state.sandbox(short).ok_or_else(|| Error::no_sandbox(id))
}
