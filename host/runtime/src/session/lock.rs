//! Tells running sessions from those whose process is gone.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use osiris_core::fs::regular::open_regular_no_link;

/// Present in the session's directory while the run lasts; removed after an orderly end.
const NAME: &str = "running.lock";

/// An advisory lock on a session's directory. The operating system releases the lock when the
/// process ends, in whatever way.
pub(super) struct Lock {
    path: PathBuf,
    /// Holds the lock until it is closed.
    _file: File,
}

/// The result of [`Lock::probe`].
pub(super) enum Probe {
    /// No lock file: the run ended, or never started.
    Absent,
    /// A process holds the lock, or the file system does not support locks.
    Held,
    /// A lock file that no process held. This process now holds the lock.
    Free(Lock),
}

impl Lock {
    /// Locks a new session's directory. The file is renamed into place once locked, so that a
    /// concurrent probe never finds the lock free or takes it before the run does.
    pub(super) fn acquire(folder: &Path) -> io::Result<Self> {
        let path = folder.join(NAME);
        let temporary = folder.join(format!("{NAME}.tmp"));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&temporary)?;
        // Some network file systems have no locks. There `probe` fails the same way and returns
        // `Held`: a crash stays unnoticed, but no running session is reported as crashed.
        file.try_lock().ok();
        std::fs::rename(&temporary, &path)?;
        Ok(Self { path, _file: file })
    }

    /// Checks whether a process holds the lock of a session's directory.
    pub(super) fn probe(folder: &Path) -> io::Result<Probe> {
        let path = folder.join(NAME);
        // An untrusted project can have anything under this name.
        let file = match open_regular_no_link(&path) {
            Ok((file, _)) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Probe::Absent),
            Err(error) => return Err(error),
        };
        match file.try_lock() {
            Ok(()) => Ok(Probe::Free(Self { path, _file: file })),
            Err(_) => Ok(Probe::Held),
        }
    }

    /// Removes the lock file. Call this after the final status is written.
    pub(super) fn remove(self) -> io::Result<()> {
        std::fs::remove_file(&self.path)
    }
}

/// Returns whether the run `id` below `logs` has ended or does not exist.
pub fn has_ended(logs: &Path, id: &str) -> bool {
    // If in doubt, the run counts as running.
    let probe = Lock::probe(&logs.join(format!("{}{id}", super::PREFIX)));
    matches!(probe, Ok(Probe::Absent | Probe::Free(_)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    use super::*;

    #[test]
    fn lock_is_held_until_dropped_and_absent_once_removed() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Lock::probe(folder.path()).unwrap(), Probe::Absent));
        let lock = Lock::acquire(folder.path()).unwrap();
        assert!(matches!(Lock::probe(folder.path()).unwrap(), Probe::Held));
        drop(lock);
        let Probe::Free(lock) = Lock::probe(folder.path()).unwrap() else { panic!("held") };
        lock.remove().unwrap();
        assert!(matches!(Lock::probe(folder.path()).unwrap(), Probe::Absent));
    }

    #[test]
    fn probing_never_prevents_a_run_from_locking() {
        let logs = tempfile::tempdir().unwrap();
        let folders: Vec<_> = (0..500).map(|n| logs.path().join(n.to_string())).collect();
        for folder in &folders {
            std::fs::create_dir(folder).unwrap();
        }
        let ended = AtomicBool::new(false);
        let locks = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !ended.load(Relaxed) {
                    for folder in &folders {
                        let probe = Lock::probe(folder);
                        assert!(matches!(probe, Ok(Probe::Absent | Probe::Held)), "{folder:?}");
                    }
                }
            });
            let locks: io::Result<Vec<_>> = folders.iter().map(|at| Lock::acquire(at)).collect();
            ended.store(true, Relaxed);
            locks
        });
        assert_eq!(locks.unwrap().len(), folders.len());
    }
}
