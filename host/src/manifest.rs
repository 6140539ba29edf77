//! What a pipeline compiles to, and what a run executes: the same bytes for the
//! same inputs on any machine.

mod check;
mod inputs;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::canonical;
use crate::contract::Mode;

pub use inputs::{Input, names as input_names};

/// How many digits of the hash are its short form.
const SHORT: usize = 7;

/// `manifest.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// About the compile.
    pub meta: Meta,
    /// The pipeline's name.
    pub name: String,
    /// The pipeline's own `metadata`, untouched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// About the pipeline.
    pub pipeline: Pipeline,
    /// In an order in which they can run.
    pub steps: Vec<Step>,
}

impl Manifest {
    /// The sha256 of the manifest as canonical JSON, without its own hash.
    pub fn hash(&self) -> String {
        let mut value = json!(self);
        if let Some(Value::Object(meta)) = value.get_mut("meta") {
            meta.remove("manifest_hash");
            meta.remove("manifest_short");
        }
        canonical::sha256(canonical::json(&value))
    }

    /// Puts its hash into it.
    pub fn seal(&mut self) {
        let hash = self.hash();
        self.meta.manifest_short = hash.chars().take(SHORT).collect();
        self.meta.manifest_hash = hash;
    }
}

/// Where a step's configuration is, relative to the manifest.
pub fn cfg_path(id: &str) -> String {
    format!("cfg/{id}.json")
}

/// About the compile. Holds no time and no path of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meta {
    /// 64 hex digits over everything here but itself and `manifest_short`.
    pub manifest_hash: String,
    /// Its first 7 digits.
    pub manifest_short: String,
    /// The pipeline's `oml_version`.
    pub oml_version: String,
    /// The profile that was compiled for; empty for none.
    pub profile: String,
    /// What compiled it.
    pub toolchain: Toolchain,
}

/// What compiled a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Toolchain {
    /// Like `osiris/0.1.0`.
    pub compiler: String,
    /// Like `osiris:driver@0.1.0`.
    pub contract: String,
}

/// About the pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// The name as it stands in paths.
    pub id: String,
    /// What went in.
    pub fingerprints: Fingerprints,
}

/// `sha256:` and 64 hex digits each, except the profile. Also `fingerprints.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprints {
    /// The toolchain.
    pub compiler_fp: String,
    /// The drivers that the steps use: names, bytes and specs.
    pub registry_fp: String,
    /// The pipeline file's meaning, before parameters.
    pub oml_fp: String,
    /// The resolved parameters.
    pub params_fp: String,
    /// The profile's name; empty for none.
    pub profile: String,
}

/// One step, ready to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The step's id, safe as a file name.
    pub id: String,
    /// Which driver runs it.
    pub driver: DriverRef,
    /// What it does.
    pub mode: Mode,
    /// The steps before it. A `write` step has no table, so naming it means
    /// only "after"; any other is also an input.
    pub needs: Vec<String>,
    /// The configuration's file, relative to the manifest: `cfg/<id>.json`.
    pub cfg_path: String,
    /// The sha256 of that file.
    pub cfg_sha256: String,
}

/// A driver, pinned to its bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriverRef {
    /// `family.role`.
    pub name: String,
    /// The spec's version.
    pub version: String,
    /// The sha256 of the component.
    pub sha256: String,
    /// The sha256 of the spec as canonical JSON.
    pub spec_sha256: String,
}
