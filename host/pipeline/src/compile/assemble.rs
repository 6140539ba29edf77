//! Builds the manifest of a valid pipeline.

use std::collections::BTreeMap;

use osiris_core::canonical;
use osiris_core::yaml::Node;
use serde_json::{Value, json};

use super::edges::Graph;
use super::parameters::Parameters;
use super::steps::Checked;
use crate::manifest::{self, DriverRef, Fingerprints, Manifest, Meta, Step, Toolchain};
use crate::project::pipeline::{OML_VERSION, Pipeline};

/// The contract of the drivers.
const CONTRACT: &str = "osiris:driver@0.1.0";

/// Builds the manifest and the configurations by step. Every step has passed its checks, so
/// `checked` contains all steps.
pub(super) fn manifest(
    pipeline: &Pipeline,
    profile: &str,
    parameters: &Parameters,
    graph: &Graph,
    mut checked: BTreeMap<usize, Checked>,
) -> (Manifest, BTreeMap<String, Value>) {
    let mut configs = BTreeMap::new();
    let mut steps = Vec::new();
    let id = |index: usize| {
        pipeline.steps[index].id.as_ref().map(|id| id.text.clone()).unwrap_or_default()
    };
    for &index in &graph.order {
        let Some(Checked { found, mode, config }) = checked.remove(&index) else { continue };
        let spec = serde_json::to_value(found.spec.as_ref()).unwrap_or_default();
        steps.push(Step {
            id: id(index),
            driver: DriverRef {
                name: found.spec.name.clone(),
                version: found.spec.version.clone(),
                sha256: found.sha256,
                spec_sha256: canonical::sha256(canonical::json(&spec)),
            },
            mode,
            needs: graph.needs[index].iter().copied().map(id).collect(),
            cfg_path: manifest::cfg_path(&id(index)),
            cfg_sha256: canonical::sha256(canonical::json(&config)),
        });
        configs.insert(id(index), config);
    }
    let toolchain = Toolchain {
        compiler: format!("osiris/{}", env!("CARGO_PKG_VERSION")),
        contract: CONTRACT.to_owned(),
    };
    let mut manifest = Manifest {
        meta: Meta {
            manifest_hash: String::new(),
            manifest_short: String::new(),
            oml_version: OML_VERSION.to_owned(),
            profile: profile.to_owned(),
            toolchain: toolchain.clone(),
        },
        name: pipeline.name.clone(),
        metadata: pipeline.metadata.as_ref().map(Node::to_json),
        pipeline: manifest::Pipeline {
            id: pipeline.slug(),
            fingerprints: fingerprints(pipeline, profile, parameters, &steps, &toolchain),
        },
        steps,
    };
    manifest.seal();
    (manifest, configs)
}

fn fingerprints(
    pipeline: &Pipeline,
    profile: &str,
    parameters: &Parameters,
    steps: &[Step],
    toolchain: &Toolchain,
) -> Fingerprints {
    let mut drivers: Vec<&DriverRef> = steps.iter().map(|step| &step.driver).collect();
    drivers.sort();
    drivers.dedup();
    Fingerprints {
        compiler_fp: fingerprint(&json!(toolchain)),
        registry_fp: fingerprint(&json!(drivers)),
        oml_fp: fingerprint(&pipeline.root.to_json()),
        params_fp: fingerprint(&parameters.to_json().into()),
        profile: profile.to_owned(),
    }
}

/// Returns the fingerprint of an input of a compile.
pub(super) fn fingerprint(value: &Value) -> String {
    format!("sha256:{}", canonical::sha256(canonical::json(value)))
}
