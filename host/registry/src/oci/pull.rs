//! Downloads a component or an index: the manifest, then the bytes, each checked by its digest.

use osiris_core::canonical::sha256;
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::text::format_bytes;
use reqwest::header::ACCEPT;
use reqwest::{Method, StatusCode};

use super::super::fetch::Progress;
use super::manifest::{Artifact, MANIFEST, Manifest};
use super::{Client, MAX_JSON, Reference, pull_scope};

impl Client {
    /// Returns the manifest of a reference and its digest. Returns `None` if the manifest does
    /// not exist.
    pub(super) async fn manifest(
        &self,
        reference: &Reference,
        artifact: Artifact,
    ) -> Result<Option<(Manifest, String)>> {
        let action = format!("fetch {}", reference.repository);
        let path = format!("{}/manifests/{}", reference.repository, reference.version());
        let response = self
            .call(&pull_scope(&reference.repository), &action, || {
                self.request(Method::GET, &path).header(ACCEPT, MANIFEST)
            })
            .await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if !response.status().is_success() {
            return Err(self.web.error_response(response, &action).await);
        }
        let body = self.web.body(response, MAX_JSON, &action, &mut |_, _| {}).await?;
        let digest = format!("sha256:{}", sha256(&body));
        if let Some(expected) = reference.digest.as_ref().filter(|expected| **expected != digest) {
            return Err(self.damaged(
                reference,
                &format!("a manifest with the digest {digest}, not {expected}"),
            ));
        }
        let manifest =
            Manifest::parse(&body).map_err(|reason| unusable(reference, artifact, &reason))?;
        Ok(Some((manifest, digest)))
    }

    /// Returns the bytes of an artifact and the digest of its manifest.
    pub(in super::super) async fn artifact(
        &self,
        reference: &Reference,
        artifact: Artifact,
        progress: &mut Progress<'_>,
    ) -> Result<(Vec<u8>, String)> {
        let Some((manifest, digest)) = self.manifest(reference, artifact).await? else {
            return Err(self.missing(reference));
        };
        let layer =
            manifest.layer(artifact).map_err(|reason| unusable(reference, artifact, &reason))?;
        let content = artifact.content();
        if layer.size > artifact.max_bytes() {
            let reason = format!(
                "it has {content} of {}, but the limit is {}",
                format_bytes(layer.size),
                format_bytes(artifact.max_bytes())
            );
            return Err(unusable(reference, artifact, &reason));
        }
        let action = format!("fetch {}", reference.repository);
        let path = format!("{}/blobs/{}", reference.repository, layer.digest);
        let scope = pull_scope(&reference.repository);
        let response = self.call(&scope, &action, || self.request(Method::GET, &path)).await?;
        if !response.status().is_success() {
            return Err(self.web.error_response(response, &action).await);
        }
        let component = self.web.body(response, layer.size, &action, progress).await?;
        let actual = format!("sha256:{}", sha256(&component));
        if actual != layer.digest {
            return Err(self.damaged(
                reference,
                &format!("{content} with the digest {actual}, not {}", layer.digest),
            ));
        }
        Ok((component, digest))
    }

    fn missing(&self, reference: &Reference) -> Error {
        let message = format!("cannot find `{reference}`");
        Error::environment(Diagnostic::new(Code::SourceMissing, message).help(format!(
            "check the name and the tag, or list the drivers with `osiris drivers search --registry {}`",
            self.web.host()
        )))
    }

    fn damaged(&self, reference: &Reference, description: &str) -> Error {
        let message = format!("{} returned {description} for `{reference}`", self.web.host());
        Error::environment(
            Diagnostic::new(Code::DownloadDamaged, message)
                .help("try again; if the error persists, do not trust the registry"),
        )
    }
}

fn unusable(reference: &Reference, artifact: Artifact, reason: &str) -> Error {
    let (code, noun) = match artifact {
        Artifact::Driver => (Code::ComponentMissing, "a driver"),
        Artifact::Index => (Code::IndexInvalid, "an index of drivers"),
    };
    Error::invalid(Diagnostic::new(code, format!("`{reference}` is not {noun}: {reason}")))
}
