//! Uploads a driver or an index to a registry.

use bytes::Bytes;
use osiris_core::canonical::sha256;
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, ExitStatus, Result};
use osiris_core::driver::DriverFile;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};

use super::manifest::{Artifact, Descriptor, MANIFEST, Package};
use super::{Client, Reference};

/// The result of an upload.
#[derive(Debug)]
pub struct Published {
    /// Digest of the manifest: `sha256:` and 64 hex digits.
    pub digest: String,
    /// Whether the registry already had these bytes.
    pub unchanged: bool,
}

impl Client {
    /// Uploads a driver under a reference with a tag. A tag of other bytes is moved only with
    /// `force`.
    ///
    /// # Errors
    /// Returns an error if the tag is taken or the registry refuses.
    pub async fn publish(
        &self,
        reference: &Reference,
        driver: &DriverFile,
        component: &[u8],
        force: bool,
    ) -> Result<Published> {
        self.publish_package(reference, Artifact::Driver, Package::of(driver, component), force)
            .await
    }

    /// Uploads a signed index under a reference with a tag, which is moved to it.
    ///
    /// # Errors
    /// Returns an error if the tag leads to anything but an index, or the registry refuses.
    pub async fn publish_index(&self, reference: &Reference, index: &[u8]) -> Result<Published> {
        self.publish_package(reference, Artifact::Index, Package::of_index(index), true).await
    }

    async fn publish_package(
        &self,
        reference: &Reference,
        artifact: Artifact,
        package: Package<'_>,
        force: bool,
    ) -> Result<Published> {
        let digest = format!("sha256:{}", sha256(&package.manifest));
        if let Some((existing, old)) = self.manifest(reference, artifact).await? {
            let [_, (layer, _)] = &package.blobs;
            let same_kind = existing.layer(artifact);
            if same_kind.as_ref().is_ok_and(|existing| existing.digest == layer.digest) {
                return Ok(Published { digest: old, unchanged: true });
            }
            // An index is meant to change, but must not take the place of a driver.
            if !force || (artifact == Artifact::Index && same_kind.is_err()) {
                return Err(tag_taken_error(reference, artifact, &old));
            }
        }
        for (descriptor, content) in &package.blobs {
            self.upload(&reference.repository, descriptor, content).await?;
        }
        let path = format!("{}/manifests/{}", reference.repository, reference.version());
        let manifest = Bytes::from(package.manifest);
        self.change(&reference.repository, "publish the manifest", StatusCode::CREATED, || {
            let request = self.request(Method::PUT, &path).header(CONTENT_TYPE, MANIFEST);
            request.body(manifest.clone())
        })
        .await?;
        Ok(Published { digest, unchanged: false })
    }

    /// Uploads a blob unless the registry has it.
    async fn upload(&self, name: &str, descriptor: &Descriptor, content: &[u8]) -> Result<()> {
        let digest = &descriptor.digest;
        let path = format!("{name}/blobs/{digest}");
        let action = "check for existing blobs";
        let look = || self.request(Method::HEAD, &path);
        if self.call(&push_scope(name), action, look).await?.status() == StatusCode::OK {
            return Ok(());
        }
        let path = format!("{name}/blobs/uploads/");
        let start = || self.request(Method::POST, &path).body(Bytes::new());
        let started = self.change(name, "start an upload", StatusCode::ACCEPTED, start).await?;
        let mut to = self.upload_address(&started)?;
        to.query_pairs_mut().append_pair("digest", digest);
        let content = Bytes::copy_from_slice(content);
        self.change(name, "upload the driver", StatusCode::CREATED, || {
            let request = self.web.client().put(to.clone());
            request.header(CONTENT_TYPE, "application/octet-stream").body(content.clone())
        })
        .await?;
        Ok(())
    }

    /// Returns the URL of an upload. It must be on the same server, because the credentials are
    /// sent.
    fn upload_address(&self, started: &Response) -> Result<Url> {
        let location = started.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let address = location.and_then(|location| started.url().join(location).ok());
        address.filter(|address| address.origin() == self.base.origin()).ok_or_else(|| {
            let message = format!(
                "{} returned an upload address on another server, or none",
                self.web.host()
            );
            Error::environment(Diagnostic::new(Code::RequestRefused, message))
        })
    }

    async fn change(
        &self,
        name: &str,
        action: &str,
        expected: StatusCode,
        build: impl Fn() -> RequestBuilder,
    ) -> Result<Response> {
        let response = self.call(&push_scope(name), action, build).await?;
        match response.status() == expected {
            true => Ok(response),
            false => Err(self.web.error_response(response, action).await),
        }
    }
}

fn push_scope(repository: &str) -> String {
    format!("repository:{repository}:pull,push")
}

fn tag_taken_error(reference: &Reference, artifact: Artifact, digest: &str) -> Error {
    let message = format!("`{reference}` already exists with different content: {digest}");
    let help = match artifact {
        Artifact::Driver => "change the version of the driver, or move the tag with `--force`",
        Artifact::Index => "choose a name that only the index has",
    };
    Error::new(ExitStatus::Failed, vec![Diagnostic::new(Code::TagTaken, message).help(help)])
}
