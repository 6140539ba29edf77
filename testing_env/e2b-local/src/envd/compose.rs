//! Joins files.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use rustix::fs::OFlags;
use serde::Deserialize;
use serde_json::json;

use super::This;
use super::error::{json_answer, rest};
use super::path::resolve;
use crate::sandbox::{Sandbox, tree_size};

#[derive(Debug, Deserialize)]
struct Compose {
    source_paths: Vec<String>,
    destination: String,
}

/// Joins files in their order to one, and removes them.
pub(super) async fn post(this: This, body: Bytes) -> Response {
    let compose: Compose = match serde_json::from_slice(&body) {
        Ok(compose) => compose,
        Err(error) => return rest(StatusCode::BAD_REQUEST, error.to_string()),
    };
    let result = tokio::task::spawn_blocking(move || join(&this, &compose)).await;
    match result {
        Ok(Ok(path)) => {
            let name = Path::new(&path).file_name().map(|name| name.to_string_lossy().into_owned());
            json_answer(StatusCode::OK, &json!({"name": name, "path": path, "type": "file"}))
        }
        Ok(Err((status, message))) => rest(status, message),
        Err(error) => rest(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn join(sandbox: &Sandbox, compose: &Compose) -> Result<String, (StatusCode, String)> {
    let bad = |message: String| (StatusCode::BAD_REQUEST, message);
    let internal =
        |error: io::Error| (StatusCode::INTERNAL_SERVER_ERROR, format!("error composing: {error}"));
    let resolve = |path: &String| resolve(sandbox, path).map_err(bad);
    let sources: Vec<String> =
        compose.source_paths.iter().map(resolve).collect::<Result<_, _>>()?;
    if sources.is_empty() {
        return Err(bad("source_paths must not be empty".to_owned()));
    }
    if sources.iter().collect::<BTreeSet<_>>().len() != sources.len() {
        return Err(bad("source_paths must not have duplicates".to_owned()));
    }
    let destination = resolve(&compose.destination)?;
    let mut files = Vec::new();
    let mut size = 0;
    for path in &sources {
        let file =
            sandbox.files.file(path, OFlags::RDONLY).map_err(|error| match error.kind() {
                ErrorKind::NotFound => {
                    (StatusCode::NOT_FOUND, format!("path '{path}' does not exist"))
                }
                _ => internal(error),
            })?;
        let metadata = file.metadata().map_err(internal)?;
        if !metadata.is_file() {
            return Err(bad(format!("path '{path}' is not a regular file")));
        }
        size += metadata.size();
        files.push(file);
    }
    if size > sandbox.disk.saturating_sub(tree_size(sandbox.files.folder())) {
        let message = format!("attempted to write {size} bytes: not enough disk space available");
        return Err((StatusCode::INSUFFICIENT_STORAGE, message));
    }
    let mut write = || {
        sandbox.files.make_parents(&destination)?;
        let partial = format!("{destination}.compose");
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC;
        let mut to = sandbox.files.file(&partial, flags)?;
        for file in &mut files {
            io::copy(file, &mut to)?;
        }
        for path in &sources {
            fs::remove_file(sandbox.files.parent(path)?.path())?;
        }
        sandbox.files.rename(&partial, &destination)
    };
    write().map_err(internal)?;
    Ok(destination)
}
