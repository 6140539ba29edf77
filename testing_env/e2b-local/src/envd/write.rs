//! Writes files.

mod target;

use std::collections::BTreeSet;

use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};

use self::target::{Target, resolve_path};
use super::This;
use super::error::rest;
use crate::fault::Effects;

/// A response that says what is wrong.
type Failed = Box<Response>;

/// Writes the file of a body, or the files of its parts.
pub(super) async fn post(this: This, request: Request) -> Response {
    let result = match kind(&request).as_str() {
        "multipart/form-data" => parts(&this, request).await,
        "application/octet-stream" if this.envd_is([0, 5, 7]) => single_file(&this, request).await,
        other => Err(Box::new(rest(
            StatusCode::BAD_REQUEST,
            format!(
                "unsupported content type: {other}, expected multipart/form-data or \
                 application/octet-stream"
            ),
        ))),
    };
    match result {
        Ok(entries) => {
            let kind = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
            (kind, Value::from(entries).to_string()).into_response()
        }
        Err(response) => *response,
    }
}

/// A parameter of a request.
pub(super) fn query(uri: &Uri, key: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(uri.query().unwrap_or("").as_bytes());
    pairs.find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
}

fn kind(request: &Request) -> String {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.unwrap_or("").split(';').next().unwrap_or("").trim().to_owned()
}

async fn single_file(this: &This, request: Request) -> Result<Vec<Value>, Failed> {
    check(&request)?;
    let Some(path) = query(request.uri(), "path").filter(|path| !path.is_empty()) else {
        return Err(Box::new(rest(StatusCode::BAD_REQUEST, "path is required")));
    };
    let path = resolve_path(this, &path)?;
    let size =
        request.headers().get(CONTENT_LENGTH).and_then(|size| size.to_str().ok()?.parse().ok());
    let mut target = Target::open(this, &path, full(&request), size).await?;
    let mut body = request.into_body().into_data_stream();
    while let Some(chunk) = body.try_next().await.map_err(|error| body_error(&error))? {
        target.write(&chunk).await?;
    }
    Ok(vec![entry(&path)])
}

async fn parts(this: &This, request: Request) -> Result<Vec<Value>, Failed> {
    check(&request)?;
    let full = full(&request);
    let explicit_path = query(request.uri(), "path").filter(|path| !path.is_empty());
    let mut parts =
        Multipart::from_request(request, &()).await.map_err(|error| body_error(&error))?;
    let mut entries = Vec::new();
    let mut paths = BTreeSet::new();
    while let Some(mut part) = parts.next_field().await.map_err(|error| body_error(&error))? {
        if part.name() != Some("file") {
            continue;
        }
        let name = explicit_path.clone().or_else(|| part.file_name().map(str::to_owned));
        let path = resolve_path(this, &name.unwrap_or_default())?;
        if !paths.insert(path.clone()) {
            let message = format!("you cannot upload multiple files to the same path '{path}'");
            return Err(Box::new(rest(StatusCode::BAD_REQUEST, message)));
        }
        let mut target = Target::open(this, &path, full, None).await?;
        while let Some(chunk) = part.chunk().await.map_err(|error| body_error(&error))? {
            target.write(&chunk).await?;
        }
        entries.push(entry(&path));
    }
    Ok(entries)
}

/// Refuses a body that is still encoded: a gzipped one was inflated on its way.
fn check(request: &Request) -> Result<(), Failed> {
    match request.headers().get(CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" => {
            let encoding = String::from_utf8_lossy(encoding.as_bytes());
            let message = format!("unsupported Content-Encoding: {encoding}");
            Err(Box::new(rest(StatusCode::BAD_REQUEST, message)))
        }
        _ => Ok(()),
    }
}

fn full(request: &Request) -> Option<usize> {
    request.extensions().get::<Effects>().and_then(Effects::disk_full)
}

fn entry(path: &str) -> Value {
    json!({"name": path.rsplit('/').next(), "path": path, "type": "file"})
}

fn body_error(error: &dyn std::error::Error) -> Failed {
    Box::new(rest(StatusCode::INTERNAL_SERVER_ERROR, format!("error reading body: {error}")))
}
