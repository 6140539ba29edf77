//! Brings what a run left in a sandbox to where a run on this machine leaves it.
//! Nothing is put into its place before all of it is here, and whole.

use std::collections::HashSet;
use std::io::{self, Write as _};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use sha2::{Digest as _, Sha256};

use super::note::Notes;
use super::transfer::Transfer;
use super::trouble::Trouble;
use crate::below;
use crate::canonical::hex;
use crate::driver::grants::paths;
use crate::manifest::Manifest;
use crate::project::check_relative;
use crate::remote::client::Envd;
use crate::remote::paths::plain;
use crate::remote::protocol::Made;
use crate::run::Prepared;
use crate::session::{self, files};

/// How many files are on the way at once.
const AT_ONCE: usize = 4;
/// How often a file is fetched that arrives cut off or altered.
const ATTEMPTS: usize = 4;

/// What a run may leave, by its plan.
#[derive(Debug)]
pub(super) struct Expected {
    artifacts: String,
    states: String,
    steps: Vec<String>,
    written: Vec<String>,
}

impl Expected {
    pub(super) fn of(prepared: &Prepared, session: &str) -> Self {
        let manifest: &Manifest = &prepared.job().manifest;
        let written = prepared
            .tasks()
            .zip(prepared.drivers())
            .flat_map(|(task, driver)| paths(&task.config, &driver.spec.files.write))
            .map(plain);
        Self {
            artifacts: format!("logs/{}{session}/{}", session::PREFIX, files::ARTIFACTS),
            states: format!(".osiris/state/{}", manifest.pipeline.id),
            steps: manifest.steps.iter().map(|step| step.id.clone()).collect(),
            written: written.collect(),
        }
    }

    /// Whether a run of this plan can have left that: a worker is not trusted.
    fn allows(&self, path: &str) -> bool {
        let plain = |part: &str| !matches!(part, "" | "." | "..");
        if check_relative(path).is_err() || !path.split('/').all(plain) || path.contains('\\') {
            return false;
        }
        let of_step = |rest: &str| self.steps.iter().any(|step| below(rest, step).is_some());
        below(path, &self.artifacts).is_some_and(of_step)
            || below(path, &self.states)
                .is_some_and(|rest| self.steps.iter().any(|step| *rest == format!("{step}.json")))
            || self.written.iter().any(|own| path == own || below(path, own).is_some())
    }
}

/// The rest of a path below a folder.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    path.strip_prefix(folder)?.strip_prefix('/')
}

/// Fetches the files, which lie below `from` in the sandbox, to below `base` here.
/// Returns how many bytes they have.
pub(super) async fn collect(
    envd: &Envd,
    made: &[Made],
    expected: &Expected,
    from: &str,
    base: &Path,
    notes: &Notes,
) -> Result<u64, Trouble> {
    if let Some(odd) = made.iter().find(|made| !expected.allows(&made.path)) {
        let why = format!("the worker offers {:?}, which no step of this run writes", odd.path);
        return Err(Trouble::failed("protocol", why));
    }
    let mut names = HashSet::new();
    if let Some(twice) = made.iter().find(|made| !names.insert(&made.path)) {
        let why = format!("the worker offers {:?} twice", twice.path);
        return Err(Trouble::failed("protocol", why));
    }
    let dir = Dir::open_ambient_dir(base, ambient_authority())
        .map_err(|error| unwritable(&base.display().to_string(), &error))?;
    // A worker may say anything.
    let all = made.iter().fold(0, |all: u64, made| all.saturating_add(made.size));
    let transfer = Transfer::new("downloading", made.len(), all, notes);
    let fetched = made.iter().enumerate().map(|(index, made)| {
        let transfer = transfer.clone();
        fetch(envd, made, from, &dir, move |size| transfer.set(index, size))
    });
    let fetched = stream::iter(fetched).buffer_unordered(AT_ONCE).try_collect::<Vec<_>>().await?;
    for part in fetched {
        part.settle()?;
    }
    Ok(all)
}

/// A file that is here, beside its place. Dropped, it is gone.
struct Part<'d> {
    dir: &'d Dir,
    part: String,
    path: &'d str,
    settled: bool,
}

impl Part<'_> {
    fn settle(mut self) -> Result<(), Trouble> {
        let moved = self.dir.rename(&self.part, self.dir, self.path);
        moved.map_err(|error| unwritable(self.path, &error))?;
        self.settled = true;
        Ok(())
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        if !self.settled {
            // It may never have been made.
            self.dir.remove_file(&self.part).ok();
        }
    }
}

async fn fetch<'d>(
    envd: &Envd,
    made: &'d Made,
    from: &str,
    dir: &'d Dir,
    progress: impl Fn(u64),
) -> Result<Part<'d>, Trouble> {
    let (folder, name) = made.path.rsplit_once('/').unwrap_or(("", &made.path));
    if !folder.is_empty() {
        dir.create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    }
    let slash = if folder.is_empty() { "" } else { "/" };
    let part = format!("{folder}{slash}.{name}.{:08x}.part", std::process::id());
    let part = Part { dir, part, path: &made.path, settled: false };
    let source = format!("{from}/{}", made.path);
    let mut why = String::new();
    for _ in 0..ATTEMPTS {
        match copy(envd, &source, made, &part, &progress).await? {
            Ok(()) => return Ok(part),
            Err(damage) => why = damage,
        }
    }
    Err(Trouble::failed(
        "sandbox",
        format!("`{}` could not be fetched from the sandbox: {why}; run it again", made.path),
    ))
}

/// Fetches a file once, going on where it is cut off. The inner error is damage
/// that another attempt may not meet.
async fn copy(
    envd: &Envd,
    source: &str,
    made: &Made,
    part: &Part<'_>,
    progress: &impl Fn(u64),
) -> Result<Result<(), String>, Trouble> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    if made.path.starts_with("logs/") || made.path.starts_with(".osiris/") {
        below::private(&mut options);
    }
    let unwritable = |error: &io::Error| unwritable(&part.part, error);
    let mut file =
        part.dir.open_with(&part.part, &options).map_err(|error| unwritable(&error))?.into_std();
    let (mut hash, mut size, mut cuts) = (Sha256::new(), 0_u64, 0);
    while size < made.size {
        let before = size;
        let mut download = match envd.download(source, size).await {
            Ok(download) => download,
            Err(error) => return Ok(Err(error.message)),
        };
        loop {
            match download.next().await {
                Ok(Some(bytes)) => {
                    size += bytes.len() as u64;
                    if size > made.size {
                        return Ok(Err("it is longer than the worker says".to_owned()));
                    }
                    hash.update(&bytes);
                    progress(size);
                    file.write_all(&bytes).map_err(|error| unwritable(&error))?;
                }
                Ok(None) => break,
                Err(error) if cuts < ATTEMPTS => {
                    tracing::debug!("{source}: {}", error.message);
                    cuts += 1;
                    break;
                }
                Err(error) => return Ok(Err(error.message)),
            }
        }
        if size == before && cuts == 0 {
            return Ok(Err("it is shorter than the worker says".to_owned()));
        }
        if size == before {
            cuts += 1;
        }
        if cuts > ATTEMPTS {
            return Ok(Err("it is cut off each time".to_owned()));
        }
    }
    if hex(&hash.finalize()) != made.sha256 {
        return Ok(Err("it arrives altered: its sha256 is not what the worker says".to_owned()));
    }
    file.sync_all().map_err(|error| unwritable(&error))?;
    Ok(Ok(()))
}

fn unwritable(path: &str, error: &io::Error) -> Trouble {
    Trouble::failed("session", format!("cannot write `{path}`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_plan_writes_may_come() {
        let expected = Expected {
            artifacts: "logs/run_1/artifacts".to_owned(),
            states: ".osiris/state/demo".to_owned(),
            steps: vec!["read".to_owned()],
            written: vec!["output/a.csv".to_owned(), "parts".to_owned()],
        };
        for path in [
            "logs/run_1/artifacts/read/cleaned_config.json",
            ".osiris/state/demo/read.json",
            "output/a.csv",
            "parts/1/x.bin",
        ] {
            assert!(expected.allows(path), "{path}");
        }
        for path in [
            "../a",
            "/etc/passwd",
            "output/b.csv",
            "parts/../osiris.yaml",
            "parts//x",
            "parts/./x",
            "logs/run_1/artifacts/other/x",
            "logs/run_1/status.json",
            "logs/run_2/artifacts/read/x",
            ".osiris/state/demo/other.json",
            "output/a.csv.part",
            "parts\\..\\x",
            "",
            "parts/",
        ] {
            assert!(!expected.allows(path), "{path}");
        }
    }
}
