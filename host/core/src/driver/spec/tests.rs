use std::path::Path;

use super::*;

const GOOD: &str = r#"name: filesystem.csv_writer
version: 1.0.0
title: CSV files
modes: [write]
capabilities: {discover: false}
configSchema:
  type: object
  required: [path]
  properties:
    path: {type: string, minLength: 1}
    delimiter: {type: string, maxLength: 1, default: ","}
    password: {type: string}
secrets: [/password, /resolved_connection/password]
connectionFields: [{name: base, override: allowed}]
files: {write: [/path]}
network: [{host: /resolved_connection/host, port: 5432}]
limits: {memory: 512MiB, seconds: 60}
examples: [{title: Plain, config: {path: out.csv}}]
"#;

fn problems(text: &str) -> Vec<String> {
    let error = Spec::parse(text.as_bytes(), Path::new("spec.yaml")).expect_err("invalid");
    let line = |problem: crate::diagnostic::Diagnostic| {
        let at = problem.location.and_then(|location| location.position).expect("a position");
        let help = problem.help.unwrap_or_default();
        format!("{}:{} {}: {} ({help})", at.line, at.column, problem.code, problem.message)
    };
    error.into_diagnostics().into_iter().map(line).collect()
}

#[test]
fn valid_spec_parses() {
    let spec = Spec::parse(GOOD.as_bytes(), Path::new("spec.yaml")).unwrap();
    assert_eq!(spec.modes, [Mode::Write]);
    assert_eq!(spec.bounds(), [(Limit::Memory, 512 << 20), (Limit::Seconds, 60)].into());
    assert_eq!(spec.connection_fields[0].policy, OverridePolicy::Allowed);
}

#[test]
fn spec_survives_a_json_round_trip() {
    let spec = Spec::parse(GOOD.as_bytes(), Path::new("spec.yaml")).unwrap();
    let json = serde_json::to_vec(&spec).unwrap();
    assert_eq!(Spec::parse(&json, Path::new("spec.json")).unwrap(), spec);
}

#[test]
fn every_spec_problem_has_message_and_position() {
    let table = [
        (
            "name: filesystem.csv_writer",
            "name: csv",
            "1:1 spec_invalid: the driver's spec: `name` must match the pattern `^[a-z0-9][a-z0-9_-]{0,62}\\.[a-z0-9][a-z0-9_-]{0,62}$` (the name is `family.role` in lower case, like `filesystem.csv_writer`)",
        ),
        (
            "version: 1.0.0",
            "version: \"1.0\"",
            "2:1 spec_invalid: the driver's spec: `1.0` is not a valid semantic version: unexpected end of input while parsing minor version number (write a version like `1.0.0`)",
        ),
        (
            "modes: [write]",
            "modes: []",
            "4:1 spec_invalid: the driver's spec: `modes` must have at least 1 item (a list of `extract`, `transform`, `write` and `discover`)",
        ),
        (
            "modes: [write]",
            "modes: [load]",
            "4:9 spec_invalid: the driver's spec: `modes[0]` must be `extract`, `transform`, `write` or `discover` ()",
        ),
        (
            "modes: [write]\n",
            "",
            "1:1 key_missing: the driver's spec: missing key `modes` (add `modes: ...`: a list of `extract`, `transform`, `write` and `discover`)",
        ),
        (
            "title:",
            "titel:",
            "3:1 key_unknown: the driver's spec: unknown key `titel` (did you mean `title`?)",
        ),
        (
            "discover: false",
            "discover: no",
            "5:16 spec_invalid: the driver's spec: `capabilities.discover` must be true or false, but is text ()",
        ),
        (
            "  type: object",
            "  type: array",
            "7:3 spec_invalid: the driver's spec: `configSchema.type` must be `object` ()",
        ),
        (
            "maxLength: 1,",
            "maxLength: x,",
            "6:1 spec_invalid: the driver's spec: `configSchema` is not a valid JSON Schema 2020-12 at `/properties/delimiter/maxLength`: value is not of type \"integer\" (see https://json-schema.org/draft/2020-12)",
        ),
        (
            "[/password,",
            "[/passwort,",
            "13:11 spec_invalid: the driver's spec: `/passwort` in `secrets` does not lead to a key of `configSchema.properties` (did you mean `/password`?)",
        ),
        (
            "write: [/path]",
            "write: [path]",
            "15:17 spec_invalid: the driver's spec: `files.write[0]` must match the pattern `^(/([^~/]|~0|~1)+)+$` (a JSON pointer into the configuration, like `/path`)",
        ),
        (
            "{name: base,",
            "{name: base}, {name: base,",
            "14:34 spec_invalid: the driver's spec: duplicate connection field `base` (remove one of the two)",
        ),
        (
            "port: 5432",
            "port: 70000",
            "16:45 spec_invalid: the driver's spec: `network[0].port` must be at most 65535 ()",
        ),
        (
            "512MiB",
            "much",
            "17:10 spec_invalid: the driver's spec: `limits.memory` must be a size like `512MiB`, but is `\"much\"` (correct the limit, or remove it)",
        ),
    ];
    for (from, to, expected) in table {
        assert_eq!(problems(&GOOD.replacen(from, to, 1)), [expected]);
    }
}

#[test]
fn examples_must_fit_the_config_schema() {
    let example =
        "18:27 spec_invalid: the driver's spec: example `Plain` does not match `configSchema`";
    let found = problems(&GOOD.replacen("{path: out.csv}", "{pth: x}", 1));
    assert_eq!(found[0], format!("{example}: missing key `path` (add `path: ...`)"));
    assert!(found[1].ends_with("unknown key `pth` (did you mean `path`?)"), "{found:?}");
}
