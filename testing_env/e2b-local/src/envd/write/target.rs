//! A file that is being written.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use axum::http::StatusCode;
use rustix::fs::OFlags;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use super::Failed;
use crate::envd::error::rest;
use crate::envd::path::resolve;
use crate::sandbox::{Sandbox, tree_size};

/// A file that is being written.
#[derive(Debug)]
pub(super) struct Target {
    file: File,
    /// The space that is left, in bytes.
    available: u64,
    /// The size that the client announced, in bytes.
    size: Option<u64>,
}

/// The absolute path that a client means.
pub(super) fn resolve_path(sandbox: &Sandbox, path: &str) -> Result<String, Failed> {
    resolve(sandbox, path).map_err(|error| Box::new(rest(StatusCode::BAD_REQUEST, error)))
}

impl Target {
    /// Opens an empty file. The disk is full after `full` bytes.
    pub(super) async fn open(
        sandbox: &Sandbox,
        path: &str,
        full: Option<usize>,
        size: Option<u64>,
    ) -> Result<Self, Failed> {
        let internal = |message| Box::new(rest(StatusCode::INTERNAL_SERVER_ERROR, message));
        sandbox.files.make_parents(path).map_err(|error| {
            internal(match error.kind() {
                ErrorKind::NotADirectory => {
                    format!("error ensuring directories: path is a file: {path}")
                }
                _ => format!("error ensuring directories: {error}"),
            })
        })?;
        let mode = unshare(sandbox, path)
            .map_err(|error| internal(format!("error opening file: open {path}: {error}")))?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC;
        let file = sandbox.files.file(path, flags).map_err(|error| match error.kind() {
            ErrorKind::IsADirectory => {
                Box::new(rest(StatusCode::BAD_REQUEST, format!("path is a directory: {path}")))
            }
            ErrorKind::ExecutableFileBusy => {
                internal(format!("error opening file: open {path}: text file busy"))
            }
            _ => internal(format!("error opening file: open {path}: {error}")),
        })?;
        if let Some(mode) = mode {
            // It only matters to who runs it.
            let _ = file.set_permissions(Permissions::from_mode(mode));
        }
        let free = sandbox.disk.saturating_sub(tree_size(sandbox.files.folder()));
        let available = full.map_or(free, |full| free.min(full as u64));
        Ok(Self { file: File::from_std(file), available, size })
    }

    /// Writes more, as much as there is space for.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        let length = bytes.len().min(usize::try_from(self.available).unwrap_or(usize::MAX));
        self.available -= length as u64;
        let write = async {
            self.file.write_all(&bytes[..length]).await?;
            // What has arrived is there, whatever happens to the rest.
            self.file.flush().await
        };
        match write.await {
            Ok(()) if length == bytes.len() => return Ok(()),
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::StorageFull => {}
            Err(error) => return Err(write_error(&error)),
        }
        let message = "not enough disk space available";
        Err(Box::new(rest(
            StatusCode::INSUFFICIENT_STORAGE,
            match self.size {
                Some(size) => format!("attempted to write {size} bytes: {message}"),
                None => message.to_owned(),
            },
        )))
    }
}

/// Puts an empty place where a file is that other sandboxes have, too, and
/// returns its mode.
fn unshare(sandbox: &Sandbox, path: &str) -> io::Result<Option<u32>> {
    let Ok(file) = sandbox.files.file(path, OFlags::PATH) else { return Ok(None) };
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.nlink() == 1 {
        return Ok(None);
    }
    let location = sandbox.files.parent(&sandbox.files.real_path(&file)?)?;
    fs::remove_file(location.path())?;
    Ok(Some(metadata.mode() & 0o777))
}

fn write_error(error: &io::Error) -> Failed {
    let message = format!("error writing file: {error}");
    Box::new(rest(StatusCode::INTERNAL_SERVER_ERROR, message))
}
