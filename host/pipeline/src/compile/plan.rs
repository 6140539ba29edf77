//! `plan.json`: the steps in run order and the tables between them, for people and tools. A run
//! reads the manifest instead.

use serde_json::{Value, json};

use crate::manifest::{Manifest, Step};

/// Returns the plan of a manifest.
pub(super) fn plan(manifest: &Manifest) -> Value {
    let step = |step: &Step| {
        let Step { id, driver, mode, needs, .. } = step;
        let inputs: Vec<Value> = manifest
            .inputs(step)
            .into_iter()
            .map(|input| json!({"name": input.name, "from": input.from}))
            .collect();
        json!({"id": id, "driver": driver.name, "mode": mode, "needs": needs, "inputs": inputs})
    };
    json!({"steps": manifest.steps.iter().map(step).collect::<Vec<_>>()})
}
