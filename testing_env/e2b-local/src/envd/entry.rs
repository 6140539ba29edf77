//! Descriptions of files, as envd gives them.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;

use jiff::Timestamp;
use rustix::fs::OFlags;
use serde_json::{Value, json};

use crate::sandbox::{Files, clean};

/// Describes a file as envd does, which leaves zeros out.
pub(super) fn entry(files: &Files, path: &str) -> io::Result<Value> {
    let location = files.parent(path)?;
    let metadata = fs::symlink_metadata(location.path())?;
    let clean_path = clean(path);
    let name = clean_path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("/");
    let mut entry = json!({
        "name": name,
        "path": path,
        "permissions": permissions(&metadata),
        "owner": owner(files, metadata.uid()),
        "group": owner(files, metadata.gid()),
    });
    // A link is described by what it leads to.
    let mut target = Some(metadata.clone());
    if metadata.is_symlink() {
        let file = files.file(path, OFlags::PATH);
        let end = file.as_ref().ok().and_then(|file| files.real_path(file).ok());
        entry["symlinkTarget"] = end.unwrap_or_else(|| path.to_owned()).into();
        target = file.and_then(|file| file.metadata()).ok();
    }
    if let Some(target) = &target {
        let kind = target.file_type();
        if kind.is_file() {
            entry["type"] = "FILE_TYPE_FILE".into();
        } else if kind.is_dir() {
            entry["type"] = "FILE_TYPE_DIRECTORY".into();
        }
    }
    let mode = target.as_ref().unwrap_or(&metadata).mode() & 0o777;
    if mode != 0 {
        entry["mode"] = mode.into();
    }
    if metadata.len() != 0 {
        entry["size"] = metadata.len().to_string().into();
    }
    if let Ok(modified) = metadata.modified()
        && let Ok(modified) = Timestamp::try_from(modified)
    {
        entry["modifiedTime"] = modified.to_string().into();
    }
    Ok(entry)
}

/// The name of a user or group. Where there is one user, all is the user's.
fn owner(files: &Files, id: u32) -> &'static str {
    if id == 0 && files.owner().is_some() { "root" } else { "user" }
}

/// A mode as Go writes it.
fn permissions(metadata: &Metadata) -> String {
    let mode = metadata.mode();
    let kind = metadata.file_type();
    let flags = [
        (kind.is_dir(), 'd'),
        (kind.is_symlink(), 'L'),
        (mode & 0o4000 != 0, 'u'),
        (mode & 0o2000 != 0, 'g'),
        (mode & 0o1000 != 0, 't'),
    ];
    let mut text: String = flags.iter().filter(|(set, _)| *set).map(|(_, flag)| flag).collect();
    if text.is_empty() {
        text.push('-');
    }
    let bits = "rwxrwxrwx".chars().enumerate();
    text.extend(bits.map(|(at, letter)| if mode & (0o400 >> at) != 0 { letter } else { '-' }));
    text
}
