//! Tasks of a run and the edges between them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::contract::Mode;
use crate::manifest::{Manifest, Step};
use crate::problem::{Error, Problem, Result};

/// A step with its connections to other steps. Numbers are indexes in the plan.
#[derive(Debug, Clone)]
pub struct Task {
    /// The step.
    pub step: Step,
    /// Configuration of the step.
    pub config: Value,
    /// The input tables: the name in the driver, and the step that produces the table.
    pub inputs: Vec<(String, usize)>,
    /// Steps that must have succeeded before this one starts.
    pub after: Vec<usize>,
    /// Number of steps that read this step's table.
    pub readers: usize,
}

/// Creates the tasks for a manifest.
///
/// # Errors
/// Returns an error if the manifest is inconsistent, which a compiled one never is.
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
