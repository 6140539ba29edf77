//! `osiris run --dry-run`: the plan, and the permissions of each step.

use std::collections::BTreeMap;

use osiris_core::diagnostic::Result;
use osiris_core::driver::limits::Limits;
use osiris_core::driver::provenance::Origins;
use osiris_core::driver::spec::{Spec, configured_paths};
use osiris_core::sanitize::escape_control;
use osiris_pipeline::connection::CONNECTION_KEY;
use osiris_registry::trust::{AdmittedDriver, Known, PermissionReport, Verdict};
use osiris_runtime::Workspace;
use osiris_runtime::run::{self, Job, Task};
use serde_json::{Value, json};

use super::super::compile_args::limits_in_words;
use super::super::first_use::{self, Remember};
use super::super::render::{BOLD, DIM, SUCCESS, paint};
use super::super::shell::{CommandOutput, Shell};

/// A step of the plan with its permissions.
struct PlannedStep<'a> {
    task: &'a Task,
    /// The steps whose tables the step reads.
    tables: Vec<&'a str>,
    /// The steps that the step only waits for.
    after: Vec<&'a str>,
    reads: Vec<&'a str>,
    writes: Vec<&'a str>,
    /// Destinations like `db.example:3306`.
    destinations: Vec<String>,
    permissions: Vec<PermissionReport>,
    limits: Limits,
}

/// Returns the plan as JSON and as text. `origins` contains the origin of each part of the steps'
/// configurations.
pub(super) fn plan(
    job: &Job,
    origins: &BTreeMap<String, Origins>,
    workspace: &Workspace,
    shell: &Shell,
) -> Result<(Value, String)> {
    let tasks = run::plan(&job.manifest, &job.configs)?;
    let id = |index: usize| tasks[index].step.id.as_str();
    let mut steps = Vec::new();
    let admit = |task: &Task| run::load_pinned(&workspace.drivers, &task.step.driver);
    let drivers: Vec<_> = tasks.iter().map(admit).collect::<Result<_>>()?;
    let policy = &workspace.project.settings.drivers;
    let no_origins = Origins::default();
    let permissions = |task: &Task, driver: &AdmittedDriver| {
        let origins = origins.get(&task.step.id).unwrap_or(&no_origins);
        policy.permission_reports(
            &driver.spec,
            driver.built_in,
            Some(Known { config: &task.config, origins }),
        )
    };
    let driver_permissions = |driver: &AdmittedDriver| {
        let uses_driver = |task: &&Task| task.step.driver.name == driver.spec.name;
        tasks.iter().filter(uses_driver).flat_map(|task| permissions(task, driver)).collect()
    };
    first_use::print_notices(&drivers, &driver_permissions, workspace, shell, Remember::No);
    for (task, driver) in tasks.iter().zip(&drivers) {
        let spec: &Spec = &driver.spec;
        let reads: Vec<&str> = configured_paths(&task.config, &spec.files.read).collect();
        let writes: Vec<&str> = configured_paths(&task.config, &spec.files.write).collect();
        run::check_task(job, task, spec, driver.built_in)?;
        let permissions = permissions(task, driver);
        let destinations = permissions
            .iter()
            .filter(|permission| {
                permission.right == "network" && permission.verdict != Verdict::Refused
            })
            .filter_map(|permission| permission.value.clone())
            .collect();
        let limits = job.limits.clone().clamped_by(&spec.bounds());
        steps.push(PlannedStep {
            task,
            tables: task.inputs.iter().map(|(_, index)| id(*index)).collect(),
            after: task.after.iter().map(|index| id(*index)).collect(),
            reads,
            writes,
            destinations,
            permissions,
            limits,
        });
    }
    let json = json!({
        "dry_run": true,
        "pipeline": job.manifest.name,
        "manifest_hash": job.manifest.meta.manifest_hash,
        "project": job.base,
        "steps": steps.iter().map(as_json).collect::<Vec<_>>(),
        "writes": steps.iter().flat_map(|step| &step.writes).collect::<Vec<_>>(),
    });
    Ok((json, text(job, &steps)))
}

/// Adds the data that goes to a sandbox, if the run is to happen in one.
pub(super) fn answer(
    (mut json, mut text): (Value, String),
    e2b: Option<(Value, String)>,
) -> CommandOutput {
    if let Some((e2b_json, e2b_text)) = e2b {
        json["e2b"] = e2b_json;
        text.push_str(&e2b_text);
    }
    text.push_str(&format!("{} nothing was run\n", paint(SUCCESS, "✓")));
    CommandOutput::new(json, text)
}

fn as_json(step: &PlannedStep<'_>) -> Value {
    let inputs = step.task.inputs.iter().zip(&step.tables);
    let inputs: Vec<Value> =
        inputs.map(|((name, _), from)| json!({"name": name, "from": from})).collect();
    json!({
        "id": step.task.step.id,
        "driver": step.task.step.driver.name,
        "mode": step.task.step.mode,
        "inputs": inputs,
        "after": step.after,
        "reads": step.reads,
        "writes": step.writes,
        "connection": step.task.config.get(CONNECTION_KEY),
        "destinations": step.destinations,
        "rights": step.permissions,
        "limits": step.limits,
    })
}

fn text(job: &Job, steps: &[PlannedStep<'_>]) -> String {
    let mut text = format!(
        "{} {}\n",
        paint(BOLD, &escape_control(&job.manifest.name)),
        paint(DIM, &job.manifest.meta.manifest_short)
    );
    for (index, step) in steps.iter().enumerate() {
        let driver = &step.task.step.driver;
        text.push_str(&format!(
            "{}. {}  {} {}\n",
            index + 1,
            paint(BOLD, &escape_control(&step.task.step.id)),
            escape_control(&driver.name),
            paint(DIM, &escape_control(&driver.version)),
        ));
        let mut line = |name: &str, values: &[String]| {
            if !values.is_empty() {
                let values = values.join(", ");
                text.push_str(&format!("   {name:<7} {}\n", escape_control(&values)));
            }
        };
        let owned = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
        line("from", &owned(&step.tables));
        line("after", &owned(&step.after));
        line("reads", &owned(&step.reads));
        line("writes", &owned(&step.writes));
        line("network", &step.destinations);
        step.permissions
            .iter()
            .map(PermissionReport::sentence)
            .for_each(|(may, what)| line(may, &[what]));
        line("limits", &limits_in_words(&step.limits));
    }
    text
}
