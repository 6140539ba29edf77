//! The spec: rules that the host enforces.

use osiris_core::code::Code;
use osiris_core::contract::Mode;
use osiris_core::driver::limits::Limits;
use osiris_core::schema::defaults_at;
use osiris_core::text::quoted;
use serde_json::Value;

use super::super::check::{Check, Verdict, ensure, fail, none, skip};
use super::super::harness::Harness;
use super::super::requirement::Requirement;

/// The longest title that fits into a table.
const TITLE: usize = 80;

/// Parts of the spec with a check of their own.
const PARTS: [&str; 10] = [
    "/name",
    "/version",
    "/modes",
    "/capabilities",
    "/configSchema",
    "/secrets",
    "/files",
    "/network",
    "/connectionFields",
    "/examples",
];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "spec.shape",
        title: "the spec is YAML or JSON and has only the keys of a spec",
        fix: "correct `spec.yaml`: name, version, modes and configSchema are required",
        needs: &[],
        run: shape,
    },
    Check {
        id: "spec.name",
        title: "the name is `family.role`",
        fix: "use a name like `name: acme.extractor`",
        needs: &[],
        run: |harness| part(harness, "/name"),
    },
    Check {
        id: "spec.version",
        title: "the version is a semantic version",
        fix: "use a version like `version: 1.0.0`",
        needs: &[],
        run: |harness| part(harness, "/version"),
    },
    Check {
        id: "spec.modes",
        title: "modes are extract, transform, write or discover",
        fix: "list modes like `modes: [extract]`",
        needs: &[],
        run: |harness| part(harness, "/modes"),
    },
    Check {
        id: "spec.capabilities",
        title: "capabilities are booleans",
        fix: "list capabilities like `capabilities: {discover: true, doctor: true}`",
        needs: &[],
        run: |harness| part(harness, "/capabilities"),
    },
    Check {
        id: "spec.config-schema",
        title: "configSchema is a JSON Schema 2020-12 of an object",
        fix: "see https://json-schema.org/draft/2020-12",
        needs: &[],
        run: |harness| part(harness, "/configSchema"),
    },
    Check {
        id: "spec.secrets",
        title: "secrets are pointers to keys in the schema",
        fix: "list secrets like `secrets: [/resolved_connection/password]`",
        needs: &[],
        run: |harness| part(harness, "/secrets"),
    },
    Check {
        id: "spec.files",
        title: "files are pointers to keys in the schema",
        fix: "list files like `files: {read: [/path]}`",
        needs: &[],
        run: |harness| part(harness, "/files"),
    },
    Check {
        id: "spec.network",
        title: "network lists hosts and ports, or pointers to them",
        fix: "list destinations like `network: [{host: /resolved_connection/host, port: /resolved_connection/port}]`",
        needs: &[],
        run: |harness| part(harness, "/network"),
    },
    Check {
        id: "spec.no-default-rights",
        title: "keys that name a file or a host have no default",
        fix: "remove the default and require the key: values chosen by the author grant no access",
        needs: &[Requirement::Spec],
        run: |harness| {
            let spec = harness.spec()?;
            let files = spec.files.read.iter().chain(&spec.files.write);
            let hosts = spec.network.iter().map(|endpoint| &endpoint.host);
            let mut pointers: Vec<&String> = files.chain(hosts).collect();
            pointers.sort_unstable();
            pointers.dedup();
            none(pointers.into_iter().filter_map(|pointer| {
                // A value other than a string names nothing.
                let defaults = defaults_at(&spec.config_schema, pointer);
                let default = defaults.into_iter().find_map(Value::as_str)?;
                let name = pointer.trim_start_matches('/').replace('/', ".");
                Some(format!("`{name}` has the default {}", quoted(default)))
            }))
        },
    },
    Check {
        id: "spec.connection-fields",
        title: "connection fields have unique names and a policy",
        fix: "list fields like `connectionFields: [{name: host, override: forbidden}]`",
        needs: &[],
        run: |harness| part(harness, "/connectionFields"),
    },
    Check {
        id: "spec.examples",
        title: "examples match the schema",
        fix: "correct the example, or the schema that rejects it",
        needs: &[],
        run: |harness| part(harness, "/examples"),
    },
    Check {
        id: "spec.title",
        title: "the title is a single line",
        fix: "add `title: ` with a few words",
        needs: &[Requirement::Spec],
        run: |harness| {
            let title = &harness.spec()?.title;
            let fits = !title.trim().is_empty()
                && title.chars().count() <= TITLE
                && !title.contains(char::is_control);
            ensure(fits, || "the title is empty, too long, or has several lines".to_owned())
        },
    },
    Check {
        id: "spec.description",
        title: "the description explains what the driver does",
        fix: "add `description: ` with a sentence or two",
        needs: &[Requirement::Spec],
        run: |harness| {
            let empty = harness.spec()?.description.trim().is_empty();
            ensure(!empty, || "the description is missing".to_owned())
        },
    },
    Check {
        id: "spec.discover-mode",
        title: "the mode and the capability `discover` are declared together",
        fix: "declare both, `modes: [..., discover]` and `capabilities: {discover: true}`, or neither",
        needs: &[Requirement::Spec],
        run: |harness| {
            let spec = harness.spec()?;
            let (mode, can) = (spec.modes.contains(&Mode::Discover), spec.capabilities.discover);
            ensure(mode == can, || format!("mode: {mode}, capability: {can}"))
        },
    },
    Check {
        id: "spec.connection-checked",
        title: "a driver with a connection can check the connection",
        fix: "implement `doctor` and write `capabilities: {doctor: true}`",
        needs: &[Requirement::Spec],
        run: |harness| {
            let spec = harness.spec()?;
            let has = spec.connection_fields.is_empty() || spec.capabilities.doctor;
            ensure(has, || {
                "the spec has connectionFields, but not the capability `doctor`".to_owned()
            })
        },
    },
    Check {
        id: "spec.limits",
        title: "limits are valid amounts, and not above the host's limits",
        fix: "list limits like `limits: {memory: 512MiB, seconds: 60}`",
        needs: &[],
        run: |harness| {
            part(harness, "/limits")?;
            let own = harness.spec.as_ref().map(|spec| spec.bounds()).unwrap_or_default();
            let host = Limits::default();
            let ineffective = own.iter().filter(|(limit, value)| **value > host.get(**limit));
            none(ineffective.map(|(limit, _)| {
                format!("`{}` is higher than the host's limit and has no effect", limit.name())
            }))
        },
    },
];

fn part(harness: &Harness, pointer: &str) -> Verdict {
    if harness.raw.is_null() {
        return Err(skip("the spec cannot be read"));
    }
    let below = format!("{pointer}/");
    let is_in_part = |at: &str| at == pointer || at.starts_with(&below);
    none(harness.faults.iter().filter(|fault| is_in_part(&fault.pointer)).map(|fault| {
        let position = fault.position;
        let message = &fault.problem.message;
        let message = message.strip_prefix("the driver's spec: ").unwrap_or(message);
        format!("{message} (line {})", position.line)
    }))
}

/// Reports faults of the spec that have no check of their own.
fn shape(harness: &Harness) -> Verdict {
    if let Some(problem) = &harness.broken {
        let of_the_file = [Code::ComponentInvalid, Code::SpecMissing, Code::SpecDuplicate];
        if of_the_file.contains(&problem.code) {
            return Err(skip("the spec cannot be read"));
        }
        return fail(&problem.message);
    }
    let has_check = |at: &str| {
        PARTS.iter().chain(&["/limits"]).any(|part| {
            at.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let others = harness.faults.iter().filter(|fault| !has_check(&fault.pointer));
    none(others.map(|fault| fault.problem.message.clone()))
}
