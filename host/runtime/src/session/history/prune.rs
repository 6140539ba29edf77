//! Removes old sessions.

use std::io;
use std::path::Path;

use cap_std::fs::Dir;
use jiff::Timestamp;
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::project_dir::{ProjectDir, io_help};

use super::super::{PREFIX, RunStatus};
use super::{Run, files};

/// A removed session.
#[derive(Debug, Clone)]
pub struct Removed {
    /// The session.
    pub run: Run,
    /// Size of its files in bytes.
    pub bytes: u64,
}

/// Returns those of `runs`, sorted from new to old, that can be removed: runs that have ended, are
/// not among the newest `keep`, and started before `before`.
pub fn prunable(runs: Vec<Run>, keep: usize, before: Option<Timestamp>) -> Vec<Run> {
    let is_old = |run: &Run| {
        let Ok(status) = &run.status else { return false };
        let started = status.started_at.parse::<Timestamp>();
        let is_old = before.is_none_or(|before| started.is_ok_and(|started| started < before));
        is_old && status.status != RunStatus::Running
    };
    runs.into_iter().skip(keep).filter(|run| is_old(run) && run.has_ended()).collect()
}

/// Removes a session, or only measures it. Never follows symlinks: a session that is one is left
/// alone, and a symlink inside a session is removed without its target.
///
/// # Errors
/// Returns an error if a file cannot be removed. The status is removed last, so that the session can
/// still be found then.
pub fn remove(base: &Path, logs: &Path, run: Run, dry_run: bool) -> Result<Removed> {
    let name = format!("{PREFIX}{}", run.id);
    let remove = || -> io::Result<u64> {
        let Some(logs) = ProjectDir::new(base, logs).open()? else { return Ok(0) };
        let Some(dir) = ProjectDir::new(base, &run.dir).open()? else { return Ok(0) };
        let bytes = size(&dir)?;
        if !dry_run {
            clear(&dir)?;
            logs.remove_dir(&name)?;
        }
        Ok(bytes)
    };
    match remove() {
        Ok(bytes) => Ok(Removed { run, bytes }),
        // Another process removes it as well.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Removed { run, bytes: 0 }),
        Err(error) => {
            let message = format!("cannot remove the session: {error}");
            let problem = Diagnostic::new(Code::SessionUnwritable, message).in_file(&run.dir);
            let help = io_help(&error, "make the directory writable, and run the command again");
            Err(Error::environment(problem.help(help)))
        }
    }
}

/// Removes everything in a session's directory, the status last.
fn clear(dir: &Dir) -> io::Result<()> {
    for entry in dir.entries()? {
        let entry = entry?;
        let name = entry.file_name();
        if name == files::STATUS {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => dir.remove_dir_all(&name)?,
            false => dir.remove_file(&name)?,
        }
    }
    dir.remove_file(files::STATUS)
}

/// Returns the size of all files in a directory.
fn size(dir: &Dir) -> io::Result<u64> {
    let mut total = 0_u64;
    for entry in dir.entries()? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            total = total.saturating_add(size(&entry.open_dir()?)?);
        } else if kind.is_file() {
            total = total.saturating_add(entry.metadata()?.len());
        }
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use osiris_core::redact::Redactor;

    use super::super::super::tests::{session, success};
    use super::super::list;
    use super::*;

    #[test]
    fn finished_sessions_are_removed_and_running_ones_kept() {
        let base = tempfile::tempdir().unwrap();
        let (base, logs) = (base.path(), base.path().join("logs"));
        let running = session(&logs, Redactor::default());
        for _ in 0..3 {
            session(&logs, Redactor::default()).finish(success()).unwrap();
        }
        let ids = || list(&logs).unwrap().into_iter().map(|run| run.id).collect::<Vec<_>>();
        assert_eq!(prunable(list(&logs).unwrap(), 4, None).len(), 0);
        let long_ago = "2020-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(prunable(list(&logs).unwrap(), 0, Some(long_ago)).len(), 0);
        let old = prunable(list(&logs).unwrap(), 0, None);
        assert_eq!(old.len(), 3);
        for run in old.clone() {
            assert!(remove(base, &logs, run, true).unwrap().bytes > 0);
        }
        assert_eq!(ids().len(), 4, "a dry run removes nothing");
        for run in old {
            remove(base, &logs, run.clone(), false).unwrap();
            // A second process can be slower.
            assert_eq!(remove(base, &logs, run, false).unwrap().bytes, 0);
        }
        assert_eq!(ids(), [running.id()]);
    }

    #[test]
    fn symlinks_are_not_followed() {
        let (base, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (base, logs) = (base.path(), base.path().join("logs"));
        let theirs = elsewhere.path().join("theirs");
        fs::create_dir(&theirs).unwrap();
        fs::write(theirs.join("file"), "x").unwrap();
        let run = session(&logs, Redactor::default());
        symlink(&theirs, run.dir().join("link")).unwrap();
        symlink(&theirs, run.dir().join("artifacts/link")).unwrap();
        run.finish(success()).unwrap();
        let moved = elsewhere.path().join("moved");
        let mut runs = prunable(list(&logs).unwrap(), 0, None);
        let only = runs.remove(0);
        fs::rename(&only.dir, &moved).unwrap();
        symlink(&moved, &only.dir).unwrap();
        let error = remove(base, &logs, only.clone(), false).unwrap_err().to_string();
        assert!(error.contains("is a symlink, which osiris does not follow"), "{error}");
        fs::remove_file(&only.dir).unwrap();
        fs::rename(&moved, &only.dir).unwrap();
        remove(base, &logs, only.clone(), false).unwrap();
        assert!(!only.dir.exists() && theirs.join("file").exists());
    }
}
