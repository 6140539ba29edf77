//! The compiled form of a pipeline, and the input of a run: the same bytes for the same inputs on
//! any machine.

mod check;
mod inputs;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::canonical;
use crate::contract::Mode;

pub use inputs::{Input, names as input_names};

/// Digits in the short form of the hash.
const SHORT: usize = 7;

/// `manifest.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Information about the compilation.
    pub meta: Meta,
    /// The pipeline's name.
    pub name: String,
    /// The pipeline's `metadata`, unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// Id and fingerprints of the pipeline.
    pub pipeline: Pipeline,
    /// The steps, in a valid execution order.
    pub steps: Vec<Step>,
}

impl Manifest {
    /// Returns the sha256 of the manifest as canonical JSON, without its own hash.
    pub fn hash(&self) -> String {
        let mut value = json!(self);
        if let Some(Value::Object(meta)) = value.get_mut("meta") {
            meta.remove("manifest_hash");
            meta.remove("manifest_short");
        }
        canonical::sha256(canonical::json(&value))
    }

    /// Stores the manifest's hash in the manifest.
    pub fn seal(&mut self) {
        let hash = self.hash();
        self.meta.manifest_short = hash.chars().take(SHORT).collect();
        self.meta.manifest_hash = hash;
    }
}

/// Returns the path of a step's configuration, relative to the manifest.
pub fn cfg_path(id: &str) -> String {
    format!("cfg/{id}.json")
}

/// Information about the compilation. Contains no times and no machine-specific paths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meta {
    /// Hash over the whole manifest except this field and `manifest_short`, 64 hex digits.
    pub manifest_hash: String,
    /// The first 7 digits of `manifest_hash`.
    pub manifest_short: String,
    /// The pipeline's `oml_version`.
    pub oml_version: String,
    /// The profile that was compiled; empty for none.
    pub profile: String,
    /// The compiler and the contract.
    pub toolchain: Toolchain,
}

/// The compiler and the contract of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Toolchain {
    /// Version of the compiler, like `osiris/0.1.0`.
    pub compiler: String,
    /// Version of the contract, like `osiris:driver@0.1.0`.
    pub contract: String,
}

/// Id and fingerprints of the pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// The pipeline's name in the form used in paths.
    pub id: String,
    /// Hashes of the inputs.
    pub fingerprints: Fingerprints,
}

/// Hashes of a compilation's inputs: `sha256:` and 64 hex digits each, except the profile. Also
/// written to `fingerprints.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprints {
    /// Fingerprint of the toolchain.
    pub compiler_fp: String,
    /// Fingerprint of the drivers that the steps use: names, bytes and specs.
    pub registry_fp: String,
    /// Fingerprint of the parsed pipeline file, before parameters are applied.
    pub oml_fp: String,
    /// Fingerprint of the resolved parameters.
    pub params_fp: String,
    /// The profile's name; empty for none.
    pub profile: String,
}

/// A step that is ready to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The step's id, safe as a file name.
    pub id: String,
    /// The driver that runs the step.
    pub driver: DriverRef,
    /// Mode in which the driver runs.
    pub mode: Mode,
    /// The steps that come first. A `write` step produces no table, so needing it only sets the
    /// order; any other step is also an input.
    pub needs: Vec<String>,
    /// Path of the configuration file, relative to the manifest: `cfg/<id>.json`.
    pub cfg_path: String,
    /// The sha256 of the configuration file.
    pub cfg_sha256: String,
}

/// A driver pinned to its bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriverRef {
    /// Name of the driver: `family.role`.
    pub name: String,
    /// Version from the spec.
    pub version: String,
    /// The sha256 of the component.
    pub sha256: String,
    /// The sha256 of the spec as canonical JSON.
    pub spec_sha256: String,
}
