//! Downloads the files that a run left in a sandbox to the places where a local run leaves them. No
//! file is moved into place before all are downloaded and verified.

use std::collections::HashSet;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use e2b_client::Envd;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use osiris_core::canonical::hex;
use osiris_core::contract::ErrorKind;
use osiris_core::driver::limits::Limit;
use osiris_core::driver::spec::configured_paths;
use osiris_core::fs::layout::{LOGS_DIR, OWN_DIR};
use osiris_core::fs::project_dir::ProjectDir;
use osiris_core::fs::staged::StagedFile;
use osiris_core::invisible::is_invisible;
use osiris_core::paths::{ProjectPath, Resolver, reserved_to_write};
use osiris_engine::{MAX_STATE, unfit_state};
use osiris_pipeline::manifest::Manifest;
use osiris_runtime::run::Prepared;
use osiris_runtime::session::{self, StatusFile, StepState, files};
use sha2::{Digest as _, Sha256};

use super::error::RemoteError;
use super::notice::NoticeSender;
use super::transfer_progress::Transfer;
use crate::protocol::OutputFile;

/// Maximum files downloaded concurrently.
const AT_ONCE: usize = 4;
/// Attempts to download a file that arrives damaged, and resumptions of each attempt.
const ATTEMPTS: usize = 4;

/// The files that a run can leave, by its plan.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    artifacts: String,
    states: String,
    steps: Vec<String>,
    /// Maximum number of files and bytes, by the limits of the steps.
    most: (u64, u64),
    /// Output paths of the steps, as written in the configuration and as resolved on this machine.
    output_paths: Vec<(ProjectPath, PathBuf)>,
}

impl Expected {
    pub(super) fn of(prepared: &Prepared, session: &str) -> Self {
        let manifest: &Manifest = &prepared.job().manifest;
        let resolver = Resolver::open(&prepared.job().base);
        let output_paths = prepared
            .tasks()
            .zip(prepared.drivers())
            .flat_map(|(task, driver)| configured_paths(&task.config, &driver.spec.files.write))
            .filter_map(|path| ProjectPath::new(path).ok())
            .map(|path| {
                // A link in the configuration is the user's own.
                let location = resolver.as_ref().ok().map(|all| all.resolve(path.as_ref(), true));
                let resolved = location.and_then(Result::ok).map(|location| location.path);
                (path.clone(), resolved.unwrap_or_else(|| path.as_ref().to_owned()))
            });
        let limits = &prepared.job().limits;
        // In addition to its own files, a step has a configuration and a state.
        let files = limits.get(Limit::Files).saturating_add(2);
        let bytes = limits.get(Limit::Disk).saturating_add(2 * MAX_STATE as u64);
        let steps = manifest.steps.len() as u64;
        Self {
            most: (files.saturating_mul(steps), bytes.saturating_mul(steps)),
            artifacts: format!("logs/{}{session}/{}", session::PREFIX, files::ARTIFACTS),
            states: format!(".osiris/state/{}", manifest.pipeline.id),
            steps: manifest.steps.iter().map(|step| step.id.clone()).collect(),
            output_paths: output_paths.collect(),
        }
    }

    /// Returns the files to download among those that a worker offers: all except the states of
    /// failed steps.
    ///
    /// # Errors
    /// Returns an error if the files exceed the limits of the steps.
    pub(super) fn files_to_download(
        &self,
        outputs: Vec<OutputFile>,
        status: &StatusFile,
    ) -> Result<Vec<OutputFile>, RemoteError> {
        let bytes = outputs.iter().fold(0, |total: u64, output| total.saturating_add(output.size));
        let (most_files, most_bytes) = self.most;
        if outputs.len() as u64 > most_files || bytes > most_bytes {
            let why = format!(
                "the worker offers {} files of {bytes} bytes in total; the limits `files` and `disk` allow all steps {most_files} files of {most_bytes} bytes",
                outputs.len()
            );
            return Err(RemoteError::failed(ErrorKind::Protocol, why));
        }
        let failed = status.steps.iter().filter(|step| step.status != StepState::Success);
        let failed_states: HashSet<String> =
            failed.map(|step| format!("{}/{}.json", self.states, step.id)).collect();
        let is_needed = |output: &OutputFile| !failed_states.contains(&output.path);
        Ok(outputs.into_iter().filter(is_needed).collect())
    }

    fn is_state(&self, path: &str) -> bool {
        below(path, &self.states).is_some()
    }

    /// Returns the local path for a file that a run of this plan can have left, or `None` for any
    /// other file: the worker is not trusted.
    fn local_path(&self, path: &str) -> Option<PathBuf> {
        if !ProjectPath::is_normal(path) || path.contains('\\') {
            return None;
        }
        // Names in a configuration are the user's, all others a driver's.
        let is_visible = |rest: &str| !rest.contains(is_invisible);
        let is_of_step = |rest: &str| self.steps.iter().any(|step| below(rest, step).is_some());
        let is_state = |rest: &str| self.steps.iter().any(|step| *rest == format!("{step}.json"));
        if below(path, &self.artifacts).is_some_and(|rest| is_visible(rest) && is_of_step(rest))
            || below(path, &self.states).is_some_and(is_state)
        {
            return Some(path.into());
        }
        let path = Path::new(path);
        let target = self.output_paths.iter().find_map(|(configured, resolved)| {
            let rest = path.strip_prefix(configured).ok()?;
            if !is_visible(&rest.to_string_lossy()) {
                return None;
            }
            // Joining an empty path would add a slash.
            Some(resolved.components().chain(rest.components()).collect::<PathBuf>())
        });
        let is_writable = |path: &Path| reserved_to_write(path).is_none();
        target.filter(|target| is_writable(path) && is_writable(target))
    }
}

/// Returns the rest of a path below a directory.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    path.strip_prefix(folder)?.strip_prefix('/')
}

/// Downloads the files from below `from` in the sandbox to below `base` on this machine. Returns
/// their total size in bytes.
pub(super) async fn download(
    envd: &Envd,
    outputs: &[OutputFile],
    expected: &Expected,
    from: &str,
    base: &Path,
    notes: &NoticeSender,
) -> Result<u64, RemoteError> {
    let mut paths = Vec::with_capacity(outputs.len());
    for output in outputs {
        let Some(path) = expected.local_path(&output.path) else {
            let why =
                format!("the worker offers {:?}, which no step of this run writes", output.path);
            return Err(RemoteError::failed(ErrorKind::Protocol, why));
        };
        paths.push(path);
    }
    let mut names = HashSet::new();
    let duplicate = outputs.iter().zip(&paths).find(|(_, path)| !names.insert(*path));
    if let Some((duplicate, _)) = duplicate {
        let why = format!("the worker offers {:?} twice", duplicate.path);
        return Err(RemoteError::failed(ErrorKind::Protocol, why));
    }
    // An untrusted worker can report any sizes.
    let total = outputs.iter().fold(0, |total: u64, output| total.saturating_add(output.size));
    let transfer = Transfer::new("downloading", outputs.len(), total, notes);
    let fetches = outputs.iter().zip(&paths).enumerate().map(|(index, (output, path))| {
        let transfer = transfer.clone();
        fetch(envd, output, from, (base, path), move |size| transfer.set(index, size))
    });
    let mut parts = stream::iter(fetches).buffer_unordered(AT_ONCE).try_collect::<Vec<_>>().await?;
    for part in &mut parts {
        if expected.is_state(part.path)
            && let Some(why) = part.unfit_state()?
        {
            return Err(RemoteError::failed(
                ErrorKind::Protocol,
                format!("{:?}: {why}", part.path),
            ));
        }
    }
    for part in parts {
        part.commit()?;
    }
    Ok(total)
}

/// A downloaded file next to its final path. Removed on drop.
struct PartialFile<'d> {
    staged: StagedFile,
    path: &'d str,
}

impl<'d> PartialFile<'d> {
    /// Creates a file next to its final path, with missing parent directories. Links are not
    /// followed.
    fn new(base: &Path, target: &Path, path: &'d str) -> io::Result<Self> {
        let name = target.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
        let folder = ProjectDir::new(base, target.parent().unwrap_or(Path::new("")));
        let is_own = [LOGS_DIR, OWN_DIR].iter().any(|folder| target.starts_with(folder));
        let folder = if is_own { folder.create_dir()? } else { folder.create_shared_dir()? };
        Ok(Self { staged: StagedFile::create(&folder, name.as_ref(), is_own)?, path })
    }

    /// Returns the reason if the file cannot be a state.
    fn unfit_state(&mut self) -> Result<Option<String>, RemoteError> {
        let mut read_text = || {
            let file = self.staged.file();
            file.rewind()?;
            let mut text = String::new();
            file.take(MAX_STATE as u64 + 1).read_to_string(&mut text)?;
            io::Result::Ok(text)
        };
        match read_text() {
            Ok(text) => Ok(unfit_state(&text)),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Ok(Some("the state is not valid UTF-8".to_owned()))
            }
            Err(error) => Err(unwritable(self.path, &error)),
        }
    }

    fn commit(self) -> Result<(), RemoteError> {
        self.staged.commit().map_err(|error| unwritable(self.path, &error))
    }
}

async fn fetch<'d>(
    envd: &Envd,
    output: &'d OutputFile,
    from: &str,
    (base, target): (&Path, &Path),
    progress: impl Fn(u64),
) -> Result<PartialFile<'d>, RemoteError> {
    let part = PartialFile::new(base, target, &output.path);
    let mut part = part.map_err(|error| unwritable(&output.path, &error))?;
    let source = format!("{from}/{}", output.path);
    let mut why = String::new();
    for _ in 0..ATTEMPTS {
        match copy(envd, &source, output, &mut part, &progress).await? {
            Ok(()) => return Ok(part),
            Err(damage) => why = damage,
        }
    }
    Err(RemoteError::failed(
        ErrorKind::Sandbox,
        format!(
            "cannot download `{}` from the sandbox: {why}; run the pipeline again",
            output.path
        ),
    ))
}

/// Downloads a file, resuming where the download breaks off. The inner error is damage that
/// another attempt can avoid.
async fn copy(
    envd: &Envd,
    source: &str,
    output: &OutputFile,
    part: &mut PartialFile<'_>,
    progress: &impl Fn(u64),
) -> Result<Result<(), String>, RemoteError> {
    let unwritable = |error: &io::Error| unwritable(&output.path, error);
    let file = part.staged.file();
    file.set_len(0).and_then(|()| file.rewind()).map_err(|error| unwritable(&error))?;
    let (mut hash, mut size, mut cuts) = (Sha256::new(), 0_u64, 0);
    while size < output.size {
        let before = size;
        let mut download = match envd.download(source, size).await {
            Ok(download) => download,
            Err(error) => return Ok(Err(error.message)),
        };
        loop {
            match download.next().await {
                Ok(Some(bytes)) => {
                    size += bytes.len() as u64;
                    if size > output.size {
                        return Ok(Err("the file is longer than the worker reported".to_owned()));
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
            return Ok(Err("the file is shorter than the worker reported".to_owned()));
        }
        if size == before {
            cuts += 1;
        }
        if cuts > ATTEMPTS {
            return Ok(Err("every attempt was cut off".to_owned()));
        }
    }
    if hex(&hash.finalize()) != output.sha256 {
        return Ok(Err(
            "the file arrived altered: its sha256 is not the one that the worker reported"
                .to_owned(),
        ));
    }
    file.sync_all().map_err(|error| unwritable(&error))?;
    Ok(Ok(()))
}

fn unwritable(path: &str, error: &io::Error) -> RemoteError {
    RemoteError::failed(ErrorKind::Session, format!("cannot write `{path}`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unplanned_outputs_are_not_downloaded() {
        let expected = Expected {
            artifacts: "logs/run_1/artifacts".to_owned(),
            states: ".osiris/state/demo".to_owned(),
            steps: vec!["read".to_owned()],
            most: (10, 1 << 20),
            output_paths: [("output/a.csv", "output/a.csv"), ("parts", "data/parts"), (".", "")]
                .map(|(configured, resolved)| {
                    (ProjectPath::new(configured).unwrap(), resolved.into())
                })
                .into(),
        };
        let all =
            Expected { output_paths: expected.output_paths[2..].to_vec(), ..expected.clone() };
        let expected = Expected { output_paths: expected.output_paths[..2].to_vec(), ..expected };
        for (path, local_path) in [
            ("logs/run_1/artifacts/read/cleaned_config.json", ""),
            (".osiris/state/demo/read.json", ""),
            ("output/a.csv", ""),
            ("parts/1/x.bin", "data/parts/1/x.bin"),
        ] {
            let local_path = if local_path.is_empty() { path } else { local_path };
            assert_eq!(expected.local_path(path).as_deref(), Some(Path::new(local_path)));
        }
        for path in [
            "osiris.lock",
            "OSIRIS.YAML",
            ".env",
            ".Env.local",
            ".git/hooks/pre-commit",
            "sub/.git/config",
            "drivers/a.wasm",
            "logs/run_1/status.json",
            ".osiris/state/demo/other.json",
        ] {
            assert_eq!(all.local_path(path), None, "{path}");
        }
        assert_eq!(all.local_path("any/thing"), Some("any/thing".into()));
        for path in [
            "../a",
            "/etc/passwd",
            "output/b.csv",
            "parts/../osiris.yaml",
            "output/../osiris.lock",
            "output/../drivers/x.wasm",
            "x/../.env",
            "./output/a.csv",
            "parts/.env",
            "parts//x",
            "parts/./x",
            "logs/run_1/artifacts/other/x",
            "logs/run_1/status.json",
            "logs/run_2/artifacts/read/x",
            ".osiris/state/demo/other.json",
            "output/a.csv.part",
            "parts/\u{202e}gpj.exe",
            "logs/run_1/artifacts/read/a\nb",
            "logs/run_1/artifacts/read/\u{1b}[2J/b",
            "parts\\..\\x",
            "",
            "parts/",
        ] {
            assert_eq!(expected.local_path(path), None, "{path}");
        }
    }
}
