//! References of the form `oci://REGISTRY/NAME:TAG@sha256:HEX`.

use std::fmt;
use std::str::FromStr;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error};
use osiris_core::text::quoted;
use osiris_http::is_loopback;
use reqwest::Url;

use super::super::lockfile::is_digest;

/// A reference to an artifact in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The registry's host, with its port if it has one.
    pub registry: String,
    /// The repository, like `acme/crm`.
    pub repository: String,
    /// A tag; without a tag and a digest, the newest version is meant.
    pub tag: Option<String>,
    /// A manifest's digest, which takes precedence over the tag.
    pub digest: Option<String>,
}

impl Reference {
    /// Returns the digest or tag of the manifest to request.
    pub(super) fn version(&self) -> &str {
        self.digest.as_deref().or(self.tag.as_deref()).unwrap_or("latest")
    }

    /// Returns this reference with a tag.
    #[must_use]
    pub fn tagged(&self, tag: &str) -> Self {
        Self { tag: Some(tag.to_owned()), digest: None, ..self.clone() }
    }

    /// Returns this reference with the digest of a manifest.
    #[must_use]
    pub fn pinned(&self, digest: &str) -> Self {
        Self { digest: Some(digest.to_owned()), ..self.clone() }
    }
}

/// Returns the URL of a registry: unencrypted only on this machine, or if `insecure`.
///
/// # Errors
/// Returns an error if `registry` is not a valid host.
pub(super) fn address(registry: &str, insecure: bool) -> Result<Url, Error> {
    let bad = || {
        let message = format!("{} is not a valid registry host", quoted(registry));
        Error::invalid(
            Diagnostic::new(Code::SourceInvalid, message)
                .help("use a host like `ghcr.io` or `localhost:5000`"),
        )
    };
    let mut url = Url::parse(&format!("https://{registry}/")).map_err(|_| bad())?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let host = format!("{}{port}", url.host_str().unwrap_or_default());
    // The default port is accepted if written out.
    if host != registry && format!("{host}:443") != registry {
        return Err(bad());
    }
    if insecure || is_loopback(&url) {
        url.set_scheme("http").map_err(|()| bad())?;
    }
    Ok(url)
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = |reason: String| {
            Error::invalid(
                Diagnostic::new(
                    Code::SourceInvalid,
                    format!("{} is not a valid registry reference: {reason}", quoted(text)),
                )
                .help("use a reference like `oci://ghcr.io/acme/crm-extractor:1.2.0`"),
            )
        };
        let rest = text.strip_prefix("oci://").unwrap_or(text);
        let (registry, rest) = rest
            .split_once('/')
            .ok_or_else(|| bad("the name after the registry is missing".to_owned()))?;
        address(registry, false)?;
        let (rest, digest) = match rest.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (rest, None),
        };
        let (repository, tag) = match rest.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (rest, None),
        };
        if !is_repository(repository) {
            return Err(bad(format!("{} is not a valid name", quoted(repository))));
        }
        if let Some(tag) = tag.filter(|tag| !is_tag(tag)) {
            return Err(bad(format!("{} is not a valid tag", quoted(tag))));
        }
        if let Some(digest) = digest.filter(|digest| !is_digest(digest)) {
            return Err(bad(format!("{} is not a digest like `sha256:0123...`", quoted(digest))));
        }
        Ok(Self {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oci://{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// Returns whether `text` is a repository name by the distribution specification.
pub(super) fn is_repository(text: &str) -> bool {
    let part = |part: &str| {
        let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let ends = part.bytes().next().is_some_and(alphanumeric)
            && part.bytes().next_back().is_some_and(alphanumeric);
        let joints = part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        ends && joints
            .filter(|joint| !joint.is_empty())
            .all(|joint| matches!(joint, "." | "_" | "__") || joint.bytes().all(|b| b == b'-'))
    };
    text.len() <= 255 && text.split('/').all(part)
}

pub(super) fn is_tag(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_parse_and_print_unchanged() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for text in [
            "oci://ghcr.io/acme/crm-extractor".to_owned(),
            "oci://localhost:5000/crm:1.2.0-rc.1".to_owned(),
            "oci://[::1]:5000/a.b/c__d/e--f:latest".to_owned(),
            format!("oci://ghcr.io/acme/crm:1@{digest}"),
            format!("oci://ghcr.io/acme/crm@{digest}"),
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn malicious_references_are_rejected() {
        for text in [
            "oci://ghcr.io",
            "oci://ghcr.io/",
            "oci://ghcr.io/../../x",
            "oci://ghcr.io/a//b",
            "oci://ghcr.io/A",
            "oci://ghcr.io/a/.b",
            "oci://ghcr.io/a..b",
            "oci://ghcr.io/a:b:c",
            "oci://ghcr.io/a:..",
            "oci://ghcr.io/a?x=1",
            "oci://ghcr.io/a%2f..",
            "oci://ghcr.io/a@sha256:12",
            "oci://user:secret@ghcr.io/a",
            "oci://ghcr.io#x/a",
            "oci:///a",
            "oci://a b/c",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }

    #[test]
    fn plain_http_is_used_only_for_loopback_or_insecure() {
        for (registry, insecure, url) in [
            ("ghcr.io", false, "https://ghcr.io/"),
            ("localhost:5000", false, "http://localhost:5000/"),
            ("127.0.0.1:5000", false, "http://127.0.0.1:5000/"),
            ("registry.internal:5000", false, "https://registry.internal:5000/"),
            ("registry.internal:5000", true, "http://registry.internal:5000/"),
        ] {
            assert_eq!(address(registry, insecure).unwrap().as_str(), url);
        }
    }
}
