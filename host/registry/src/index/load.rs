//! Fetches an index, and keeps the last good copy for times without a network.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use osiris_core::canonical;
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::atomic;
use osiris_core::fs::cache_dir::cache_dir;
use osiris_core::fs::regular::read_regular_no_link;
use osiris_core::yaml::read_bytes;
use osiris_http::NamedBy;

use super::document::{DriverIndex, MAX_INDEX};
use crate::fetch::Fetcher;
use crate::http_client::BoundedClient;
use crate::oci::Artifact;
use crate::source::Source;
use crate::trust::PublicKey;

/// An index of a project, as in `osiris.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexSource {
    /// The place of the index.
    pub source: Source,
    /// The key that signs the index.
    pub key: PublicKey,
}

/// A verified index with its origin.
#[derive(Debug, Clone)]
pub struct LoadedIndex {
    /// The project's name for the index.
    pub name: String,
    /// The place of the index.
    pub source: Source,
    /// The index.
    pub index: DriverIndex,
    /// Set if the server cannot be reached and the index is the last good copy.
    pub offline: Option<OfflineCopy>,
}

/// The last good copy of an index.
#[derive(Debug, Clone)]
pub struct OfflineCopy {
    /// The reason why the server did not deliver the index.
    pub reason: Diagnostic,
    /// Time of the last delivery.
    pub time: Option<SystemTime>,
}

impl Fetcher<'_> {
    /// Fetches an index and verifies it. `from_project` is true if only a file of the project names
    /// the source, and not the user.
    ///
    /// # Errors
    /// Returns an error if the index cannot be fetched and there is no copy of it on this machine,
    /// if the index is too large, its signature is not by the key, its document is invalid, or it
    /// is older than the copy.
    pub async fn index(
        &self,
        name: &str,
        from: &IndexSource,
        from_project: bool,
    ) -> Result<LoadedIndex> {
        let copy = Copy::of(from);
        let loaded = |index, offline| LoadedIndex {
            name: name.to_owned(),
            source: from.source.clone(),
            index,
            offline,
        };
        let bytes = match self.index_bytes(&from.source, from_project).await {
            Ok(bytes) => bytes,
            Err(error) => match copy.read(&from.key) {
                Some((index, _)) if is_temporary(&error) => {
                    let reason = error.into_first();
                    return Ok(loaded(index, Some(OfflineCopy { reason, time: copy.time() })));
                }
                _ => return Err(in_index(name, error)),
            },
        };
        let index = DriverIndex::open(&bytes, &from.key)
            .and_then(|index| copy.check_not_older(&index, &bytes, &from.key).map(|()| index))
            .map_err(|problem| {
                let file = PathBuf::from(from.source.to_string());
                in_index(name, Error::environment(problem.in_file(&file)))
            })?;
        copy.write(&bytes);
        Ok(loaded(index, None))
    }

    async fn index_bytes(&self, source: &Source, from_project: bool) -> Result<Vec<u8>> {
        let named_by = if from_project { NamedBy::Stranger } else { NamedBy::User };
        match source {
            Source::File(path) => read_bytes(path, MAX_INDEX),
            Source::Web(url) => {
                let web = BoundedClient::new(url, self.insecure, named_by)?;
                let action = "fetch the index";
                let response = web.send(web.client().get(url.clone()), action).await?;
                if !response.status().is_success() {
                    return Err(web.error_response(response, action).await);
                }
                web.body(response, MAX_INDEX, action, &mut |_, _| {}).await
            }
            Source::Oci(reference) => {
                let client = self.registry_of(&reference.registry, named_by)?;
                let (bytes, _) =
                    client.artifact(reference, Artifact::Index, &mut |_, _| {}).await?;
                Ok(bytes)
            }
            Source::BuiltIn(_) => {
                let message = format!("`{source}` is not an index of drivers");
                Err(Error::invalid(Diagnostic::new(Code::SourceInvalid, message)))
            }
        }
    }
}

/// Returns whether a server is only temporarily unable to deliver an index.
fn is_temporary(error: &Error) -> bool {
    let mut codes = error.diagnostics().iter().map(|problem| problem.code);
    codes.all(|code| matches!(code, Code::ServerUnreachable | Code::RequestRefused))
}

/// Adds the name of the index.
fn in_index(name: &str, mut error: Error) -> Error {
    for problem in error.iter_mut() {
        problem.message = format!("index `{name}`: {}", problem.message);
    }
    error
}

/// The last good copy of an index: by its source and its key, so that two projects share it and no
/// other index takes its place.
struct Copy {
    path: Option<PathBuf>,
}

impl Copy {
    fn of(from: &IndexSource) -> Self {
        let name = canonical::sha256(format!("{}\n{}", from.source, from.key));
        let path = cache_dir("indexes").map(|folder| folder.join(format!("{name}.json")));
        let path = path.map_err(|error| tracing::debug!("cannot keep copies of indexes: {error}"));
        Self { path: path.ok() }
    }

    fn read(&self, key: &PublicKey) -> Option<(DriverIndex, Vec<u8>)> {
        let bytes = read_regular_no_link(self.path.as_ref()?, MAX_INDEX).ok()?;
        // A damaged copy is as good as none.
        Some((DriverIndex::open(&bytes, key).ok()?, bytes))
    }

    /// Returns the time of the last delivery: each one writes the copy.
    fn time(&self) -> Option<SystemTime> {
        fs::metadata(self.path.as_ref()?).and_then(|metadata| metadata.modified()).ok()
    }

    fn write(&self, bytes: &[u8]) {
        let Some(path) = &self.path else { return };
        if let Err(error) = atomic::write_private(path, bytes) {
            tracing::debug!("cannot keep a copy of the index: {error}");
        }
    }

    fn check_not_older(
        &self,
        index: &DriverIndex,
        bytes: &[u8],
        key: &PublicKey,
    ) -> Result<(), Diagnostic> {
        let Some((known, known_bytes)) = self.read(key) else { return Ok(()) };
        let (new, old) = (index.sequence, known.sequence);
        let message = match new.cmp(&old) {
            std::cmp::Ordering::Greater => return Ok(()),
            std::cmp::Ordering::Equal if bytes == known_bytes => return Ok(()),
            std::cmp::Ordering::Equal => format!(
                "the index has the sequence {new} of the copy on this machine, but another content"
            ),
            std::cmp::Ordering::Less => format!(
                "the index is older than the copy on this machine: its sequence is {new}, but {old} was seen before"
            ),
        };
        let path = self.path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        let help = format!(
            "ask the author of the index to publish it with a higher sequence; if the old index is really wanted, run `rm {path}`"
        );
        Err(Diagnostic::new(Code::IndexOutdated, message).help(help))
    }
}
