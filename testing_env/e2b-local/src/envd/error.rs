//! The three shapes of envd's errors.

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};

/// Marks an answer that never comes, because envd is gone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crashed;

/// The answer that never comes.
pub(super) fn crashed_response() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Crashed);
    response
}

/// JSON as REST endpoints send it.
pub(super) fn json_answer(status: StatusCode, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json; charset=utf-8")], body.to_string()).into_response()
}

/// An error of a REST endpoint.
pub(super) fn rest(status: StatusCode, message: impl Into<String>) -> Response {
    json_answer(status, &json!({"code": status.as_u16(), "message": message.into()}))
}

/// An error of a call.
#[derive(Debug, Clone, Serialize)]
pub(super) struct RpcError {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl RpcError {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new("invalid_argument", message)
    }

    /// The error of a call whose time is over.
    pub(super) fn deadline() -> Self {
        Self::new("deadline_exceeded", "context deadline exceeded")
    }

    fn status(&self) -> StatusCode {
        match self.code {
            "invalid_argument" | "out_of_range" | "failed_precondition" => StatusCode::BAD_REQUEST,
            "not_found" => StatusCode::NOT_FOUND,
            "already_exists" | "aborted" => StatusCode::CONFLICT,
            "permission_denied" => StatusCode::FORBIDDEN,
            "resource_exhausted" => StatusCode::TOO_MANY_REQUESTS,
            "unimplemented" => StatusCode::NOT_IMPLEMENTED,
            "unavailable" => StatusCode::SERVICE_UNAVAILABLE,
            "unauthenticated" => StatusCode::UNAUTHORIZED,
            "deadline_exceeded" => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for RpcError {
    fn into_response(self) -> Response {
        let body = json!(self).to_string();
        (self.status(), [(CONTENT_TYPE, "application/json")], body).into_response()
    }
}
