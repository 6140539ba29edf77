//! Errors of the control plane.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error of the control plane.
#[derive(Debug)]
pub(super) struct Error {
    status: StatusCode,
    message: String,
    code: Option<&'static str>,
}

impl Error {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), code: None }
    }

    /// The same with a code that programs understand.
    pub(super) fn with_code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn no_sandbox(id: &str) -> Self {
        let message = format!("Sandbox \"{id}\" doesn't exist or you don't have access to it");
        Self::new(StatusCode::NOT_FOUND, message)
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut body = json!({"code": self.status.as_u16(), "message": self.message});
        if let Some(code) = self.code {
            body["error_code"] = code.into();
        }
        let kind = [(CONTENT_TYPE, "application/json; charset=utf-8")];
        (self.status, kind, body.to_string()).into_response()
    }
}
