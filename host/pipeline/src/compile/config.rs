//! Checks a step's configuration against the spec of its driver.

use std::path::Path;
use std::str::FromStr;

use osiris_core::code::Code;
use osiris_core::diagnostic::Diagnostic;
use osiris_core::driver::provenance::unset;
use osiris_core::driver::spec::{OverridePolicy, Spec};
use osiris_core::fs::layout::CONNECTIONS_FILE;
use osiris_core::paths::{self, AccessMode, PathFault, ProjectPath};
use osiris_core::schema::{Fault, Schema, Violation, merge_misspelled};
use osiris_core::text::quoted;
use osiris_core::yaml::{Diagnostics, Node};
use serde_json::Value as Json;

use crate::connection::{CONNECTION_KEY, Reference, author_only, mismatch, show_options};
use crate::project::Project;

/// Returns the configuration as the user wrote it: `config`, whose parameters are substituted.
/// The defaults of the driver's author are added only when the driver gets the configuration, but
/// are included in this check. `owner` starts the messages.
pub(super) fn complete(
    owner: &str,
    config: &Node,
    schema: &Schema,
    spec: &Spec,
    problems: &mut Diagnostics<'_>,
) -> Json {
    let json = config.to_json();
    let mut filled = json.clone();
    schema.fill(&mut filled);
    // The connection's own fields have been checked already.
    let is_connection = |pointer: &str| {
        spec.connection_fields.iter().any(|field| pointer.strip_prefix('/') == Some(&field.name))
    };
    let is_reported = |finding: &Violation| {
        let position = config.position_of(&finding.pointer);
        finding.fault == Fault::UnknownKey && problems.has_at(position, Code::SecretInline)
    };
    let mut findings = schema.check(&filled);
    findings.retain(|finding| {
        let is_unknown = finding.fault == Fault::UnknownKey;
        !(is_reported(finding) || is_unknown && is_connection(&finding.pointer))
    });
    merge_misspelled(&mut findings);
    for finding in findings {
        let code = match finding.fault {
            Fault::UnknownKey => Code::ConfigKeyUnknown,
            Fault::MissingKey => Code::ConfigKeyMissing,
            Fault::InvalidValue => Code::ConfigValueInvalid,
        };
        let mut problem = Diagnostic::new(code, format!("{owner}: {}", finding.message));
        problem.help = finding.help.or_else(|| show_options(finding.fault, spec));
        problems.report(config.position_of(&finding.pointer), problem);
    }
    for field in unset(spec, &json, &filled) {
        problems.report(config.position, author_only(owner, &field.pointer, &field));
    }
    json
}

/// Checks the connection keys of a step; the connection itself is resolved by the run.
pub(super) fn check_connection(
    owner: &str,
    config: &Node,
    spec: &Spec,
    problems: &mut Diagnostics<'_>,
    warnings: &mut Diagnostics<'_>,
) {
    if let Some(entry) = config.entry(CONNECTION_KEY).filter(|_| !spec.connection_fields.is_empty())
        && let Some(text) = entry.value.as_text()
    {
        match Reference::from_str(text) {
            Ok(reference) if reference.family != spec.family() => {
                problems.report(entry.position, mismatch(owner, spec.family(), &reference));
            }
            Ok(_) => {}
            Err(mut problem) => {
                problem.message = format!("{owner}: {}", problem.message);
                problems.report(entry.position, problem);
            }
        }
    }
    for field in spec.connection_fields.iter().filter(|field| !spec.has_key(&field.name)) {
        let Some(entry) = config.entry(&field.name) else { continue };
        let name = &field.name;
        match field.policy {
            OverridePolicy::Allowed => {}
            OverridePolicy::Warning => {
                let message = format!("{owner}: `{name}` overrides the field of the connection");
                warnings
                    .report(entry.position, Diagnostic::new(Code::OverrideDiscouraged, message));
            }
            OverridePolicy::Forbidden => {
                let message = format!(
                    "{owner}: `{name}` is a field of the connection that a step may not override"
                );
                let help = format!(
                    "set `{name}` in `{CONNECTIONS_FILE}`, in a separate connection if necessary"
                );
                problems.report(
                    entry.position,
                    Diagnostic::new(Code::OverrideForbidden, message).help(help),
                );
            }
        }
    }
}

/// Reports every path that leaves the base directory or is reserved.
pub(super) fn check_paths(
    owner: &str,
    config: &Node,
    json: &Json,
    spec: &Spec,
    project: &Project,
    problems: &mut Diagnostics<'_>,
) {
    // Write access includes read access.
    let read = spec.files.read.iter().filter(|pointer| !spec.files.write.contains(pointer));
    let read = read.map(|pointer| (pointer, AccessMode::Read));
    let write = spec.files.write.iter().map(|pointer| (pointer, AccessMode::Write));
    for (pointer, access) in read.chain(write) {
        let Some(value) = json.pointer(pointer) else { continue };
        let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for (index, path) in items.iter().enumerate() {
            let Some(path) = path.as_str() else { continue };
            let pointer =
                if value.is_array() { format!("{pointer}/{index}") } else { pointer.clone() };
            let problem = match ProjectPath::new(path) {
                Err(fault) => path_problem(owner, &pointer, path, fault, project),
                Ok(_) => {
                    let allow_read = &project.settings.allow_read;
                    match paths::check(project.base(), path, access, allow_read) {
                        Err(refusal) => refusal.into_problem(owner),
                        Ok(_) => continue,
                    }
                }
            };
            problems.report(config.position_of(&pointer), problem);
        }
    }
}

fn path_problem(
    owner: &str,
    pointer: &str,
    path: &str,
    fault: PathFault,
    project: &Project,
) -> Diagnostic {
    let field = pointer.trim_start_matches('/').replace('/', ".");
    let subject = format!("{owner}: the path {} in `{field}`", quoted(path));
    match fault {
        PathFault::Malformed => {
            Diagnostic::new(Code::PathInvalid, format!("{owner}: the path in `{field}` is empty"))
                .help("write a path relative to the project directory, like `data/orders.csv`")
        }
        PathFault::Absolute => {
            let below = Path::new(path).strip_prefix(project.base()).ok();
            let below = below.and_then(Path::to_str).filter(|below| !below.is_empty());
            let help = match below {
                Some(below) => format!("write `{below}`"),
                None => {
                    "put the file in the project directory, and write a path relative to that directory".to_owned()
                }
            };
            let message =
                format!("{subject} is absolute, but drivers can access only the project directory");
            Diagnostic::new(Code::PathAbsolute, message).help(help)
        }
        PathFault::Outside => {
            let message = format!("{subject} leads outside the project directory");
            Diagnostic::new(Code::PathOutside, message)
                .help("put the file in the project directory, and write a path relative to that directory")
        }
    }
}
