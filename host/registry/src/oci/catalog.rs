//! Lists the drivers of a registry.

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use reqwest::header::LINK;
use reqwest::{Method, StatusCode};
use semver::Version;
use serde::Deserialize;

use super::manifest::{Artifact, DESCRIPTION, TITLE, VERSION};
use super::reference::{is_repository, is_tag};
use super::{Client, MAX_JSON, Reference, pull_scope};

/// Maximum names that are read; drivers of a larger registry must be requested by name.
const MAX_NAMES: usize = 10_000;
/// Names per page, and maximum number of pages.
const PAGE: usize = 100;
const MAX_PAGES: usize = MAX_NAMES / PAGE;

/// A driver in a registry.
#[derive(Debug, Clone)]
pub struct CatalogEntry {
    /// Reference to the newest version.
    pub reference: Reference,
    /// The name that the publisher gave.
    pub name: String,
    /// The version that the publisher gave.
    pub version: String,
    /// The title that the publisher gave.
    pub title: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Page {
    repositories: Vec<String>,
    /// The tags; null if a repository has none.
    tags: Option<Vec<String>>,
}

impl Client {
    /// Returns the names of all repositories.
    ///
    /// # Errors
    /// Returns an error if the registry does not list them.
    pub async fn catalogue(&self) -> Result<Vec<String>> {
        let names = self.names("_catalog", "registry:catalog:*", |page| page.repositories).await?;
        let Some(names) = names else {
            let message = format!("{} does not list its repositories", self.web.host());
            let help = "use the full name: `osiris drivers add oci://REGISTRY/NAME`";
            return Err(Error::environment(
                Diagnostic::new(Code::CatalogMissing, message).help(help),
            ));
        };
        Ok(names.into_iter().filter(|name| is_repository(name)).collect())
    }

    /// Returns the tags of a repository, or an empty list if the repository does not exist.
    ///
    /// # Errors
    /// Returns an error if the registry refuses.
    pub async fn tags(&self, repository: &str) -> Result<Vec<String>> {
        let path = format!("{repository}/tags/list");
        let scope = pull_scope(repository);
        let tags = self.names(&path, &scope, |page| page.tags.unwrap_or_default()).await?;
        Ok(tags.unwrap_or_default().into_iter().filter(|tag| is_tag(tag)).collect())
    }

    /// Returns the newest version of a repository. Returns `None` if that is not a component.
    ///
    /// # Errors
    /// Returns an error if the registry refuses to list the tags.
    pub async fn look(&self, registry: &str, repository: &str) -> Result<Option<CatalogEntry>> {
        let Some(tag) = newest(&self.tags(repository).await?) else { return Ok(None) };
        let reference = Reference {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            tag: Some(tag.clone()),
            digest: None,
        };
        // Anything without a valid manifest is not a driver.
        let Ok(Some((manifest, _))) = self.manifest(&reference, Artifact::Driver).await else {
            return Ok(None);
        };
        if manifest.layer(Artifact::Driver).is_err() {
            return Ok(None);
        }
        let annotation = |key: &str| manifest.annotations.get(key).cloned();
        Ok(Some(CatalogEntry {
            name: annotation(TITLE).unwrap_or_default(),
            version: annotation(VERSION).unwrap_or(tag),
            title: annotation(DESCRIPTION).unwrap_or_default(),
            reference,
        }))
    }

    /// Returns a list, page by page. Returns `None` if the registry does not have the list.
    async fn names(
        &self,
        path: &str,
        scope: &str,
        of: fn(Page) -> Vec<String>,
    ) -> Result<Option<Vec<String>>> {
        let action = "list the drivers";
        let mut names: Vec<String> = Vec::new();
        for _ in 0..MAX_PAGES {
            let last = names.last().map(|last| format!("&last={}", encoded(last)));
            let page = format!("{path}?n={PAGE}{}", last.unwrap_or_default());
            let response = self.call(scope, action, || self.request(Method::GET, &page)).await?;
            let status = response.status();
            if matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) {
                return Ok(None);
            }
            if !status.is_success() {
                return Err(self.web.error_response(response, action).await);
            }
            let more = response.headers().contains_key(LINK);
            let body = self.web.body(response, MAX_JSON, action, &mut |_, _| {}).await?;
            let page: Page = serde_json::from_slice(&body).map_err(|error| {
                let message = format!("cannot read the list of {}: {error}", self.web.host());
                Error::environment(Diagnostic::new(Code::RequestRefused, message))
            })?;
            let page = of(page);
            let before = names.len();
            names.extend(page.into_iter().take(MAX_NAMES - before));
            if !more || names.len() == before {
                break;
            }
        }
        names.sort_unstable();
        names.dedup();
        Ok(Some(names))
    }
}

fn encoded(text: &str) -> impl std::fmt::Display + '_ {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
}

/// Returns the tag of the newest version: the highest that is not a pre-release, otherwise the
/// highest, otherwise `latest`.
pub fn newest(tags: &[String]) -> Option<String> {
    let version = |tag: &&String| {
        // A tag cannot contain the `+` of a version.
        let version = Version::parse(&tag.replacen('_', "+", 1)).ok()?;
        Some((version.pre.is_empty(), version))
    };
    let versions = tags.iter().filter_map(|tag| Some((version(&tag)?, tag)));
    let highest = versions.max().map(|(_, tag)| tag.clone());
    highest.or_else(|| tags.iter().find(|tag| *tag == "latest").cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newest_tag_is_the_highest_version() {
        for (tags, tag) in [
            (&["1.9.0", "1.10.0", "latest"][..], Some("1.10.0")),
            (&["1.0.0", "2.0.0-rc.1"], Some("1.0.0")),
            (&["2.0.0-rc.1", "2.0.0-rc.2"], Some("2.0.0-rc.2")),
            (&["1.0.0_build.2", "nightly"], Some("1.0.0_build.2")),
            (&["nightly", "latest"], Some("latest")),
            (&["nightly"], None),
            (&[], None),
        ] {
            let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
            assert_eq!(newest(&tags).as_deref(), tag, "{tags:?}");
        }
    }
}
