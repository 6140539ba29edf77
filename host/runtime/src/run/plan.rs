//! Tasks of a run and the edges between them.

use std::collections::BTreeMap;

use osiris_core::code::Code;
use osiris_core::contract::Mode;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_pipeline::manifest::{Manifest, Step};
use serde_json::Value;

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
        let invalid = |why: &str| {
            Error::invalid(
                Diagnostic::new(
                    Code::ManifestInvalid,
                    format!("step `{}` of the manifest {why}", step.id),
                )
                .help("compile the pipeline again with `osiris compile`"),
            )
        };
        let config = configs.get(&step.id).ok_or_else(|| invalid("has no configuration"))?.clone();
        let find = |id: &str| tasks.iter().position(|task| task.step.id == id);
        let mut after = Vec::new();
        for need in &step.needs {
            let index = find(need)
                .ok_or_else(|| invalid(&format!("needs `{need}`, which is not an earlier step")))?;
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

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    /// Creates tasks from the indexes of their inputs and of the steps that come before.
    pub(crate) fn tasks(edges: &[(&[usize], &[usize])]) -> Vec<Task> {
        let step = json!({
            "id": "a", "mode": "extract", "cfg_path": "cfg/a.json", "cfg_sha256": "", "needs": [],
            "driver": {"name": "a.b", "version": "1.0.0", "sha256": "", "spec_sha256": ""},
        });
        let task = |(inputs, after): &(&[usize], &[usize])| Task {
            step: serde_json::from_value(step.clone()).expect("a step"),
            config: Value::Null,
            inputs: inputs.iter().map(|index| (format!("df_{index}"), *index)).collect(),
            after: after.to_vec(),
            readers: 0,
        };
        edges.iter().map(task).collect()
    }
}
