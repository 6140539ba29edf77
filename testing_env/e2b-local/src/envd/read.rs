//! Reads files.

use std::io::ErrorKind;
use std::os::fd::AsRawFd as _;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_DISPOSITION, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use rustix::fs::OFlags;
use tower::ServiceExt as _;
use tower_http::services::ServeFile;

use super::This;
use super::error::rest;
use super::path::resolve;
use super::write::query;

/// The bytes of a file, or a range of them.
pub(super) async fn get(this: This, request: Request) -> Response {
    if request.method() != Method::GET {
        return rest(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
    }
    let path = match resolve(&this, &query(request.uri(), "path").unwrap_or_default()) {
        Ok(path) => path,
        Err(error) => return rest(StatusCode::BAD_REQUEST, error),
    };
    let file = match this.files.file(&path, OFlags::RDONLY) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return rest(StatusCode::NOT_FOUND, format!("path '{path}' does not exist"));
        }
        Err(error) => {
            let message = format!("error opening file '{path}': {error}");
            return rest(StatusCode::INTERNAL_SERVER_ERROR, message);
        }
    };
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return rest(StatusCode::BAD_REQUEST, format!("path '{path}' is a directory"));
    }
    let kind = mime_guess::from_path(&path).first_or_octet_stream();
    // The name leads to the open file, which no link can replace.
    let open = format!("/proc/self/fd/{}", file.as_raw_fd());
    let result = ServeFile::new_with_mime(open, &kind).oneshot(request).await;
    let mut response = match result {
        Ok(response) => response.map(Body::new),
        Err(never) => match never {},
    };
    let name = path.rsplit('/').next().unwrap_or_default();
    if let Ok(value) = HeaderValue::from_str(&format!("inline; filename={name}")) {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    response
}
