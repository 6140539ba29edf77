//! Descriptions of sandboxes, as the control plane gives them.

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::body::{answer, sandbox};
use super::{Error, Server};
use crate::sandbox::Sandbox;

/// Of all sandboxes.
pub(super) const CLIENT: &str = "6532622b";

/// The answer to create and connect.
pub(super) fn brief(sandbox: &Sandbox) -> Value {
    json!({
        "templateID": sandbox.template,
        "sandboxID": sandbox.id,
        "alias": sandbox.alias,
        "clientID": CLIENT,
        "envdVersion": sandbox.envd,
        "envdAccessToken": sandbox.token,
        "trafficAccessToken": null,
        "domain": null,
    })
}

/// An item of a list.
pub(super) fn summary(sandbox: &Sandbox) -> Value {
    json!({
        "templateID": sandbox.template,
        "sandboxID": sandbox.id,
        "alias": sandbox.alias,
        "clientID": CLIENT,
        "startedAt": sandbox.started.to_string(),
        "endAt": end(sandbox).to_string(),
        "envdVersion": sandbox.envd,
        "cpuCount": 2,
        "memoryMB": sandbox.memory >> 20,
        "diskSizeMB": sandbox.disk >> 20,
        "metadata": sandbox.metadata,
        "state": "running",
        "volumeMounts": [],
    })
}

pub(super) async fn get(Shared(state): Server, Path(id): Path<String>) -> Result<Response, Error> {
    let sandbox = sandbox(&state, &id)?;
    let mut detail = summary(&sandbox);
    detail["envdAccessToken"] = sandbox.token.as_str().into();
    detail["allowInternetAccess"] = sandbox.allow_internet.into();
    detail["domain"] = Value::Null;
    detail["network"] = json!(sandbox.network);
    // E2B has no such field: it always is.
    detail["networkEnforced"] = state.unenforced.is_none().into();
    detail["lifecycle"] = json!({"autoResume": false, "onTimeout": "kill"});
    Ok(answer(StatusCode::OK, &detail))
}

fn end(sandbox: &Sandbox) -> Timestamp {
    let lifetime = sandbox.end.borrow().duration_since(sandbox.start_instant);
    let lifetime = SignedDuration::try_from(lifetime).unwrap_or(SignedDuration::MAX);
    sandbox.started.saturating_add(lifetime).unwrap_or(Timestamp::MAX)
}
