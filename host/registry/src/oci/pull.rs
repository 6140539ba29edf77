//! Downloads a component: the manifest, then the bytes, each checked by its digest.

use osiris_core::canonical::sha256;
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::MAX_SIZE;
use osiris_core::text::format_bytes;
use reqwest::header::ACCEPT;
use reqwest::{Method, StatusCode};

use super::super::fetch::Progress;
use super::manifest::{MANIFEST, Manifest};
use super::{Client, MAX_JSON, Reference, pull_scope};

impl Client {
    /// Returns the manifest of a reference and its digest. Returns `None` if the manifest does
    /// not exist.
    pub(super) async fn manifest(
        &self,
        reference: &Reference,
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
        let manifest = Manifest::parse(&body).map_err(|reason| no_component(reference, &reason))?;
        Ok(Some((manifest, digest)))
    }

    /// Returns the bytes of a component and the digest of its manifest.
    pub(in super::super) async fn component(
        &self,
        reference: &Reference,
        progress: &mut Progress<'_>,
    ) -> Result<(Vec<u8>, String)> {
        let Some((manifest, digest)) = self.manifest(reference).await? else {
            return Err(self.missing(reference));
        };
        let layer = manifest.component().map_err(|reason| no_component(reference, &reason))?;
        if layer.size > MAX_SIZE {
            let reason = format!(
                "the component has {}, but the limit is {}",
                format_bytes(layer.size),
                format_bytes(MAX_SIZE)
            );
            return Err(no_component(reference, &reason));
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
                &format!("a component with the digest {actual}, not {}", layer.digest),
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

fn no_component(reference: &Reference, reason: &str) -> Error {
    Error::invalid(Diagnostic::new(
        Code::ComponentMissing,
        format!("`{reference}` is not a driver: {reason}"),
    ))
}
