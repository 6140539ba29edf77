//! Fetches a driver's bytes and checks them. Nothing is written: the bytes stay in memory until
//! they are verified.

use std::path::{Path, PathBuf};

use osiris_core::canonical::sha256;
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::catalog::DriverCatalog;
use osiris_core::driver::{DriverFile, MAX_SIZE};
use osiris_core::text::quoted;
use osiris_core::yaml::read_bytes;
use osiris_http::NamedBy;

use super::http_client::BoundedClient;
use super::oci::{Artifact, Client, Login, Reference};
use super::{Source, oci};

/// Callback with the bytes received so far and the total, if known.
pub type Progress<'p> = dyn FnMut(u64, Option<u64>) + 'p;

/// Settings for fetching drivers.
pub struct Fetcher<'e> {
    /// Whether unencrypted connections over networks are allowed.
    pub insecure: bool,
    /// Looks up an environment variable.
    pub variable: &'e dyn Fn(&str) -> Option<String>,
    /// The catalog with the drivers that come with osiris.
    pub catalog: &'e DriverCatalog,
}

/// Requirements on a driver.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'w> {
    /// The driver's name.
    pub name: Option<&'w str>,
    /// The sha256 of the driver's bytes.
    pub sha256: Option<&'w str>,
    /// The digest of the driver's manifest in a registry.
    pub digest: Option<&'w str>,
    /// The index that named the source.
    pub index: Option<&'w str>,
    /// True if only a file of the project names the source, and not the user: the source must
    /// then be on the internet or in the project.
    pub from_project: bool,
}

impl Wanted<'_> {
    fn named_by(self) -> NamedBy {
        if self.from_project { NamedBy::Stranger } else { NamedBy::User }
    }
}

/// A fetched driver that is compatible with this host.
#[derive(Debug)]
pub struct Fetched {
    /// Source of the driver.
    pub source: Source,
    /// The index that named the source.
    pub index: Option<String>,
    /// Digest of the driver's manifest in a registry.
    pub digest: Option<String>,
    /// The driver's self-description, with the source as its path.
    pub driver: DriverFile,
    /// Bytes of the component.
    pub bytes: Vec<u8>,
    /// The sha256 of the bytes.
    pub sha256: String,
}

impl Fetcher<'_> {
    /// Fetches a driver and checks it against the requirements.
    ///
    /// # Errors
    /// Returns an error if the driver cannot be fetched, is not a driver, is incompatible with
    /// this host or does not meet the requirements.
    pub async fn fetch(
        &self,
        source: &Source,
        requirements: Wanted<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<Fetched> {
        let (bytes, digest) = match source {
            Source::File(path) => (read_bytes(path, MAX_SIZE)?, None),
            Source::Web(url) => {
                let web = BoundedClient::new(url, self.insecure, requirements.named_by())?;
                let action = "fetch the driver";
                let response = web.send(web.client().get(url.clone()), action).await?;
                if !response.status().is_success() {
                    return Err(web.error_response(response, action).await);
                }
                (web.body(response, MAX_SIZE, action, progress).await?, None)
            }
            Source::Oci(reference) => {
                let client = self.registry_of(&reference.registry, requirements.named_by())?;
                let reference = match requirements.digest {
                    Some(digest) => reference.pinned(digest),
                    None => resolve(&client, reference).await?,
                };
                let (bytes, digest) =
                    client.artifact(&reference, Artifact::Driver, progress).await?;
                (bytes, Some(digest))
            }
            Source::BuiltIn(name) => {
                let driver = self.catalog.built_in(name).ok_or_else(|| not_built_in(name))?;
                (driver.content()?.bytes.clone(), None)
            }
        };
        let sha256 = sha256(&bytes);
        if let Some(pin) = requirements.sha256.filter(|pin| *pin != sha256) {
            return Err(hash_mismatch(source, requirements, &sha256, pin));
        }
        let path = match source {
            Source::File(path) => path.clone(),
            other => PathBuf::from(other.to_string()),
        };
        let driver = DriverFile::of(&bytes, &path)?;
        if let Some(problem) = driver.mismatch() {
            return Err(Error::invalid(problem));
        }
        if let Some(name) = requirements.name.filter(|name| *name != driver.spec.name) {
            return Err(name_mismatch(&path, name, &driver.spec.name));
        }
        let index = requirements.index.map(str::to_owned);
        Ok(Fetched { source: source.clone(), index, digest, driver, bytes, sha256 })
    }

    /// Creates a client for a registry, with the user's login.
    ///
    /// # Errors
    /// Returns an error if `registry` is not a valid host or its login cannot be used.
    pub fn registry(&self, registry: &str) -> Result<Client> {
        self.registry_of(registry, NamedBy::User)
    }

    pub(super) fn registry_of(&self, registry: &str, named_by: NamedBy) -> Result<Client> {
        let login = Login::find(registry, self.variable)?;
        Client::new(registry, self.insecure, login, named_by)
    }
}

/// Resolves a reference without a tag and a digest to the newest version.
async fn resolve(client: &Client, reference: &Reference) -> Result<Reference> {
    if reference.tag.is_some() || reference.digest.is_some() {
        return Ok(reference.clone());
    }
    let tags = client.tags(&reference.repository).await?;
    match oci::newest(&tags) {
        Some(tag) => Ok(reference.tagged(&tag)),
        None if tags.is_empty() => {
            let message = format!("cannot find `{reference}`");
            let help = format!(
                "check the name, or list the drivers with `osiris drivers search --registry {}`",
                reference.registry
            );
            Err(Error::environment(Diagnostic::new(Code::SourceMissing, message).help(help)))
        }
        None => {
            let message = format!("`{reference}` has neither a version tag nor `latest`");
            let help = format!("choose a tag, like `{}`", reference.tagged(&tags[0]));
            Err(Error::invalid(Diagnostic::new(Code::VersionMissing, message).help(help)))
        }
    }
}

fn hash_mismatch(source: &Source, requirements: Wanted<'_>, actual: &str, pin: &str) -> Error {
    // The author of a lockfile must not learn the content of a file on this machine.
    let message = match source {
        Source::File(_) if requirements.from_project => {
            format!("`{source}` is not the locked driver: its sha256 is not {pin}")
        }
        _ => format!("`{source}` is not the requested driver: its sha256 is {actual}, not {pin}"),
    };
    let help = match (source, requirements) {
        (Source::BuiltIn(name), _) => format!(
            "this osiris comes with another version of the driver: lock that version with `osiris drivers update {name}`, or install the osiris that the driver was locked with"
        ),
        (_, Wanted { index: Some(index), .. }) => format!(
            "the driver changed after it was entered in the index `{index}`; nothing was changed here: report this to the author of the index"
        ),
        (_, Wanted { name: Some(name), .. }) => format!(
            "restore the source, which changed after the driver was locked, or update the driver with `osiris drivers update {name}`"
        ),
        _ => "verify the hash with its provider; nothing was changed".to_owned(),
    };
    Error::failed(Diagnostic::new(Code::HashDifferent, message).help(help))
}

fn not_built_in(name: &str) -> Error {
    let message = format!("no driver `{name}` comes with this osiris");
    let help = format!(
        "install the osiris that comes with the driver, or remove the driver with `osiris drivers remove {name}`"
    );
    Error::environment(Diagnostic::new(Code::SourceMissing, message).help(help))
}

fn name_mismatch(path: &Path, expected: &str, actual: &str) -> Error {
    let message = format!("expected driver {}, found driver {}", quoted(expected), quoted(actual));
    let help = format!(
        "if the found driver is right, run `osiris drivers remove {expected}`, then add the driver again"
    );
    Error::failed(Diagnostic::new(Code::DriverDifferent, message).in_file(path).help(help))
}
