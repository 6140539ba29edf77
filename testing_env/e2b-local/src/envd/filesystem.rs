//! Folders, and what files are like.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd as _;

use axum::response::Response;
use rustix::fs::OFlags;
use serde::Deserialize;
use serde_json::{Value, json};

use super::entry::entry;
use super::error::RpcError;
use super::path::resolve;
use super::rpc::{self, Answer, Call};
use crate::sandbox::{Files, Sandbox};

#[derive(Debug, Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(super) struct OfPath {
    path: String,
    depth: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Move {
    source: String,
    destination: String,
}

pub(super) async fn stat(call: Call<OfPath>) -> Answer {
    let path = resolve_path(&call.sandbox, &call.message.path)?;
    entry_response(&call.sandbox, &path)
}

pub(super) async fn make(call: Call<OfPath>) -> Answer {
    let path = resolve_path(&call.sandbox, &call.message.path)?;
    let files = &call.sandbox.files;
    if let Ok(file) = files.file(&path, OFlags::PATH) {
        let is_folder = file.metadata().is_ok_and(|metadata| metadata.is_dir());
        return Err(if is_folder {
            RpcError::new("already_exists", format!("directory already exists: {path}"))
        } else {
            RpcError::invalid(format!("path already exists but it is not a directory: {path}"))
        });
    }
    files.make_folders(&path).map_err(|error| internal("error creating directory", &error))?;
    entry_response(&call.sandbox, &path)
}

pub(super) async fn rename(call: Call<Move>) -> Answer {
    let from = resolve_path(&call.sandbox, &call.message.source)?;
    let to = resolve_path(&call.sandbox, &call.message.destination)?;
    call.sandbox.files.rename(&from, &to).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            RpcError::new("not_found", format!("source file not found: {error}"))
        }
        _ => internal("error renaming", &error),
    })?;
    entry_response(&call.sandbox, &to)
}

pub(super) async fn list(call: Call<OfPath>) -> Answer {
    let path = resolve_path(&call.sandbox, &call.message.path)?;
    let files = &call.sandbox.files;
    let metadata = files.file(&path, OFlags::PATH).and_then(|file| file.metadata());
    match metadata {
        Ok(metadata) if !metadata.is_dir() => {
            return Err(RpcError::invalid(format!("path is not a directory: {path}")));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(RpcError::new("not_found", format!("directory not found: {path}")));
        }
        Err(error) => return Err(internal("error reading directory", &error)),
        Ok(_) => {}
    }
    let mut entries = Vec::new();
    walk(files, &path, call.message.depth.max(1), &mut entries)
        .map_err(|error| internal("error reading directory", &error))?;
    Ok(rpc::answer(&if entries.is_empty() { json!({}) } else { json!({"entries": entries}) }))
}

pub(super) async fn remove(call: Call<OfPath>) -> Answer {
    let path = resolve_path(&call.sandbox, &call.message.path)?;
    call.sandbox
        .files
        .remove(&path)
        .map_err(|error| internal("error removing file or directory", &error))?;
    Ok(rpc::answer(&json!({})))
}

fn resolve_path(sandbox: &Sandbox, path: &str) -> Result<String, RpcError> {
    resolve(sandbox, path).map_err(RpcError::invalid)
}

fn entry_response(sandbox: &Sandbox, path: &str) -> Result<Response, RpcError> {
    let entry = entry(&sandbox.files, path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            let message = format!("file not found: lstat {path}: no such file or directory");
            RpcError::new("not_found", message)
        }
        _ => internal("error getting file info", &error),
    })?;
    Ok(rpc::answer(&json!({"entry": entry})))
}

/// Adds what is in a folder, each followed by what is in it.
fn walk(files: &Files, path: &str, depth: u32, entries: &mut Vec<Value>) -> io::Result<()> {
    let folder = files.file(path, OFlags::RDONLY | OFlags::DIRECTORY)?;
    let mut names = Vec::new();
    for item in fs::read_dir(format!("/proc/self/fd/{}", folder.as_raw_fd()))? {
        let item = item?;
        names.push((item.file_name().to_string_lossy().into_owned(), item.file_type()?.is_dir()));
    }
    names.sort();
    for (name, is_folder) in names {
        let inside = format!("{}/{name}", path.trim_end_matches('/'));
        match entry(files, &inside) {
            Ok(entry) => entries.push(entry),
            // It has gone just now.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        }
        if is_folder && depth > 1 {
            walk(files, &inside, depth - 1, entries)?;
        }
    }
    Ok(())
}

fn internal(what: &str, error: &io::Error) -> RpcError {
    RpcError::new("internal", format!("{what}: {error}"))
}
