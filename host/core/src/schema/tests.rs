use serde_json::{Value, json};

use super::*;

fn schema() -> Schema {
    Schema::closed(json!({
        "type": "object",
        "required": ["path"],
        "properties": {
            "path": {"type": "string", "description": "The file,\nbelow the base path."},
            "delimiter": {"type": "string", "maxLength": 1, "default": ","},
            "limit": {"type": "integer", "minimum": 1},
            "newline": {"enum": ["lf", "crlf"], "default": "lf"},
            "header": {"type": ["boolean", "integer"]},
            "dates": {"anyOf": [{"type": "boolean"}, {"type": "array", "items": {"type": "string"}}]},
            "columns": {"type": "array", "uniqueItems": true, "items": {"$ref": "#/$defs/column"}},
            "code": {"type": "string", "pattern": "^[a-z]+$", "description": "Lower case."},
        },
        "$defs": {"column": {
            "type": "object",
            "required": ["name"],
            "additionalProperties": false,
            "properties": {"name": {"type": "string"}, "kind": {"type": "string", "default": "text"}},
        }},
    }))
    .unwrap()
}

/// Formats every finding as `pointer: message (help)`.
fn found(value: &Value) -> Vec<String> {
    let line = |finding: Violation| {
        format!("{}: {} ({})", finding.pointer, finding.message, finding.help.unwrap_or_default())
    };
    schema().check(value).into_iter().map(line).collect()
}

#[test]
fn every_finding_has_help() {
    let table = [
        (json!({}), ": missing key `path` (add `path: ...`: The file, below the base path.)"),
        (
            json!({"path": "p", "delimeter": ";"}),
            "/delimeter: unknown key `delimeter` (did you mean `delimiter`?)",
        ),
        (
            json!({"path": 5}),
            "/path: `path` must be text, but is a whole number (put the value in quotes)",
        ),
        (
            json!({"path": "p", "delimiter": ";;"}),
            "/delimiter: `delimiter` must have at most 1 character ()",
        ),
        (json!({"path": "p", "limit": 0}), "/limit: `limit` must be at least 1 ()"),
        (
            json!({"path": "p", "limit": "5"}),
            "/limit: `limit` must be a whole number, but is text (remove the quotes around the value)",
        ),
        (
            json!({"path": "p", "limit": null}),
            "/limit: `limit` must be a whole number, but is empty (set a value, or remove the key)",
        ),
        (
            json!({"path": "p", "newline": "crfl"}),
            "/newline: `newline` must be `lf` or `crlf` (did you mean `crlf`?)",
        ),
        (
            json!({"path": "p", "header": "x"}),
            "/header: `header` must be true or false or a whole number, but is text ()",
        ),
        (
            json!({"path": "p", "dates": "x"}),
            "/dates: `dates` must be true or false or a list, but is text ()",
        ),
        (
            json!({"path": "p", "dates": ["a", 1]}),
            "/dates/1: `dates[1]` must be text, but is a whole number (put the value in quotes)",
        ),
        (
            json!({"path": "p", "columns": [{"nme": "a", "name": "b"}]}),
            "/columns/0/nme: unknown key `nme` in `columns[0]` (did you mean `name`?)",
        ),
        (
            json!({"path": "p", "columns": [{}]}),
            "/columns/0: missing key `name` in `columns[0]` (add `name: ...`)",
        ),
        (
            json!({"path": "p", "columns": [{"name": "a"}, {"name": "a"}]}),
            "/columns: `columns` contains the same item more than once ()",
        ),
        (
            json!({"path": "p", "code": "A"}),
            "/code: `code` must match the pattern `^[a-z]+$` (Lower case.)",
        ),
    ];
    for (value, expected) in table {
        assert_eq!(found(&value), [expected], "{value}");
    }
}

#[test]
fn all_findings_are_reported_without_values() {
    let secret = "hunter2hunter2";
    let found =
        found(&json!({"path": [secret], "limit": secret, "newline": secret, "code": secret}));
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(!found.join("").contains(secret), "{found:?}");
}

#[test]
fn defaults_are_filled_in_at_every_depth() {
    let mut value = json!({"path": "p", "delimiter": ";", "columns": [{"name": "a"}]});
    schema().fill(&mut value);
    let columns = json!([{"name": "a", "kind": "text"}]);
    let expected = json!({"path": "p", "delimiter": ";", "newline": "lf", "columns": columns});
    assert_eq!(value, expected);
}

#[test]
fn all_possible_defaults_of_a_pointer_are_found() {
    let schema = json!({
        "$defs": {"f": {"properties": {"a": {"default": 1}}}},
        "$ref": "#/$defs/f",
        "allOf": [{"properties": {"a": {"default": 2}, "c": {"default": {"d": [3]}}}}],
        "properties": {
            "a": {"default": 4},
            "c": {"properties": {"d": {"items": {"default": 5}}, "e~/": {"default": 6}}},
            "g": {"anyOf": [{"default": 7}], "const": 8, "enum": [9]},
        },
    });
    for (pointer, expected) in [
        ("/a", json!([1, 2, 4])),
        ("/b", json!([])),
        ("/c", json!([{"d": [3]}])),
        ("/c/d", json!([[3]])),
        ("/c/d/0", json!([3])),
        ("/c/e~0~1", json!([6])),
        ("/g", json!([])),
        ("", json!([])),
    ] {
        assert_eq!(json!(defaults_at(&schema, pointer)), expected, "{pointer}");
    }
    // Schemas beyond the bounds are not searched.
    let endless = json!({"$ref": "#", "properties": {"a": {"default": 1}}});
    assert_eq!(defaults_at(&endless, "/a"), Vec::<&Value>::new());
    let mut value = json!({});
    fill_from(&endless, &mut value);
    assert_eq!(value, json!({}));
}

#[test]
fn keys_of_all_of_parts_are_known() {
    let schema = Schema::closed(json!({
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "allOf": [{"properties": {"b": {"type": "string"}}}],
    }))
    .unwrap();
    assert_eq!(schema.check(&json!({"a": "", "b": ""})), []);
    let findings = schema.check(&json!({"a": 1, "b": "", "c": ""}));
    let pointers: Vec<&str> = findings.iter().map(|finding| finding.pointer.as_str()).collect();
    assert_eq!(pointers, ["/a", "/c"]);
}

#[test]
fn unbounded_schemas_are_rejected() {
    let doubling: serde_json::Map<String, Value> = (0..30)
        .map(|level| {
            let next = json!({"$ref": format!("#/$defs/l{}", level + 1)});
            (format!("l{level}"), json!({"allOf": [next, next]}))
        })
        .chain([("l30".to_owned(), json!(true))])
        .collect();
    let table = [
        (json!([]), "must be a mapping"),
        (json!({"$ref": "#"}), "refers to itself or is nested too deeply"),
        (json!({"properties": {"a": {"$ref": "#"}}}), "refers to itself or is nested too deeply"),
        (json!({"$ref": "#/$defs/l0", "$defs": doubling}), "is too large, or refers to itself"),
        (
            json!({"$ref": "https://example.com/s"}),
            "has an unsupported `$ref`, expected one like `#/$defs/name`: `https://example.com/s`",
        ),
        (json!({"$dynamicRef": "#x"}), "uses `$dynamicRef`, which is not supported"),
        (json!({"pattern": "(?=a)b"}), "is not a valid JSON Schema 2020-12 at `/pattern`"),
        (
            json!({"pattern": "(((a{100}){100}){100})"}),
            "is not a valid JSON Schema 2020-12 at `/pattern`",
        ),
        (json!({"type": "text"}), "is not a valid JSON Schema 2020-12 at `/type`"),
    ];
    for (source, expected) in table {
        let error = Schema::new(source.clone()).expect_err("refused");
        assert!(error.starts_with(expected), "{source}: {error}");
    }
}

#[test]
fn cyclic_reference_ends() {
    let source = json!({
        "properties": {"a": {"$ref": "#/properties/b"}, "b": {"$ref": "#/properties/a"}, "c": {"enum": [1]}},
    });
    assert!(!is_choice(&source, "/a"));
    assert!(is_choice(&source, "/c"));
}

#[test]
fn different_number_gets_no_suggestion() {
    let encodings = json!({"encoding": {"enum": ["windows-1252", "utf-8"]}});
    let schema = Schema::closed(json!({"type": "object", "properties": encodings})).unwrap();
    let help = |text: &str| schema.check(&json!({"encoding": text})).remove(0).help;
    assert_eq!(help("windows-1251"), None);
    assert_eq!(help("window-1252").as_deref(), Some("did you mean `windows-1252`?"));
}

#[test]
fn split_comma_value_gets_help() {
    let types = json!({"types": {"type": "object", "additionalProperties": {"type": "string"}}});
    let schema = Schema::closed(json!({"type": "object", "properties": types})).unwrap();
    let finding = schema.check(&json!({"types": {"price": "decimal(10", "2)": null}})).remove(0);
    assert!(finding.help.unwrap().starts_with("a comma ends a value"));
}
