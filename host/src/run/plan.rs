//! The tasks of a run and the edges between them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::contract::Mode;
use crate::manifest::{Manifest, Step};
use crate::problem::{Error, Problem, Result};

/// A step with what joins it to the others. Numbers are places in the plan.
#[derive(Debug, Clone)]
pub struct Task {
    /// The step.
    pub step: Step,
    /// Its configuration.
    pub config: Value,
    /// The tables it reads: the name that its driver sees, and who writes it.
    pub inputs: Vec<(String, usize)>,
    /// The steps that must have ended well before it starts.
    pub after: Vec<usize>,
    /// How many steps read its table.
    pub readers: usize,
}

/// Reads the plan out of a manifest.
///
/// # Errors
/// The manifest is inconsistent, which no compiled one is.
pub fn plan(manifest: &Manifest, configs: &BTreeMap<String, Value>) -> Result<Vec<Task>> {
    let mut tasks: Vec<Task> = Vec::with_capacity(manifest.steps.len());
    for step in &manifest.steps {
        let broken = |why: &str| {
            Error::invalid(
                Problem::new(
                    "manifest_invalid",
                    format!("step `{}` of the manifest {why}", step.id),
                )
                .help("compile the pipeline again with `osiris compile`"),
            )
        };
        let config = configs.get(&step.id).ok_or_else(|| broken("has no configuration"))?.clone();
        let find = |id: &str| tasks.iter().position(|task| task.step.id == id);
        let mut after = Vec::new();
        for need in &step.needs {
            let index = find(need)
                .ok_or_else(|| broken(&format!("needs `{need}`, which does not come before it")))?;
            if tasks[index].step.mode == Mode::Write {
                after.push(index);
            }
        }
        let tables = manifest.inputs(step).into_iter();
        let inputs: Vec<_> =
            tables.filter_map(|input| Some((input.name, find(&input.from)?))).collect();
        for (_, index) in &inputs {
            tasks[*index].readers += 1;
        }
        tasks.push(Task { step: step.clone(), config, inputs, after, readers: 0 });
    }
    Ok(tasks)
}
