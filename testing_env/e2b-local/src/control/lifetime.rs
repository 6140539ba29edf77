//! When sandboxes end.

use std::time::Duration;

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use tokio::time::Instant;

use super::body::{answer, parse, parse_optional, sandbox};
use super::create::lifetime;
use super::{Error, Server, detail};
use crate::sandbox::Sandbox;
use crate::state::State;

#[derive(Debug, Deserialize)]
struct Timeout {
    timeout: i64,
}

#[derive(Debug, Deserialize)]
struct Connect {
    timeout: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct Refresh {
    duration: Option<u64>,
}

pub(super) async fn kill(
    Shared(state): Server,
    Path(id): Path<String>,
) -> Result<StatusCode, Error> {
    let sandbox = sandbox(&state, &id)?;
    if !state.kill(&sandbox.id).await {
        return Err(Error::no_sandbox(&id));
    }
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn timeout(
    Shared(state): Server,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Error> {
    let sandbox = sandbox(&state, &id)?;
    let lifetime = lifetime(&state, parse::<Timeout>(&body)?.timeout)?;
    let last = sandbox.start_instant + state.options.lifetime;
    if Instant::now() >= last {
        return Err(Error::bad("Max instance length exceeded"));
    }
    sandbox.end.send_replace((Instant::now() + lifetime).min(last));
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn refresh(
    Shared(state): Server,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Error> {
    let sandbox = sandbox(&state, &id)?;
    let seconds = parse_optional::<Refresh>(&body)?.duration.unwrap_or_default();
    if seconds > 3600 {
        return Err(Error::bad("validation error: duration must be at most 3600"));
    }
    extend(&state, &sandbox, Duration::from_secs(seconds.max(15)));
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn connect_v1(
    Shared(state): Server,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Error> {
    connect(&state, &id, parse::<Timeout>(&body)?.timeout)
}

pub(super) async fn connect_v2(
    Shared(state): Server,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Error> {
    connect(&state, &id, parse_optional::<Connect>(&body)?.timeout.unwrap_or(300))
}

pub(super) async fn pause(
    Shared(state): Server,
    Path(id): Path<String>,
) -> Result<StatusCode, Error> {
    sandbox(&state, &id)?;
    Err(Error::new(StatusCode::NOT_IMPLEMENTED, "this emulator cannot pause sandboxes"))
}

fn connect(state: &State, id: &str, timeout: i64) -> Result<Response, Error> {
    let sandbox = sandbox(state, id)?;
    extend(state, &sandbox, lifetime(state, timeout)?);
    Ok(answer(StatusCode::OK, &detail::brief(&sandbox)))
}

/// Lets a sandbox live so long from now on, unless it lives longer anyway.
fn extend(state: &State, sandbox: &Sandbox, lifetime: Duration) {
    let last = sandbox.start_instant + state.options.lifetime;
    let end = (Instant::now() + lifetime).min(last);
    sandbox.end.send_if_modified(|current| {
        let later = end > *current;
        *current = end.max(*current);
        later
    });
}
