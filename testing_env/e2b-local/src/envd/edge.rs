//! Finds the sandbox that a request is for, and lets only its owner in.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State as Shared};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::error::{json_answer, rest};
use super::path::is_user;
use super::sign;
use super::write::query;
use crate::state::State;

/// The port of envd in a sandbox.
const PORT: u16 = 49983;

/// The paths that the edge keeps to itself.
const RESERVED: [&str; 7] =
    ["/init", "/freeze", "/unfreeze", "/collapse", "/fsfreeze", "/fsthaw", "/upgrade"];

/// The error of a call without the token.
const UNAUTHORIZED: &str = "unauthorized access, please provide a valid access token or method \
                            signing if supported";

/// Routes a request as E2B's edge does, and authenticates it as envd does.
pub(super) async fn route(
    Shared(state): Shared<Arc<State>>,
    mut request: Request,
    next: Next,
) -> Response {
    let (id, port) = match target(request.headers()) {
        Ok(target) => target,
        Err(message) => return (StatusCode::BAD_REQUEST, message).into_response(),
    };
    let path = request.uri().path();
    if RESERVED.contains(&path) {
        let message = "This endpoint is reserved for the E2B control plane and is not reachable \
                       through the sandbox URL";
        let body = json!({"message": message, "path": path, "code": 404});
        return json_answer(StatusCode::NOT_FOUND, &body);
    }
    let Some(sandbox) = state.sandbox(&id) else {
        let body = json!({"sandboxId": id, "message": "The sandbox was not found", "code": 502});
        return json_answer(StatusCode::BAD_GATEWAY, &body);
    };
    if port != PORT {
        let message = "The sandbox is running but port is not open";
        let body = json!({"sandboxId": id, "message": message, "port": port, "code": 502});
        return json_answer(StatusCode::BAD_GATEWAY, &body);
    }
    let rejection = match path {
        "/health" => None,
        "/files" => {
            let query = request.uri().query().unwrap_or("");
            let now = state.clock.now();
            sign::check(request.method(), query, request.headers(), &sandbox.token, now).err()
        }
        _ => {
            let token = request.headers().get("x-access-token");
            let is_valid = token.is_some_and(|token| token.as_bytes() == sandbox.token.as_bytes());
            (!is_valid).then_some(UNAUTHORIZED)
        }
    };
    if let Some(message) = rejection {
        return rest(StatusCode::UNAUTHORIZED, message);
    }
    let user = query(request.uri(), "username").unwrap_or_default();
    if path == "/files" && !is_user(&user) {
        let message = format!("error looking up user '{user}': user: unknown user {user}");
        return rest(StatusCode::UNAUTHORIZED, message);
    }
    request.extensions_mut().insert(sandbox);
    next.run(request).await
}

/// The sandbox and port that a request is for.
fn target(headers: &HeaderMap) -> Result<(String, u16), &'static str> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(HOST.as_str()).unwrap_or("");
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let is_shared = name == "localhost"
        || name.starts_with("sandbox.")
        || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let (id, port) = match (text("e2b-sandbox-id"), text("e2b-sandbox-port")) {
        (Some(id), Some(port)) if is_shared => (id, port),
        (None, None) | (Some(_), Some(_)) => {
            let mut parts = name.split('.').next().unwrap_or("").split('-');
            let (port, id) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
            if port.parse::<u16>().is_err() {
                return Err("Invalid host");
            }
            (id, port)
        }
        _ => return Err("missing header"),
    };
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if id.is_empty() || !id.bytes().all(plain) {
        return Err("Invalid sandbox ID");
    }
    Ok((id.to_owned(), port.parse().map_err(|_| "Invalid host")?))
}

/// Ends the sandbox that a request is for.
pub(crate) async fn kill(state: &State, headers: &HeaderMap) {
    if let Ok((id, _)) = target(headers) {
        state.kill(&id).await;
    }
}

/// Restarts envd of the sandbox that a request is for.
pub(crate) fn restart(state: &State, headers: &HeaderMap) {
    if let Ok((id, _)) = target(headers)
        && let Some(sandbox) = state.sandbox(&id)
    {
        sandbox.processes.forget();
    }
}
