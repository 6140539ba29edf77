//! The compiled form of a pipeline, which a run executes: the same bytes for the same inputs on
//! any machine.

mod check;
mod inputs;

use std::collections::BTreeSet;

use osiris_core::canonical;
use osiris_core::contract::Mode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use inputs::{Input, names as input_names};

/// Hex digits of the short hash.
const SHORT: usize = 7;

/// The content of `manifest.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Facts about the compile.
    pub meta: Meta,
    /// The pipeline's name.
    pub name: String,
    /// The pipeline's own `metadata`, unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// Facts about the pipeline.
    pub pipeline: Pipeline,
    /// The steps, in an order in which they can run.
    pub steps: Vec<Step>,
}

/// Returns the beginning of a hash, for people.
pub(crate) fn short(hash: &str) -> String {
    hash.chars().take(SHORT).collect()
}

impl Manifest {
    /// Returns the sha256 of the manifest as canonical JSON, without the hash fields.
    pub fn hash(&self) -> String {
        let mut value = json!(self);
        if let Some(Value::Object(meta)) = value.get_mut("meta") {
            meta.remove("manifest_hash");
            meta.remove("manifest_short");
        }
        canonical::sha256(canonical::json(&value))
    }

    /// Returns the part of the manifest that consists of these steps and those whose tables they
    /// need. The hash stays that of the whole manifest.
    ///
    /// # Errors
    /// Returns the first id that no step has.
    pub fn select<'i>(&self, ids: &'i [String]) -> Result<Self, &'i str> {
        let find = |id: &str| self.steps.iter().find(|step| step.id == id);
        if let Some(unknown) = ids.iter().find(|id| find(id).is_none()) {
            return Err(unknown);
        }
        let mut needed: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
        // The steps are in an order in which they can run.
        for step in self.steps.iter().rev() {
            if needed.contains(step.id.as_str()) {
                let has_table = |need: &&String| find(need).is_some_and(|s| s.mode != Mode::Write);
                needed.extend(step.needs.iter().filter(has_table).map(String::as_str));
            }
        }
        let mut steps = self.steps.clone();
        steps.retain(|step| needed.contains(step.id.as_str()));
        steps.iter_mut().for_each(|step| step.needs.retain(|id| needed.contains(id.as_str())));
        Ok(Self { steps, ..self.clone() })
    }

    /// Sets the manifest's hash fields.
    pub fn seal(&mut self) {
        let hash = self.hash();
        self.meta.manifest_short = short(&hash);
        self.meta.manifest_hash = hash;
    }
}

/// Returns the path of a step's configuration, relative to the manifest.
pub fn cfg_path(id: &str) -> String {
    format!("cfg/{id}.json")
}

/// Facts about the compile. Holds no time and no path of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meta {
    /// 64 hex digits over the whole manifest except this field and `manifest_short`.
    pub manifest_hash: String,
    /// The first 7 digits of `manifest_hash`.
    pub manifest_short: String,
    /// The pipeline's `oml_version`.
    pub oml_version: String,
    /// The profile of the compile; empty for none.
    pub profile: String,
    /// The compiler of the manifest.
    pub toolchain: Toolchain,
}

/// The compiler of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Toolchain {
    /// Name and version, like `osiris/0.1.0`.
    pub compiler: String,
    /// Contract of the drivers, like `osiris:driver@0.1.0`.
    pub contract: String,
}

/// Facts about the pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// The name in the form used in paths.
    pub id: String,
    /// Hashes of the inputs.
    pub fingerprints: Fingerprints,
}

/// Hashes of a compile's inputs, `sha256:` and 64 hex digits each, and the profile's name. Also
/// the content of `fingerprints.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprints {
    /// Hash of the toolchain.
    pub compiler_fp: String,
    /// Hash of the drivers that the steps use: names, bytes and specs.
    pub registry_fp: String,
    /// Hash of the pipeline file's meaning, before parameters.
    pub oml_fp: String,
    /// Hash of the resolved parameters.
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
    /// The kind of the step.
    pub mode: Mode,
    /// The steps that this step needs. A `write` step has no table, so needing it only fixes the
    /// order; any other step is also an input.
    pub needs: Vec<String>,
    /// Path of the configuration, relative to the manifest: `cfg/<id>.json`.
    pub cfg_path: String,
    /// The sha256 of the configuration file.
    pub cfg_sha256: String,
}

/// A driver pinned to its bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriverRef {
    /// Driver name, `family.role`.
    pub name: String,
    /// Version from the spec.
    pub version: String,
    /// The sha256 of the component.
    pub sha256: String,
    /// The sha256 of the spec as canonical JSON.
    pub spec_sha256: String,
}
