//! Makes sandboxes.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;

use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;

use super::body::{answer, parse};
use super::network::Network;
use super::templates::Image;
use super::{Error, Server, detail};
use crate::sandbox::{NewSandbox, Sandbox};
use crate::state::State;

/// A request with an idempotency key.
#[derive(Debug)]
pub(crate) struct Idempotent {
    body: Bytes,
    /// The answer, once there is one.
    answer: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Create {
    #[serde(rename = "templateID")]
    template: String,
    timeout: Option<i64>,
    #[serde(default)]
    metadata: Option<BTreeMap<String, String>>,
    #[serde(default, rename = "envVars")]
    variables: Option<BTreeMap<String, String>>,
    allow_internet_access: Option<bool>,
    #[serde(default)]
    network: Network,
    #[serde(default, rename = "autoPause")]
    auto_pause: bool,
}

pub(super) async fn v1(Shared(state): Server, body: Bytes) -> Result<Response, Error> {
    log(&state, &body);
    Ok(answer(StatusCode::CREATED, &make(&state, &body, 15).await?))
}

pub(super) async fn v2(
    Shared(state): Server,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    log(&state, &body);
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(answer(StatusCode::CREATED, &make(&state, &body, 300).await?));
    };
    let is_allowed = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let key = key.to_str().ok().filter(|key| (1..256).contains(&key.len()));
    let Some(key) = key.filter(|key| key.as_bytes().iter().all(is_allowed)) else {
        return Err(Error::bad("validation error: Idempotency-Key must be 1-255 of [a-z0-9-]"));
    };
    if let Some(response) = claim(&state, key, &body)? {
        return Ok(answer(StatusCode::CREATED, &response));
    }
    let result = make(&state, &body, 300).await;
    let mut requests = state.idempotent.lock().unwrap_or_else(PoisonError::into_inner);
    match &result {
        Ok(response) => {
            requests.insert(key.to_owned(), Idempotent { body, answer: Some(response.clone()) });
        }
        // It may be tried again.
        Err(_) => drop(requests.remove(key)),
    }
    Ok(answer(StatusCode::CREATED, &result?))
}

/// The answer that this key has got already, or none if it is new and now taken.
fn claim(state: &State, key: &str, body: &Bytes) -> Result<Option<serde_json::Value>, Error> {
    let mut requests = state.idempotent.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(previous) = requests.get(key) else {
        requests.insert(key.to_owned(), Idempotent { body: body.clone(), answer: None });
        return Ok(None);
    };
    if previous.body != body {
        let message = "the idempotency key was used with another request";
        return Err(Error::new(StatusCode::UNPROCESSABLE_ENTITY, message)
            .with_code("idempotency_request_mismatch"));
    }
    let Some(response) = &previous.answer else {
        let message = "a request with this idempotency key is in progress";
        return Err(Error::new(StatusCode::CONFLICT, message).with_code("idempotency_in_progress"));
    };
    Ok(Some(response.clone()))
}

async fn make(
    state: &std::sync::Arc<State>,
    body: &[u8],
    timeout: i64,
) -> Result<serde_json::Value, Error> {
    let create: Create = parse(body)?;
    let lifetime = lifetime(state, create.timeout.unwrap_or(timeout))?;
    if create.auto_pause {
        let message = "this emulator cannot pause sandboxes: leave autoPause out";
        return Err(Error::new(StatusCode::NOT_IMPLEMENTED, message));
    }
    let image: Image = state.templates.find(&create.template)?;
    let new = NewSandbox {
        lifetime,
        metadata: create.metadata.unwrap_or_default(),
        variables: create.variables.unwrap_or_default(),
        allow_internet: create.allow_internet_access,
        network: create.network.validate()?,
    };
    let sandbox = Sandbox::start(state, &image, new).map_err(|error| match error {
        crate::sandbox::StartError::Full(limit) => Error::new(
            StatusCode::TOO_MANY_REQUESTS,
            format!(
                "you have reached the maximum number of concurrent E2B sandboxes ({limit}). \
                 If you need more, please visit 'https://e2b.dev/docs/billing'"
            ),
        ),
        crate::sandbox::StartError::Failed(error) => {
            Error::new(StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}"))
                .with_code("sandbox_create_failed")
        }
    })?;
    Ok(detail::brief(&sandbox))
}

/// Checks the lifetime that a request asks for, in seconds.
pub(super) fn lifetime(state: &State, seconds: i64) -> Result<Duration, Error> {
    let Some(lifetime) = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0) else {
        return Err(Error::bad("Timeout must be greater than 0"));
    };
    let longest = state.options.lifetime;
    if Duration::from_secs(lifetime) > longest {
        let hours = longest.as_secs() / 3600;
        return Err(Error::bad(format!("Timeout cannot be greater than {hours} hours")));
    }
    Ok(Duration::from_secs(lifetime))
}

fn log(state: &State, body: &[u8]) {
    state.record.log(format!("create {}", String::from_utf8_lossy(body)));
}
