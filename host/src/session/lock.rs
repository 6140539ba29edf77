//! Tells a run that goes on from one whose process is gone.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// In the session's folder while it runs; gone after an orderly end.
const NAME: &str = "running.lock";

/// An advisory lock on a session's folder. The system releases it when the
/// process ends, however it ends.
pub(super) struct Lock {
    path: PathBuf,
    /// Holds the lock until it is closed.
    _file: File,
}

/// What [`Lock::probe`] finds.
pub(super) enum Probe {
    /// No lock file: the run ended, or never started.
    Absent,
    /// A process holds it, or the file system cannot tell.
    Held,
    /// There is a lock file and nobody holds it. The lock is now ours.
    Free(Lock),
}

impl Lock {
    /// Locks a new session's folder.
    pub(super) fn acquire(folder: &Path) -> io::Result<Self> {
        let path = folder.join(NAME);
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        // Some network file systems have no locks. There `probe` fails the same way and reads as
        // `Held`: a crash stays unnoticed, but no run that goes on is called crashed.
        match file.try_lock() {
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Self { path, _file: file }),
            Err(TryLockError::WouldBlock) => Err(io::ErrorKind::AlreadyExists.into()),
        }
    }

    /// Looks whether somebody holds the lock of a session's folder.
    pub(super) fn probe(folder: &Path) -> io::Result<Probe> {
        let path = folder.join(NAME);
        let file = match OpenOptions::new().write(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Probe::Absent),
            Err(error) => return Err(error),
        };
        match file.try_lock() {
            Ok(()) => Ok(Probe::Free(Self { path, _file: file })),
            Err(_) => Ok(Probe::Held),
        }
    }

    /// After the status says how the run ended.
    pub(super) fn remove(self) -> io::Result<()> {
        std::fs::remove_file(&self.path)
    }
}

/// Whether the run with this id, below `logs`, has ended or is not there.
pub fn is_over(logs: &Path, id: &str) -> bool {
    // Where it cannot be told, it goes on.
    let probe = Lock::probe(&logs.join(format!("{}{id}", super::PREFIX)));
    matches!(probe, Ok(Probe::Absent | Probe::Free(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_until_it_is_dropped_and_absent_once_removed() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Lock::probe(folder.path()).unwrap(), Probe::Absent));
        let lock = Lock::acquire(folder.path()).unwrap();
        assert!(matches!(Lock::probe(folder.path()).unwrap(), Probe::Held));
        drop(lock);
        let Probe::Free(lock) = Lock::probe(folder.path()).unwrap() else { panic!("held") };
        lock.remove().unwrap();
        assert!(matches!(Lock::probe(folder.path()).unwrap(), Probe::Absent));
    }
}
