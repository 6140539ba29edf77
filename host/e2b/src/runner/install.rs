//! Uploads the files of a run into a sandbox. Files that exist there are skipped, and uploaded
//! files are moved into place only if their hash is right.

use std::collections::{BTreeMap, HashMap};

use e2b_client::{Command, Envd, Finished, Source};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use osiris_core::contract::ErrorKind;
use osiris_core::text::format_bytes;

use super::error::RemoteError;
use super::notice::NoticeSender;
use super::payload::{Blob, Payload};
use super::transfer_progress::Transfer;

/// Files uploaded concurrently.
const AT_ONCE: usize = 4;
/// Attempts to upload a file that arrives damaged.
const ATTEMPTS: usize = 3;
/// Files per shell command.
const CHUNK: usize = 500;

/// Script that creates the directories of a run, then prints the home directory and the hashes of
/// all usable files. Creates the secrets file empty and private before anything is written to it.
const INVENTORY_SCRIPT: &str = r#"set -eu
umask 077
mkdir -p "$HOME/.osiris/blobs" "$HOME/.osiris/run-$1" "$HOME/session/$1"
: > "$HOME/.osiris/run-$1/confidential.json"
echo "$HOME"
sha256sum -- /usr/local/bin/osiris /usr/local/lib/osiris/drivers/* /usr/local/lib/osiris/compiled/* "$HOME"/.osiris/blobs/* 2>/dev/null || true"#;

/// Script that moves uploaded files with the right hash into place, or lists the others.
const COMMIT_SCRIPT: &str = r#"cd "$HOME/.osiris/blobs" || exit 1
for h in "$@"; do echo "$h  $h.part"; done | sha256sum -c --quiet - 2>/dev/null || exit 9
for h in "$@"; do chmod 700 "$h.part" && mv -f "$h.part" "$h" || exit 1; done"#;

/// A sandbox with all files of a run.
#[derive(Debug)]
pub(super) struct RemoteLayout {
    /// Home directory of the sandbox's user.
    pub(super) home: String,
    /// Paths of the existing files, by hash.
    paths: HashMap<String, String>,
    /// Number of uploaded files.
    pub(super) files: u64,
    /// Number of uploaded bytes.
    pub(super) bytes: u64,
}

impl RemoteLayout {
    pub(super) fn path(&self, blob: &Blob) -> String {
        let uploaded_path = || format!("{}/.osiris/blobs/{}", self.home, blob.sha256);
        self.paths.get(&blob.sha256).cloned().unwrap_or_else(uploaded_path)
    }

    /// Returns the worker's directory.
    pub(super) fn folder(&self, session: &str) -> String {
        format!("{}/.osiris/run-{session}", self.home)
    }

    /// Returns the directory that drivers see as `/`.
    pub(super) fn base(&self, session: &str) -> String {
        format!("{}/session/{session}", self.home)
    }
}

/// Checks which files exist and uploads the rest. Without `may_install`, the program and the
/// drivers must exist.
pub(super) async fn install(
    envd: &Envd,
    payload: &Payload,
    session: &str,
    template: &str,
    may_install: bool,
    notes: &NoticeSender,
) -> Result<RemoteLayout, RemoteError> {
    let inventory = shell(envd, INVENTORY_SCRIPT, [session]).await?;
    let mut layout = read(&inventory)?;
    let missing: Vec<&str> = std::iter::once(("osiris", &payload.runtime))
        .chain(payload.drivers.iter().map(|(name, blob)| (name.as_str(), blob)))
        .filter(|(_, blob)| !layout.paths.contains_key(&blob.sha256))
        .map(|(name, _)| name)
        .collect();
    if !missing.is_empty() && !may_install {
        return Err(RemoteError::environment(
            ErrorKind::Dependencies,
            format!(
                "Missing required dependencies: {}. Template `{template}` does not contain them in these versions. Enable auto-install with `--e2b-install-deps` or set `OSIRIS_E2B_INSTALL_DEPS=1`, or create a template that contains them with `osiris e2b template`",
                missing.join(", ")
            ),
        ));
    }
    // By hash: the same content is sent once.
    let uploads: BTreeMap<&str, (&str, &Blob)> = payload
        .blobs()
        .filter(|(_, blob)| !layout.paths.contains_key(&blob.sha256))
        .map(|(name, blob)| (blob.sha256.as_str(), (name, blob)))
        .collect();
    layout.files = uploads.len() as u64;
    layout.bytes = uploads.values().map(|(_, blob)| blob.size).sum();
    send(envd, uploads.into_values().collect(), layout.bytes, notes).await?;
    Ok(layout)
}

async fn send(
    envd: &Envd,
    mut files: Vec<(&str, &Blob)>,
    total: u64,
    notes: &NoticeSender,
) -> Result<(), RemoteError> {
    for (name, blob) in &files {
        notes.verbose(format!("Uploading {name}  {}", format_bytes(blob.size)));
    }
    for _ in 0..ATTEMPTS {
        let transfer = Transfer::new("uploading", files.len(), total, notes);
        let send_one = async |(index, (_, blob)): (usize, &(&str, &Blob))| {
            let path = format!(".osiris/blobs/{}.part", blob.sha256);
            let progress = transfer.clone();
            let source =
                Source::file(&blob.path).on_progress(move |size| progress.set(index, size));
            envd.upload(&path, &source).await
        };
        stream::iter(files.iter().enumerate().map(send_one))
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<_>>()
            .await?;
        let mut damaged = String::new();
        for chunk in files.chunks(CHUNK) {
            let hashes = chunk.iter().map(|(_, blob)| blob.sha256.as_str());
            let finished = run(envd, COMMIT_SCRIPT, hashes).await?;
            match finished.exit_code {
                0 => {}
                9 => damaged.push_str(&String::from_utf8_lossy(&finished.stdout)),
                _ => return Err(shell_error("store the uploaded files", &finished)),
            }
        }
        files.retain(|(_, blob)| damaged.contains(&blob.sha256));
        if files.is_empty() {
            return Ok(());
        }
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    Err(RemoteError::environment(
        ErrorKind::Sandbox,
        format!(
            "cannot upload {}: damaged in the sandbox after each of {ATTEMPTS} attempts; try again",
            names.join(", ")
        ),
    ))
}

/// Parses the output of `INVENTORY_SCRIPT`.
fn read(inventory: &str) -> Result<RemoteLayout, RemoteError> {
    let mut lines = inventory.lines();
    let home = lines.next().filter(|home| home.starts_with('/')).ok_or_else(|| {
        RemoteError::environment(
            ErrorKind::Sandbox,
            "the sandbox did not report its home directory",
        )
    })?;
    let entry = |line: &str| {
        let (hash, path) = line.split_once("  ")?;
        let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_hash && !path.ends_with(".part")).then(|| (hash.to_owned(), path.to_owned()))
    };
    Ok(RemoteLayout {
        home: home.to_owned(),
        paths: lines.filter_map(entry).collect(),
        files: 0,
        bytes: 0,
    })
}

/// Runs a script, which must succeed, and returns its output.
async fn shell<'a>(
    envd: &Envd,
    script: &'a str,
    arguments: impl IntoIterator<Item = &'a str>,
) -> Result<String, RemoteError> {
    let finished = run(envd, script, arguments).await?;
    match finished.exit_code {
        0 => Ok(String::from_utf8_lossy(&finished.stdout).into_owned()),
        _ => Err(shell_error("list the files", &finished)),
    }
}

async fn run<'a>(
    envd: &Envd,
    script: &'a str,
    arguments: impl IntoIterator<Item = &'a str>,
) -> Result<Finished, RemoteError> {
    let prefix = ["-c", script, "osiris"].into_iter();
    let args = prefix.chain(arguments).map(str::to_owned).collect();
    Ok(envd.run(&Command { cmd: "/bin/sh".to_owned(), args, ..Command::default() }).await?)
}

fn shell_error(what: &str, finished: &Finished) -> RemoteError {
    let stderr = String::from_utf8_lossy(&finished.stderr);
    let message = stderr.lines().last().unwrap_or("no output").to_owned();
    RemoteError::environment(
        ErrorKind::Sandbox,
        format!("cannot {what} in the sandbox: exit code {}: {message}", finished.exit_code),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installed_files_are_found_by_hash() {
        let hash = "a".repeat(64);
        let text = format!(
            "/home/user\n{hash}  /usr/local/bin/osiris\n\\{hash}  odd\\nname\n{hash}x  no\nrubbish\n"
        );
        let layout = read(&text).unwrap();
        let blob = |sha256: &str| Blob { path: "x".into(), size: 1, sha256: sha256.to_owned() };
        assert_eq!(layout.path(&blob(&hash)), "/usr/local/bin/osiris");
        assert_eq!(layout.path(&blob("b")), "/home/user/.osiris/blobs/b");
        assert!(read("what?\n").is_err());
    }
}
