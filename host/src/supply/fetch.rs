//! Gets a driver's bytes from where they are and looks at them. Nothing is
//! written: they are in memory until they are known to be what was asked for.

use std::path::{Path, PathBuf};

use super::Source;
use super::oci::{self, Client, Login, Reference};
use super::web::Web;
use crate::canonical::sha256;
use crate::driver::{DriverFile, MAX_SIZE};
use crate::http::NamedBy;
use crate::problem::{Error, Problem, Result};
use crate::wording::quoted;
use crate::yaml::read_bytes;

/// Is told how many bytes have come, and of how many if that is known.
pub type Progress<'p> = dyn FnMut(u64, Option<u64>) + 'p;

/// What may be fetched how.
pub struct Fetcher<'e> {
    /// Whether also in the clear, over networks.
    pub insecure: bool,
    /// A variable of the environment.
    pub variable: &'e dyn Fn(&str) -> Option<String>,
}

/// What a driver must be.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'w> {
    /// Its name.
    pub name: Option<&'w str>,
    /// The sha256 of its bytes.
    pub sha256: Option<&'w str>,
    /// In a registry, the digest of its manifest.
    pub digest: Option<&'w str>,
    /// True if only the project's lock says where it is, and not the user: then that is on
    /// the internet or in the project.
    pub from_lock: bool,
}

impl Wanted<'_> {
    fn named_by(self) -> NamedBy {
        if self.from_lock { NamedBy::Stranger } else { NamedBy::User }
    }
}

/// A driver that was fetched, and fits this host.
#[derive(Debug)]
pub struct Fetched {
    /// Where it came from.
    pub source: Source,
    /// In a registry, the digest of its manifest.
    pub digest: Option<String>,
    /// What it says of itself; its path is the source.
    pub driver: DriverFile,
    /// The component.
    pub bytes: Vec<u8>,
    /// Of the bytes.
    pub sha256: String,
}

impl Fetcher<'_> {
    /// Fetches a driver and checks that it is one, and the one that is wanted.
    ///
    /// # Errors
    /// It cannot be fetched, is no driver, does not fit this host, or is another.
    pub async fn fetch(
        &self,
        source: &Source,
        wanted: Wanted<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<Fetched> {
        let (bytes, digest) = match source {
            Source::File(path) => (read_bytes(path, MAX_SIZE)?, None),
            Source::Web(url) => {
                let web = Web::new(url, self.insecure, wanted.named_by())?;
                let what = "get the driver";
                let response = web.send(web.client().get(url.clone()), what).await?;
                if !response.status().is_success() {
                    return Err(web.refused(response, what).await);
                }
                (web.body(response, MAX_SIZE, what, progress).await?, None)
            }
            Source::Oci(reference) => {
                let client = self.registry_of(&reference.registry, wanted.named_by())?;
                let reference = match wanted.digest {
                    Some(digest) => reference.pinned(digest),
                    None => resolve(&client, reference).await?,
                };
                let (bytes, digest) = client.component(&reference, progress).await?;
                (bytes, Some(digest))
            }
        };
        let sha256 = sha256(&bytes);
        if let Some(pin) = wanted.sha256.filter(|pin| *pin != sha256) {
            return Err(another(source, wanted, &sha256, pin));
        }
        let place = match source {
            Source::File(path) => path.clone(),
            other => PathBuf::from(other.to_string()),
        };
        let driver = DriverFile::of(&bytes, &place)?;
        if let Some(problem) = driver.mismatch() {
            return Err(Error::invalid(problem));
        }
        if let Some(name) = wanted.name.filter(|name| *name != driver.spec.name) {
            return Err(misnamed(&place, name, &driver.spec.name));
        }
        Ok(Fetched { source: source.clone(), digest, driver, bytes, sha256 })
    }

    /// A registry, with the user's login to it.
    ///
    /// # Errors
    /// It is no host, or a login is there that cannot be used.
    pub fn registry(&self, registry: &str) -> Result<Client> {
        self.registry_of(registry, NamedBy::User)
    }

    fn registry_of(&self, registry: &str, named_by: NamedBy) -> Result<Client> {
        let login = Login::find(registry, self.variable)?;
        Client::new(registry, self.insecure, login, named_by)
    }
}

/// A reference that says nothing more means the newest version.
async fn resolve(client: &Client, reference: &Reference) -> Result<Reference> {
    if reference.tag.is_some() || reference.digest.is_some() {
        return Ok(reference.clone());
    }
    let tags = client.tags(&reference.repository).await?;
    match oci::newest(&tags) {
        Some(tag) => Ok(reference.tagged(&tag)),
        None if tags.is_empty() => {
            let message = format!("there is no {reference}");
            let help = format!(
                "check the name; `osiris drivers search --registry {}` lists what is there",
                reference.registry
            );
            Err(Error::environment(Problem::new("driver_not_found", message).help(help)))
        }
        None => {
            let message = format!("{reference} has no tag that is a version, and no `latest`");
            let help = format!("choose one, like {}", reference.tagged(&tags[0]));
            Err(Error::invalid(Problem::new("no_version", message).help(help)))
        }
    }
}

fn another(source: &Source, wanted: Wanted<'_>, found: &str, pin: &str) -> Error {
    // Whoever sends a lock has nobody show what a file of this machine holds.
    let message = match source {
        Source::File(_) if wanted.from_lock => {
            format!("{source} is not what was locked: its sha256 is not {pin}")
        }
        _ => format!("{source} is not what was asked for: its sha256 is {found}, not {pin}"),
    };
    Error::failed(Problem::new("hash_differs", message).help(match wanted.name {
        Some(name) => format!(
            "it has changed since it was locked: restore it there, or see what is new with `osiris drivers update {name}`"
        ),
        None => "nothing was changed; ask whoever gave you the hash".to_owned(),
    }))
}

fn misnamed(place: &Path, wanted: &str, found: &str) -> Error {
    let message =
        format!("this should be the driver {}, but it is {}", quoted(wanted), quoted(found));
    let help = format!("if that is right: `osiris drivers remove {wanted}`, then add it anew");
    Error::failed(Problem::new("driver_other", message).in_file(place).help(help))
}
