//! The manifest of a component in a registry, in the layout that CNCF's TAG Runtime describes and
//! `wkg` reads: a small config, and a single layer with the unchanged component.

use osiris_core::canonical::sha256;
use osiris_core::driver::{DriverFile, MAX_SIZE};
use osiris_core::text::quoted;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::index::MAX_INDEX;
use super::super::lockfile::is_digest;

/// Media type of the manifest.
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
const LAYER: &str = "application/wasm";
/// Media type of the layer of an index, which is also the type of the artifact.
const INDEX: &str = "application/vnd.osiris.driver-index.v1+json";
/// Media type of an artifact's config without content, by the OCI image specification.
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// Fixed creation time, so that equal components give equal manifests.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// Annotation keys of the OCI image specification.
pub(super) const TITLE: &str = "org.opencontainers.image.title";
pub(super) const VERSION: &str = "org.opencontainers.image.version";
pub(super) const DESCRIPTION: &str = "org.opencontainers.image.description";

/// The kind of an artifact, which is a single layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Artifact {
    /// A driver.
    Driver,
    /// A signed index of drivers.
    Index,
}

impl Artifact {
    /// Returns the media type of the layer.
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Driver => LAYER,
            Self::Index => INDEX,
        }
    }

    /// Returns the maximum bytes of the layer.
    pub(super) fn max_bytes(self) -> u64 {
        match self {
            Self::Driver => MAX_SIZE,
            Self::Index => MAX_INDEX,
        }
    }

    /// Returns the noun for the layer.
    pub(super) fn content(self) -> &'static str {
        match self {
            Self::Driver => "a component",
            Self::Index => "an index",
        }
    }
}

/// An OCI image manifest.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    schema_version: u32,
    #[serde(default)]
    media_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    artifact_type: Option<String>,
    #[serde(default)]
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
    /// Annotations of the publisher.
    #[serde(default)]
    pub(super) annotations: std::collections::BTreeMap<String, String>,
}

/// A reference to a blob in a manifest.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    media_type: String,
    /// The digest, `sha256:` and 64 hex digits.
    pub(super) digest: String,
    /// The size in bytes.
    pub(super) size: u64,
}

impl Descriptor {
    fn of(media_type: &str, content: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: format!("sha256:{}", sha256(content)),
            size: content.len() as u64,
        }
    }
}

impl Manifest {
    /// Parses a manifest.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| format!("invalid manifest: {error}"))
    }

    /// Returns the descriptor of the artifact's only layer.
    pub(super) fn layer(&self, artifact: Artifact) -> Result<&Descriptor, String> {
        let expected = artifact.media_type();
        if let Some(other) = self.media_type.as_deref().filter(|kind| *kind != MANIFEST) {
            return Err(format!("expected {}, found {}", artifact.content(), quoted(other)));
        }
        match self.layers.as_slice() {
            [layer] if layer.media_type == expected && is_digest(&layer.digest) => Ok(layer),
            [layer] if layer.media_type == expected => {
                Err(format!("the digest {} of its layer is not a sha256", quoted(&layer.digest)))
            }
            [layer] => Err(format!(
                "its layer has the media type {}, not `{expected}`",
                quoted(&layer.media_type)
            )),
            layers => Err(format!("the manifest has {} layers instead of one", layers.len())),
        }
    }
}

/// An artifact ready for upload.
pub(super) struct Package<'b> {
    /// The config and the layer.
    pub(super) blobs: [(Descriptor, std::borrow::Cow<'b, [u8]>); 2],
    /// The manifest as JSON.
    pub(super) manifest: String,
}

impl<'b> Package<'b> {
    /// Packages a driver; equal bytes give equal packages on every machine.
    pub(super) fn of(driver: &DriverFile, bytes: &'b [u8]) -> Self {
        let layer = Descriptor::of(LAYER, bytes);
        let config = json!({
            "created": CREATED,
            "author": null,
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [layer.digest],
            "component": {"exports": driver.exports, "imports": driver.imports, "target": null},
        });
        let config = config.to_string().into_bytes();
        let spec = &driver.spec;
        let texts = [(TITLE, &spec.name), (VERSION, &spec.version), (DESCRIPTION, &spec.title)];
        let texts = texts.into_iter().filter(|(_, text)| !text.is_empty());
        let manifest = Manifest {
            schema_version: 2,
            media_type: Some(MANIFEST.to_owned()),
            artifact_type: None,
            config: Some(Descriptor::of(CONFIG, &config)),
            layers: vec![layer.clone()],
            annotations: texts.map(|(key, text)| (key.to_owned(), text.clone())).collect(),
        };
        let config = (Descriptor::of(CONFIG, &config), config.into());
        Self { blobs: [config, (layer, bytes.into())], manifest: to_json(&manifest) }
    }

    /// Packages a signed index.
    pub(super) fn of_index(bytes: &'b [u8]) -> Self {
        let (layer, config) = (Descriptor::of(INDEX, bytes), Descriptor::of(EMPTY, b"{}"));
        let manifest = Manifest {
            schema_version: 2,
            media_type: Some(MANIFEST.to_owned()),
            artifact_type: Some(INDEX.to_owned()),
            config: Some(config.clone()),
            layers: vec![layer.clone()],
            annotations: std::collections::BTreeMap::new(),
        };
        let manifest = to_json(&manifest);
        Self { blobs: [(config, b"{}".into()), (layer, bytes.into())], manifest }
    }
}

fn to_json(manifest: &Manifest) -> String {
    // Cannot fail: all map keys are text.
    serde_json::to_string(manifest).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_layout_matches_wkg() {
        let spec =
            "{name: a.b, version: 1.0.0, title: T, modes: [extract], configSchema: {type: object}}";
        let spec = [b"\x0bosiris:spec", spec.as_bytes()].concat();
        let component = [b"\0asm\x0d\0\x01\0\0", &[spec.len() as u8][..], &spec].concat();
        let driver = DriverFile::of(&component, std::path::Path::new("a.wasm")).unwrap();
        let package = Package::of(&driver, &component);
        let [(config, text), (layer, bytes)] = &package.blobs;
        assert_eq!((bytes.as_ref(), layer.size), (component.as_slice(), component.len() as u64));
        assert_eq!(config.digest, format!("sha256:{}", sha256(text)));
        insta::assert_snapshot!(format!("{}\n{}", package.manifest, String::from_utf8_lossy(text)));
        let read = Manifest::parse(package.manifest.as_bytes()).unwrap();
        assert_eq!(read.layer(Artifact::Driver).unwrap().digest, layer.digest);
    }

    #[test]
    fn manifest_without_a_component_is_rejected_with_reason() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let layer =
            |kind: &str, digest: &str| json!({"mediaType": kind, "digest": digest, "size": 1});
        for (manifest, expected) in [
            (json!({"schemaVersion": 2, "layers": []}), "the manifest has 0 layers"),
            (
                json!({"schemaVersion": 2, "layers": [layer("text/plain", &digest)]}),
                "its layer has the media type `text/plain`",
            ),
            (
                json!({"schemaVersion": 2, "layers": [layer(LAYER, "sha256:../x")]}),
                "is not a sha256",
            ),
            (
                json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json"}),
                "expected a component, found",
            ),
        ] {
            let manifest = Manifest::parse(manifest.to_string().as_bytes()).unwrap();
            let error = manifest.layer(Artifact::Driver).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        assert!(Manifest::parse(b"{}").unwrap_err().contains("invalid manifest"));
        let good = json!({"schemaVersion": 2, "layers": [layer(LAYER, &digest)]}).to_string();
        assert_eq!(
            Manifest::parse(good.as_bytes()).unwrap().layer(Artifact::Driver).unwrap().digest,
            digest
        );
    }
}
