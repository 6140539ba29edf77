//! Files of an archive, put into a sandbox.

use std::fs::{self, File, Permissions};
use std::io::{self, BufReader, Read, Seek as _};
use std::os::unix::fs::{PermissionsExt as _, fchown, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use flate2::read::GzDecoder;
use rustix::fs::OFlags;

use crate::sandbox::Sandbox;

/// A copy of files into a sandbox.
#[derive(Debug)]
pub(super) struct CopySpec {
    /// A tar file, gzipped or not.
    pub(super) archive: PathBuf,
    /// A file or folder in it, or a pattern that all of it matches.
    pub(super) source: String,
    /// Absolute; a folder if it ends with a slash.
    pub(super) destination: String,
    /// The permissions of files, otherwise theirs in the archive.
    pub(super) mode: Option<u32>,
    /// Whether the files belong to root instead of the sandbox's user.
    pub(super) of_root: bool,
}

/// Puts files of an archive into a sandbox.
pub(super) fn copy(sandbox: &Sandbox, spec: &CopySpec) -> Result<()> {
    let unpack_dir = tempfile::tempdir()?;
    unpack(&spec.archive, unpack_dir.path())
        .with_context(|| format!("cannot unpack {}", spec.archive.display()))?;
    let to = spec.destination.as_str();
    let source = unpack_dir.path().join(spec.source.trim_start_matches(['.', '/']));
    if source.is_file() {
        let to = match Path::new(&spec.source).file_name() {
            Some(name) if is_folder(sandbox, to) => {
                format!("{}/{}", to.trim_end_matches('/'), name.to_string_lossy())
            }
            _ => to.to_owned(),
        };
        return put(sandbox, &source, &to, spec);
    }
    let root = if source.is_dir() { &source } else { unpack_dir.path() };
    put(sandbox, root, to.trim_end_matches('/'), spec)
}

fn unpack(archive: &Path, to: &Path) -> io::Result<()> {
    let mut file = BufReader::new(File::open(archive)?);
    let mut magic = [0; 2];
    let gzipped = file.read(&mut magic)? == 2 && magic == [0x1f, 0x8b];
    file.rewind()?;
    if gzipped {
        tar::Archive::new(GzDecoder::new(file)).unpack(to)
    } else {
        tar::Archive::new(file).unpack(to)
    }
}

/// Returns whether a path means a folder.
fn is_folder(sandbox: &Sandbox, path: &str) -> bool {
    path.ends_with('/') || sandbox.files.file(path, OFlags::PATH | OFlags::DIRECTORY).is_ok()
}

/// Puts a file, or what is in a folder, to a path of the sandbox.
fn put(sandbox: &Sandbox, from: &Path, to: &str, spec: &CopySpec) -> Result<()> {
    if from.is_dir() && !from.is_symlink() {
        sandbox.files.make_folders(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let to = format!("{to}/{}", entry.file_name().to_string_lossy());
            put(sandbox, &entry.path(), &to, spec)?;
        }
        return Ok(());
    }
    sandbox.files.make_parents(to)?;
    if from.is_symlink() {
        return Ok(symlink(fs::read_link(from)?, sandbox.files.parent(to)?.path())?);
    }
    // The file may be one that others have, too.
    sandbox.files.remove(to)?;
    let mut target = sandbox.files.file(to, OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC)?;
    let mut source = File::open(from)?;
    io::copy(&mut source, &mut target).with_context(|| format!("cannot write {to}"))?;
    if spec.of_root && sandbox.isolation.user().is_some() {
        fchown(&target, Some(0), Some(0))?;
    }
    let mode = spec.mode.unwrap_or(source.metadata()?.permissions().mode());
    Ok(target.set_permissions(Permissions::from_mode(mode & 0o7777))?)
}
