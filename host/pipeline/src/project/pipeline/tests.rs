use std::path::Path;

use osiris_core::yaml;
use proptest::prelude::*;

use super::*;

/// Returns every problem and warning as `line:column code: message`.
fn findings(text: &str) -> (Vec<String>, Vec<String>) {
    let file = Path::new("p.yaml");
    let root = yaml::parse(text.as_bytes(), file).unwrap();
    let (mut problems, mut warnings) = (Diagnostics::new(file), Diagnostics::new(file));
    Pipeline::read(root, &mut problems, &mut warnings);
    let lines = |problems: Diagnostics<'_>| {
        let line = |problem: Diagnostic| {
            let at = problem.location.and_then(|location| location.position).expect("a position");
            format!("{}:{} {}: {}", at.line, at.column, problem.code, problem.message)
        };
        problems.into_sorted().into_iter().map(line).collect()
    };
    (lines(problems), lines(warnings))
}

#[test]
fn all_problems_are_reported_in_file_order() {
    let text = "steps: []\nparams: [a]\nprofiles: {dev: 1}\nnam: x\noml_version: '1'\n";
    assert_eq!(
        findings(text).0,
        [
            "1:8 steps_empty: the pipeline has no steps",
            "2:9 params_type_invalid: `params` must be a mapping, but is a list",
            "3:17 profile_invalid: profile `dev` must be a mapping, but is a whole number",
            "4:1 key_unknown: the pipeline: unknown key `nam`",
            "5:14 version_unsupported: the pipeline is written for OML `1`, but this osiris supports OML 0.1.0",
        ]
    );
}

#[test]
fn invalid_parameter_declarations_are_rejected() {
    let start =
        "oml_version: 0.1.0\nname: x\nsteps: [{id: a, component: b.c, mode: read}]\nparams:\n";
    let table = [
        ("  a-b: 1\n", "5:3 param_name_invalid: `a-b` is not a valid parameter name"),
        ("  a: 1\n  A: 2\n", "6:3 param_duplicate: parameter `A` differs only in case from `a`"),
        ("  a: {value: 1}\n", "5:7 key_unknown: parameter `a`: unknown key `value`"),
        (
            "  a: {type: int}\n",
            "5:13 param_invalid: parameter `a`: `type` must be string, integer, number, boolean or list, but is text",
        ),
        (
            "  a: {type: integer, default: x}\n",
            "5:31 param_invalid: parameter `a`: `default` must be a whole number, but is text",
        ),
    ];
    for (params, expected) in table {
        assert_eq!(findings(&format!("{start}{params}")).0, [expected], "{params}");
    }
}

#[test]
fn other_names_of_modes_are_accepted() {
    let start = "oml_version: 0.1.0\nname: x\nsteps: [{id: a, component: b.c, mode: ";
    for mode in ["read", "extract", "transform", "write", "load"] {
        assert_eq!(findings(&format!("{start}{mode}}}]")).0, [""; 0], "{mode}");
    }
    assert_eq!(findings(&format!("{start}lode}}]")).0.len(), 1);
}

#[test]
fn connections_of_a_profile_are_of_one_family() {
    let start = "oml_version: 0.1.0\nname: x\nsteps: [{id: a, component: b.c, mode: read}]\n";
    let check = |connections: &str| {
        findings(&format!("{start}profiles: {{p: {{connections: {connections}}}}}")).0
    };
    assert_eq!(check("{'@a.x': '@a.y'}"), [""; 0]);
    assert_eq!(
        check("{'@a.x': '@b.y'}"),
        [
            "4:38 connection_family_mismatched: profile `p`: `connections`: `@a.x` and `@b.y` are of different families"
        ]
    );
    assert_eq!(check("{'a.x': '@a.y', '@a.z': 1}").len(), 2);
}

#[test]
fn slugs_are_safe_file_names() {
    let table = [
        ("orders_etl", "orders-etl"),
        ("My Pipeline!@#$", "my-pipeline"),
        ("hello@world!", "helloworld"),
        ("--a  b--", "a-b"),
        ("../../x", "x"),
        ("王芳", ""),
    ];
    for (name, expected) in table {
        assert_eq!(slug(name), expected, "{name}");
    }
}

#[test]
fn step_ids_are_safe_file_names() {
    for id in ["a", "0", "load-orders_2", &"x".repeat(64)] {
        assert!(is_step_id(id), "{id}");
    }
    for id in ["", "-a", "_a", ".", "a/b", "a.b", "a b", "é", "a\n", &"x".repeat(65)] {
        assert!(!is_step_id(id), "{id}");
    }
}

proptest! {
    #[test]
    fn any_value_of_any_key_is_parsed_or_rejected(
        key in "(oml_version|name|steps|params|profiles|metadata|x)",
        value in "[-a-z0-9{}\\[\\],: \"~]{0,30}",
    ) {
        let text = format!("oml_version: 0.1.0\nname: x\n{key}: {value}\n");
        let file = Path::new("p.yaml");
        if let Ok(root) = yaml::parse(text.as_bytes(), file) {
            Pipeline::read(root, &mut Diagnostics::new(file), &mut Diagnostics::new(file));
        }
    }
}
