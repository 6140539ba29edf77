//! What a registry has.

use reqwest::header::LINK;
use reqwest::{Method, StatusCode};
use semver::Version;
use serde::Deserialize;

use super::manifest::{DESCRIPTION, TITLE, VERSION};
use super::reference::{is_repository, is_tag};
use super::{Client, MAX_JSON, Reference, pulling};
use crate::problem::{Error, Problem, Result};

/// The most names that are read; a registry that has more is asked by name.
const MAX_NAMES: usize = 10_000;
/// How many names a page has, and how many pages are read.
const PAGE: usize = 100;
const MAX_PAGES: usize = MAX_NAMES / PAGE;

/// A driver in a registry.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Where its newest version is.
    pub reference: Reference,
    /// What the one who published it said: name, version and title.
    pub name: String,
    /// See `name`.
    pub version: String,
    /// See `name`.
    pub title: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Page {
    repositories: Vec<String>,
    /// Null where there is none.
    tags: Option<Vec<String>>,
}

impl Client {
    /// The names of all repositories.
    ///
    /// # Errors
    /// The registry does not tell.
    pub async fn catalogue(&self) -> Result<Vec<String>> {
        let names = self.names("_catalog", "registry:catalog:*", |page| page.repositories).await?;
        let Some(names) = names else {
            let message = format!("{} does not list what it has", self.web.host());
            let help = "name the driver: `osiris drivers add oci://REGISTRY/NAME`";
            return Err(Error::environment(Problem::new("no_catalogue", message).help(help)));
        };
        Ok(names.into_iter().filter(|name| is_repository(name)).collect())
    }

    /// The tags of a repository; none if there is no such repository.
    ///
    /// # Errors
    /// The registry refuses.
    pub async fn tags(&self, repository: &str) -> Result<Vec<String>> {
        let path = format!("{repository}/tags/list");
        let scope = pulling(repository);
        let tags = self.names(&path, &scope, |page| page.tags.unwrap_or_default()).await?;
        Ok(tags.unwrap_or_default().into_iter().filter(|tag| is_tag(tag)).collect())
    }

    /// The newest version of a repository, if it has a component.
    ///
    /// # Errors
    /// The registry refuses.
    pub async fn look(&self, registry: &str, repository: &str) -> Result<Option<Listed>> {
        let Some(tag) = newest(&self.tags(repository).await?) else { return Ok(None) };
        let reference = Reference {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            tag: Some(tag.clone()),
            digest: None,
        };
        // What is no manifest is no driver.
        let Ok(Some((manifest, _))) = self.manifest(&reference).await else { return Ok(None) };
        if manifest.component().is_err() {
            return Ok(None);
        }
        let told = |key: &str| manifest.annotations.get(key).cloned();
        Ok(Some(Listed {
            name: told(TITLE).unwrap_or_default(),
            version: told(VERSION).unwrap_or(tag),
            title: told(DESCRIPTION).unwrap_or_default(),
            reference,
        }))
    }

    /// A list, page by page; none if the registry has no such list.
    async fn names(
        &self,
        path: &str,
        scope: &str,
        of: fn(Page) -> Vec<String>,
    ) -> Result<Option<Vec<String>>> {
        let what = "list what is there";
        let mut names: Vec<String> = Vec::new();
        for _ in 0..MAX_PAGES {
            let last = names.last().map(|last| format!("&last={}", encoded(last)));
            let page = format!("{path}?n={PAGE}{}", last.unwrap_or_default());
            let response = self.call(scope, what, || self.request(Method::GET, &page)).await?;
            let status = response.status();
            if matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) {
                return Ok(None);
            }
            if !status.is_success() {
                return Err(self.web.refused(response, what).await);
            }
            let more = response.headers().contains_key(LINK);
            let body = self.web.body(response, MAX_JSON, what, &mut |_, _| {}).await?;
            let page: Page = serde_json::from_slice(&body).map_err(|error| {
                let message = format!("the list of {} cannot be read: {error}", self.web.host());
                Error::environment(Problem::new("server_refused", message))
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

/// The tag of the newest version: the highest that is no pre-release, else the
/// highest, else `latest`.
pub fn newest(tags: &[String]) -> Option<String> {
    let version = |tag: &&String| {
        // A tag cannot hold the plus of a version.
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
    fn the_newest_is_the_highest_version() {
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
