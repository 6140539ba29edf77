//! Checks the steps of a pipeline against their drivers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use osiris_core::code::Code;
use osiris_core::contract;
use osiris_core::diagnostic::Diagnostic;
use osiris_core::driver::spec::Spec;
use osiris_core::schema::Schema;
use osiris_core::text::{closest_match, join_or, quoted};
use osiris_core::yaml::{Diagnostics, Position};
use serde_json::Value as Json;

use super::parameters::Parameters;
use super::substitute::substitute;
use super::suspicious::{check_extensions, check_placeholders};
use super::{Drivers, Found, Missing, config, secrets};
use crate::project::Project;
use crate::project::pipeline::{Located, Mode, Pipeline, Profile, Step};

/// A driver with its parsed schema.
struct Ready {
    found: Found,
    schema: Schema,
}

/// The facts about a step that passed all checks.
pub(super) struct Checked {
    pub(super) found: Found,
    pub(super) mode: contract::Mode,
    pub(super) config: Json,
}

/// Maximum number of threads that read drivers.
const THREADS: usize = 4;

/// Checks every step and returns those that passed, by step number. A step whose driver does not
/// support its mode has no mode afterwards.
pub(super) fn check(
    project: &Project,
    pipeline: &mut Pipeline,
    profile: Option<&Profile>,
    parameters: &Parameters,
    drivers: &dyn Drivers,
    problems: &mut Diagnostics<'_>,
    warnings: &mut Diagnostics<'_>,
) -> BTreeMap<usize, Checked> {
    let names =
        pipeline.steps.iter().filter_map(|step| Some(step.component.as_ref()?.text.as_str()));
    let found = find_all(drivers, names.collect());
    let mut checked = BTreeMap::new();
    let mut wrong_modes = Vec::new();
    for (number, step) in pipeline.steps.iter().enumerate() {
        let ready = step.component.as_ref().and_then(|component| {
            let found = found.get(component.text.as_str())?.as_ref();
            found.map_err(|missing| report(step, component, missing, drivers, problems)).ok()
        });
        let driver = ready.map(|ready| (ready.found.spec.as_ref(), &ready.schema));
        let first = problems.count();
        secrets::scan_config(step.index, &step.config, driver, problems);
        let holds_secrets = problems.count() > first;
        let before = problems.count();
        let resolved = substitute(step, profile, parameters, problems);
        let Some(Ready { found, schema }) = ready else { continue };
        if let Some((position, mode)) = step.mode
            && !found.spec.modes.contains(&mode.into())
        {
            report_mode(step, position, mode, &found.spec, problems);
            wrong_modes.push(number);
        }
        if problems.count() > before || step.lacks_config || parameters.are_unknown {
            continue;
        }
        let owner = step.label();
        check_placeholders(&owner, "", &step.config, parameters, warnings);
        config::check_connection(&owner, &resolved, &found.spec, problems, warnings);
        let config = config::complete(&owner, &resolved, schema, &found.spec, problems);
        // Messages of this check show paths, and a path can be a URL with a password.
        if !holds_secrets {
            config::check_paths(&owner, &resolved, &config, &found.spec, project, problems);
            check_extensions(&owner, &resolved, &config, &found.spec, warnings);
        }
        if let Some((_, mode)) = step.mode
            && problems.count() == first
        {
            checked.insert(number, Checked { found: found.clone(), mode: mode.into(), config });
        }
    }
    for number in wrong_modes {
        pipeline.steps[number].mode = None;
    }
    checked
}

/// Finds the drivers with these names, several at a time: reading and hashing the files takes most
/// of the time of a compilation.
fn find_all<'n>(
    drivers: &dyn Drivers,
    names: BTreeSet<&'n str>,
) -> HashMap<&'n str, Result<Ready, Missing>> {
    let names: Vec<&str> = names.into_iter().collect();
    let find_each = |names: &[&'n str]| -> Vec<_> {
        names.iter().map(|name| (*name, find(drivers, name))).collect()
    };
    let (own, others) = names.split_at(names.len().div_ceil(THREADS));
    std::thread::scope(|scope| {
        let chunks = others.chunks(own.len().max(1));
        let threads: Vec<_> = chunks.map(|names| scope.spawn(|| find_each(names))).collect();
        let mut found: HashMap<_, _> = find_each(own).into_iter().collect();
        for thread in threads {
            found.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        found
    })
}

fn find(drivers: &dyn Drivers, name: &str) -> Result<Ready, Missing> {
    let found = drivers.find(name)?;
    match found.spec.step_schema() {
        Ok(schema) => Ok(Ready { found, schema }),
        Err(reason) => {
            let message = format!("the spec of {}: `configSchema` {reason}", quoted(name));
            Err(Missing::Unusable(vec![Diagnostic::new(Code::SpecInvalid, message)]))
        }
    }
}

fn report(
    step: &Step,
    component: &Located,
    missing: &Missing,
    drivers: &dyn Drivers,
    problems: &mut Diagnostics<'_>,
) {
    let name = quoted(&component.text);
    match missing {
        Missing::Unknown { searched } => {
            let searched: Vec<String> =
                searched.iter().map(|folder| folder.display().to_string()).collect();
            let directories = if searched.is_empty() {
                "no directory contains drivers".to_owned()
            } else {
                format!("searched {}", searched.join(", "))
            };
            let message = format!("{}: driver {name} not found ({directories})", step.label());
            let names = drivers.names();
            let help = match closest_match(&component.text, names.iter().map(String::as_str)) {
                Some(suggestion) => format!("did you mean `{suggestion}`?"),
                None => {
                    format!("put `{}.wasm` in one of these directories", plain(&component.text))
                }
            };
            let problem = Diagnostic::new(Code::DriverMissing, message);
            problems.report(component.position, problem.help(help));
        }
        Missing::Unusable(reasons) => {
            for reason in reasons {
                let message =
                    format!("{}: cannot use driver {name}: {}", step.label(), reason.message);
                let mut problem = Diagnostic::new(Code::DriverUnusable, message);
                problem.help = reason.help.clone();
                problems.report(component.position, problem);
            }
        }
        Missing::Refused(reasons) => {
            for reason in reasons {
                // The fix is not in the pipeline, but at the location of the reason.
                let message = format!("{}: {}", step.label(), reason.message);
                problems.report_unplaced(Diagnostic {
                    code: Code::DriverUnusable,
                    message,
                    ..reason.clone()
                });
            }
        }
    }
}

/// Returns an escaped name without quotes, for use in a file name.
fn plain(name: &str) -> String {
    quoted(name).trim_matches('`').to_owned()
}

fn report_mode(
    step: &Step,
    position: Position,
    mode: Mode,
    spec: &Spec,
    problems: &mut Diagnostics<'_>,
) {
    let can: Vec<&str> = Mode::ALL
        .into_iter()
        .filter(|mode| spec.modes.contains(&(*mode).into()))
        .map(Mode::name)
        .collect();
    let message = format!(
        "{}: driver `{}` does not support the mode `{}`",
        step.label(),
        spec.name,
        mode.name()
    );
    let help = match can.as_slice() {
        [] => "use another driver: this driver supports no mode of steps".to_owned(),
        can => format!("supported modes: {}", join_or(can)),
    };
    problems.report(position, Diagnostic::new(Code::ModeIncompatible, message).help(help));
}
