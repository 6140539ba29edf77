//! Conflicts between the steps of a pipeline over the files and tables that they read and write.

use std::collections::BTreeMap;
use std::path::PathBuf;

use osiris_core::code::Code;
use osiris_core::diagnostic::Diagnostic;
use osiris_core::driver::spec::configured_paths;
use osiris_core::paths::{ProjectPath, Resolver};
use osiris_core::text::quoted;
use osiris_core::yaml::{Diagnostics, Position};
use serde_json::Value;

use super::edges::Graph;
use super::steps::Checked;
use crate::connection::{CONNECTION_KEY, with_defaults};
use crate::project::Project;
use crate::project::pipeline::{Pipeline, Step};

/// A file or a table.
#[derive(Debug, PartialEq, Eq)]
struct Resource {
    identity: Identity,
    /// Name for messages.
    name: String,
    position: Position,
}

#[derive(Debug, PartialEq, Eq)]
enum Identity {
    File(PathBuf),
    /// The driver's family and the values that identify the table.
    Table(String, Vec<Value>),
}

/// The files and tables that one step uses.
struct Usage<'s> {
    step: &'s Step,
    reads: Vec<Resource>,
    writes: Vec<Resource>,
    /// Whether the step replaces the rows of earlier runs.
    replaces: bool,
    /// Position of the setting by which the step reads only new rows.
    incremental: Option<Position>,
}

/// Reports steps that would lose or mix up each other's rows: two steps that write one file
/// or table, a step that reads a file while another step writes it, and an incremental step whose
/// rows replace those of earlier runs.
pub(super) fn check(
    project: &Project,
    pipeline: &Pipeline,
    graph: &Graph,
    steps: &BTreeMap<usize, Checked>,
    problems: &mut Diagnostics<'_>,
) {
    let resolver = Resolver::open(project.base()).ok();
    let usages: BTreeMap<usize, Usage<'_>> = steps
        .iter()
        .map(|(index, checked)| {
            (*index, usage(&pipeline.steps[*index], checked, resolver.as_ref()))
        })
        .collect();
    for (index, usage) in &usages {
        for (other_index, other) in usages.iter().filter(|(other_index, _)| *other_index != index) {
            if other_index < index
                && (usage.replaces || other.replaces)
                && let Some(resource) = shared(&usage.writes, &other.writes)
            {
                problems.report(resource.position, two_writers(usage, resource, other));
            }
            // A step that needs the writer reads the written file.
            if let Some(resource) = shared(&usage.reads, &other.writes)
                && !graph.comes_after(*index, *other_index)
            {
                problems.report(resource.position, read_and_written(usage, resource, other));
            }
            if let Some(position) = usage.incremental
                && other.replaces
                && !other.writes.is_empty()
                && graph.comes_after(*other_index, *index)
            {
                problems.report(position, incremental_replaced(usage, other));
            }
        }
    }
}

/// Returns the first of `resources` that is also among `others`.
fn shared<'p>(resources: &'p [Resource], others: &[Resource]) -> Option<&'p Resource> {
    resources.iter().find(|resource| others.iter().any(|other| other.identity == resource.identity))
}

impl Usage<'_> {
    /// Returns the step's name for the middle of a sentence.
    fn name(&self) -> String {
        format!("step {}", quoted(self.step.id.as_ref().map_or("", |id| &id.text)))
    }
}

fn usage<'s>(step: &'s Step, checked: &Checked, resolver: Option<&Resolver>) -> Usage<'s> {
    let (spec, config) = (checked.found.spec.as_ref(), &checked.config);
    let filled = with_defaults(config, spec);
    let file = |pointer: &String| {
        let list = std::slice::from_ref(pointer);
        let position = step.config.position_of(pointer);
        let named = configured_paths(&filled, list).filter_map(|path| ProjectPath::new(path).ok());
        let resources = named.map(|path| {
            let name = path.as_str().to_owned();
            let end = resolver.and_then(|resolver| resolver.resolve(path.as_ref(), true).ok());
            let end = end.map_or_else(|| path.as_ref().to_owned(), |location| location.path);
            Resource { identity: Identity::File(end), name, position }
        });
        resources.collect::<Vec<_>>()
    };
    // Output files are compared with the outputs of other steps instead.
    let is_input = |pointer: &&String| !spec.files.write.contains(pointer);
    let reads = spec.files.read.iter().filter(is_input).flat_map(file).collect();
    let mut writes = Vec::new();
    let mut replaces = false;
    // A driver without a declared destination may write a directory that other steps also write.
    if let Some(destination) = &spec.destination {
        replaces = destination.replaces.holds(&filled);
        writes = spec.files.write.iter().flat_map(file).collect();
        let overrides = spec.connection_fields.iter().map(|field| config.get(&field.name));
        let own = destination.identity.iter().map(|pointer| filled.pointer(pointer));
        let values = own.clone().chain([config.get(CONNECTION_KEY)]).chain(overrides);
        let name = own
            .flatten()
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        // A destination with paths is compared by its paths instead.
        if writes.is_empty()
            && let Some(pointer) = destination.identity.first()
        {
            writes.push(Resource {
                identity: Identity::Table(
                    spec.family().to_owned(),
                    values.map(|value| value.cloned().unwrap_or_default()).collect(),
                ),
                name: name.collect::<Vec<_>>().join("."),
                position: step.config.position_of(pointer),
            });
        }
    }
    let is_set = |pointer: &&String| filled.pointer(pointer).is_some_and(|value| !value.is_null());
    let incremental = spec.incremental.as_ref().filter(is_set);
    let incremental = incremental.map(|pointer| step.config.position_of(pointer));
    Usage { step, reads, writes, replaces, incremental }
}

fn two_writers(usage: &Usage<'_>, resource: &Resource, other: &Usage<'_>) -> Diagnostic {
    let message = format!(
        "{}: {} is also written by {}, and one step would replace the rows of the other",
        usage.step.label(),
        quoted(&resource.name),
        other.name()
    );
    let help = match resource.identity {
        Identity::File(_) => "give one of the steps another path",
        Identity::Table(..) => "give one of the steps another table, or configure both to append",
    };
    Diagnostic::new(Code::OutputConflicting, message).help(help)
}

fn read_and_written(usage: &Usage<'_>, resource: &Resource, other: &Usage<'_>) -> Diagnostic {
    let message = format!(
        "{} reads {}, which {} writes in the same run",
        usage.step.label(),
        quoted(&resource.name),
        other.name()
    );
    Diagnostic::new(Code::OutputConflicting, message).help("write to another path")
}

fn incremental_replaced(usage: &Usage<'_>, other: &Usage<'_>) -> Diagnostic {
    let message = format!(
        "{} reads only the rows that are new since its last run, and {} would replace the rows of earlier runs with them",
        usage.step.label(),
        other.name()
    );
    let help = "remove `incremental`, or configure the writer to append or update rows (see the driver's options with `osiris drivers show`)";
    Diagnostic::new(Code::IncrementalOutputReplaced, message).help(help)
}
