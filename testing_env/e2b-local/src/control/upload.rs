//! Files for templates, kept as a cloud's storage would.

use std::path::PathBuf;

use axum::body::Body;
use axum::extract::{Path, State as Shared};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use futures_util::TryStreamExt as _;
use serde_json::json;
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt as _;

use super::body::answer;
use super::{Error, Server};
use crate::sandbox::letters;
use crate::state::State;

pub(super) async fn ask(
    Shared(state): Server,
    Path((_, hash)): Path<(String, String)>,
) -> Result<Response, Error> {
    let is_present = archive_path(&state, &hash)?.is_file();
    let url = state.api_url.get().map(String::as_str).unwrap_or_default();
    let url = format!("{url}/_storage/{hash}/{}", state.templates.pass);
    Ok(answer(StatusCode::CREATED, &json!({"present": is_present, "url": url})))
}

pub(super) async fn put(
    Shared(state): Server,
    Path((hash, pass)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Error> {
    if pass != state.templates.pass {
        return Err(Error::new(StatusCode::FORBIDDEN, "the signature of the URL is wrong"));
    }
    if !headers.contains_key(CONTENT_LENGTH) {
        return Err(Error::new(StatusCode::LENGTH_REQUIRED, "the Content-Length is missing"));
    }
    let file = archive_path(&state, &hash)?;
    let partial = file.with_extension(letters(8));
    let write = async {
        let mut to = File::create(&partial).await?;
        let mut body = body.into_data_stream();
        while let Some(chunk) = body.try_next().await.map_err(std::io::Error::other)? {
            to.write_all(&chunk).await?;
        }
        to.flush().await?;
        fs::rename(&partial, &file).await
    };
    let result = write.await;
    result.map_err(|error| Error::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(StatusCode::OK)
}

/// Returns the path of the archive with this hash, which may not have arrived.
pub(super) fn archive_path(state: &State, hash: &str) -> Result<PathBuf, Error> {
    if hash.is_empty() || !hash.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Error::bad("validation error: invalid files hash"));
    }
    Ok(state.templates.folder.join(format!("{hash}.tar")))
}
