//! The resources that sandboxes use.

use std::sync::PoisonError;

use axum::extract::{Path, RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::body::{answer, sandbox};
use super::{Error, Server};
use crate::sandbox::{Sandbox, tree_size};
use crate::state::State;

pub(super) async fn one(Shared(state): Server, Path(id): Path<String>) -> Result<Response, Error> {
    let sandbox = sandbox(&state, &id)?;
    Ok(answer(StatusCode::OK, &json!([sample(&state, &sandbox)])))
}

pub(super) async fn many(
    Shared(state): Server,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let query = query.unwrap_or_default();
    let ids = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "sandbox_ids");
    let Some((_, ids)) = ids else {
        return Err(Error::bad("validation error: parameter sandbox_ids is missing"));
    };
    let sandboxes = ids.split(',').filter_map(|id| state.sandbox(id));
    let samples: Map<String, Value> =
        sandboxes.map(|sandbox| (sandbox.id.clone(), sample(&state, &sandbox))).collect();
    Ok(answer(StatusCode::OK, &json!({"sandboxes": samples})))
}

fn sample(state: &State, sandbox: &Sandbox) -> Value {
    let usage = *sandbox.usage.lock().unwrap_or_else(PoisonError::into_inner);
    let now = state.clock.now();
    json!({
        "timestamp": now.to_string(),
        "timestampUnix": now.as_second(),
        "cpuCount": 2,
        "cpuUsedPct": usage.processor,
        "memUsed": usage.memory,
        "memTotal": sandbox.memory,
        "memCache": 0,
        "diskUsed": tree_size(sandbox.files.folder()),
        "diskTotal": sandbox.disk,
    })
}
