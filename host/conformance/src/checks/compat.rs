//! Compatibility with an earlier version: a pipeline that ran with the earlier version runs with
//! this one, unless the major version has changed.

use std::collections::BTreeSet;

use osiris_core::driver::spec::{OverridePolicy, Spec};
use osiris_core::schema::Schema;
use osiris_registry::trust::RequestedPermissions;
use semver::Version;
use serde_json::Value;

use super::super::check::{Check, NotPassed, Verdict, ensure, none, skip};
use super::super::harness::Harness;
use super::super::requirement::Requirement;
use super::spec_schema::keys;

const FIX: &str = "revert the change, or raise the major version";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "compat.name",
        title: "the name is that of the previous version",
        fix: "keep the name, by which pipelines find the driver",
        needs: &[Requirement::Previous],
        run: |harness| {
            let (old, new) = both(harness)?;
            ensure(old.name == new.name, || {
                format!("the name is `{}`, but was `{}`", new.name, old.name)
            })
        },
    },
    Check {
        id: "compat.version",
        title: "the version is higher than the previous version",
        fix: "raise `version` in the spec",
        needs: &[Requirement::Previous],
        run: |harness| {
            let (old, new) = both(harness)?;
            let (before, now) = (Version::parse(&old.version), Version::parse(&new.version));
            ensure(matches!((before, now), (Ok(before), Ok(now)) if now > before), || {
                format!("version {} does not follow version {}", new.version, old.version)
            })
        },
    },
    Check {
        id: "compat.keys-kept",
        title: "no configuration key was removed",
        fix: FIX,
        needs: &[Requirement::Previous],
        run: |harness| {
            minor(harness, |old, new| {
                let new_keys: BTreeSet<String> =
                    keys(new).into_iter().map(|(name, _)| name).collect();
                let removed = keys(old).into_iter().filter(|(name, _)| !new_keys.contains(name));
                removed.map(|(name, _)| format!("`{name}` was removed")).collect()
            })
        },
    },
    Check {
        id: "compat.keys-optional",
        title: "no configuration key became required",
        fix: FIX,
        needs: &[Requirement::Previous],
        run: |harness| {
            minor(harness, |old, new| {
                let (before, now) = (required(old), required(new));
                now.difference(&before).map(|name| format!("`{name}` is now required")).collect()
            })
        },
    },
    Check {
        id: "compat.types",
        title: "keys accept all types and values that they accepted before",
        fix: FIX,
        needs: &[Requirement::Previous],
        run: |harness| {
            minor(harness, |old, new| {
                let now = keys(new);
                let mut narrower = Vec::new();
                for (name, before) in keys(old) {
                    let Some((_, after)) = now.iter().find(|(other, _)| *other == name) else {
                        continue;
                    };
                    let lost: Vec<String> =
                        choices(before).difference(&choices(after)).cloned().collect();
                    if !lost.is_empty() && !choices(after).is_empty() {
                        narrower.push(format!("`{name}` no longer accepts {}", lost.join(", ")));
                    }
                }
                narrower
            })
        },
    },
    Check {
        id: "compat.defaults",
        title: "defaults are unchanged",
        fix: FIX,
        needs: &[Requirement::Previous],
        run: |harness| {
            minor(harness, |old, new| {
                let now = keys(new);
                let other = |(name, before): (String, &Value)| {
                    let (_, after) = now.iter().find(|(other, _)| *other == name)?;
                    let same = before.get("default") == after.get("default");
                    (!same).then(|| format!("`{name}` has a different default"))
                };
                keys(old).into_iter().filter_map(other).collect()
            })
        },
    },
    Check {
        id: "compat.examples",
        title: "the examples of the previous version are still valid",
        fix: FIX,
        needs: &[Requirement::Previous],
        run: |harness| {
            minor(harness, |old, new| {
                let Ok(schema) = new.step_schema() else { return Vec::new() };
                let wrong = |schema: &Schema, example: &osiris_core::driver::spec::Example| {
                    let mut config = Value::Object(example.config.clone().into_iter().collect());
                    schema.fill(&mut config);
                    let finding = schema.check(&config).into_iter().next()?;
                    Some(format!(
                        "the example `{}` is not valid: {}",
                        example.title, finding.message
                    ))
                };
                old.examples.iter().filter_map(|example| wrong(&schema, example)).collect()
            })
        },
    },
    Check {
        id: "compat.modes",
        title: "no mode was removed",
        fix: FIX,
        needs: &[Requirement::Previous],
        run: |harness| {
            minor(harness, |old, new| {
                let removed = old.modes.iter().filter(|mode| !new.modes.contains(mode));
                removed.map(|mode| format!("mode `{mode:?}` was removed").to_lowercase()).collect()
            })
        },
    },
    Check {
        id: "compat.capabilities",
        title: "no capability was removed",
        fix: FIX,
        needs: &[Requirement::Previous],
        run: |harness| {
            minor(harness, |old, new| {
                let (old, new) = (old.capabilities, new.capabilities);
                let all = [
                    ("discover", old.discover, new.discover),
                    ("doctor", old.doctor, new.doctor),
                    ("partition", old.partition, new.partition),
                    ("state", old.state, new.state),
                ];
                let removed = all.into_iter().filter(|(_, before, now)| *before && !now);
                removed.map(|(name, ..)| format!("`{name}` was removed")).collect()
            })
        },
    },
    Check {
        id: "compat.rights",
        title: "no permission is requested that the previous version did not request",
        fix: "raise the major version: users of the previous version did not grant this permission",
        needs: &[Requirement::Previous],
        run: |harness| {
            minor(harness, |old, new| {
                let (old, new) = (RequestedPermissions::of(old), RequestedPermissions::of(new));
                let more = new.permissions_added_since(&old);
                more.iter()
                    .map(|permission| format!("the driver requests to {permission}"))
                    .collect()
            })
        },
    },
    Check {
        id: "compat.secrets",
        title: "secrets of the previous version are still secrets",
        fix: "add the pointer to `secrets` again",
        needs: &[Requirement::Previous],
        run: |harness| {
            let (old, new) = both(harness)?;
            let new_keys: BTreeSet<String> = keys(new).into_iter().map(|(name, _)| name).collect();
            let still =
                |at: &&String| new_keys.contains(&at.trim_start_matches('/').replace('/', "."));
            let exposed = old.secrets.iter().filter(still).filter(|at| !new.secrets.contains(at));
            none(exposed.map(|at| format!("`{at}` is no longer a secret")))
        },
    },
    Check {
        id: "compat.overrides",
        title: "connection fields that a step could replace can still be replaced",
        fix: FIX,
        needs: &[Requirement::Previous],
        run: |harness| {
            minor(harness, |old, new| {
                let open = |spec: &Spec| -> BTreeSet<String> {
                    let fields = spec.connection_fields.iter();
                    let open = fields.filter(|field| field.policy != OverridePolicy::Forbidden);
                    open.map(|field| field.name.clone()).collect()
                };
                let (before, now) = (open(old), open(new));
                before
                    .difference(&now)
                    .map(|name| format!("`{name}` can no longer be replaced"))
                    .collect()
            })
        },
    },
];

fn both(harness: &Harness) -> Result<(&Spec, &Spec), NotPassed> {
    let old = harness.previous.as_deref().ok_or_else(|| skip("requires `--previous`"))?;
    Ok((old, harness.spec()?))
}

/// Checks a rule that only a new major version may break.
fn minor(harness: &Harness, broken: impl Fn(&Spec, &Spec) -> Vec<String>) -> Verdict {
    let (old, new) = both(harness)?;
    match (Version::parse(&old.version), Version::parse(&new.version)) {
        (Ok(before), Ok(now)) if now.major > before.major => {
            Err(skip(format!("version {now} can differ from {before}")))
        }
        // Below 1.0.0, the minor version takes the role of the major version.
        (Ok(before), Ok(now)) if now.major == 0 && now.minor > before.minor => {
            Err(skip(format!("version {now} can differ from {before}")))
        }
        _ => none(broken(old, new)),
    }
}

/// Returns the required keys, named like those of [`keys`].
fn required(spec: &Spec) -> BTreeSet<String> {
    let names = |schema: &Value, prefix: &str| -> Vec<String> {
        let names = schema["required"].as_array().into_iter().flatten();
        names.filter_map(Value::as_str).map(|name| format!("{prefix}{name}")).collect()
    };
    let resolved = osiris_pipeline::connection::RESOLVED_KEY;
    let inner = &spec.config_schema["properties"][resolved];
    let mut all = names(&spec.config_schema, "");
    all.extend(names(inner, &format!("{resolved}.")));
    all.into_iter().collect()
}

/// Returns the types or values that a key accepts; empty if the schema does not list them.
fn choices(key: &Value) -> BTreeSet<String> {
    if let Some(values) = key["enum"].as_array() {
        return values.iter().map(Value::to_string).collect();
    }
    match &key["type"] {
        Value::String(name) => [name.clone()].into(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => BTreeSet::new(),
    }
}
