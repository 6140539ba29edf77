//! Temporary files of a command, and the standard streams as files: drivers read and write files
//! only.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::cache_dir::create_private_dir;
use osiris_runtime::Workspace;
use tokio::runtime::Builder;

use super::signals::Signals;

/// Bytes that a pipe takes at once, so that a write does not wait.
const CHUNK: usize = 4096;

/// A directory in `.osiris/tmp/` that is removed on drop.
#[derive(Debug)]
pub(super) struct TempDir(PathBuf);

impl TempDir {
    /// Names a directory, which does not exist yet. No other process uses the name.
    pub(super) fn new(workspace: &Workspace, prefix: &str) -> Self {
        // The standard library seeds each state from the system's random source.
        let random = RandomState::new().hash_one(std::process::id());
        Self(workspace.project.layout.tmp_dir().join(format!("{prefix}{random:016x}")))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Creates the directory.
    ///
    /// # Errors
    /// Returns an error if the directory cannot be created.
    pub(super) fn create(&self) -> Result<()> {
        create_private_dir(&self.0).map_err(|error| {
            let message = format!("cannot create a temporary directory: {error}");
            Error::environment(Diagnostic::new(Code::ProjectUnwritable, message).in_file(&self.0))
        })
    }

    /// Removes the directory before the process exits, which drops nothing.
    pub(super) fn remove(&self) {
        // A directory that is not there needs no removal.
        fs::remove_dir_all(&self.0).ok();
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Writes stdin to a new file. Returns the exit code of a signal that stopped it.
///
/// # Errors
/// Returns an error if stdin cannot be read or the file cannot be written.
pub(super) fn read_stdin(file: &Path) -> Result<Option<u8>> {
    let copy = || transfer(&standard_file(&io::stdin())?, &File::create_new(file)?);
    copy().map_err(|error| failed("cannot read stdin", &error))
}

/// Writes a file to stdout. A reader that closes the pipe is no error. Returns the exit code of a
/// signal that stopped it.
///
/// # Errors
/// Returns an error if the file cannot be read or stdout cannot be written.
pub(super) fn write_stdout(file: &Path) -> Result<Option<u8>> {
    let copy = || transfer(&File::open(file)?, &standard_file(&io::stdout())?);
    match copy() {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(None),
        result => result.map_err(|error| failed("cannot write to stdout", &error)),
    }
}

fn failed(what: &str, error: &io::Error) -> Error {
    Error::environment(Diagnostic::new(Code::RuntimeFailed, format!("{what}: {error}")))
}

fn standard_file(stream: &impl std::os::fd::AsFd) -> io::Result<File> {
    // Without the buffer of the standard library.
    Ok(File::from(stream.as_fd().try_clone_to_owned()?))
}

/// Copies until the end or a signal, on this thread only: a run restricts its process before it
/// starts others.
fn transfer(mut from: &File, mut to: &File) -> io::Result<Option<u8>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let mut buffer = [0; CHUNK];
        loop {
            tokio::select! {
                biased;
                exit = signals.next() => return Ok(Some(exit)),
                () = tokio::task::yield_now() => {}
            }
            if !is_ready(from, to)? {
                continue;
            }
            match from.read(&mut buffer) {
                Ok(0) => return Ok(None),
                Ok(count) => to.write_all(&buffer[..count])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    })
}

/// Waits a moment until one file can be read and the other one written without waiting.
fn is_ready(from: &File, to: &File) -> io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let wait = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
    for (file, flags) in [(from, PollFlags::IN), (to, PollFlags::OUT)] {
        match poll(&mut [PollFd::new(file, flags)], Some(&wait)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(false),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}
