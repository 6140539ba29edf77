//! Every problem of a pipeline, with its message.

use super::*;

/// A change to [`GOOD`] and the resulting problems.
type Case = (&'static str, &'static str, &'static [&'static str]);

fn check_cases(cases: &[Case]) {
    let sandbox = Sandbox::new();
    for (from, to, wanted) in cases {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from:?} is not in the pipeline");
        let error = sandbox.compile(&text, &Options::default()).expect_err(to);
        assert_eq!(lines(&error.problems), *wanted, "{to}");
    }
}

#[test]
fn pipeline_problems_are_reported() {
    check_cases(&[
        (
            "oml_version: \"0.1.0\"\n",
            "",
            &[
                "1:1 missing_required_key: The pipeline: the key 'oml_version' is missing (write 'oml_version: 0.1.0')",
            ],
        ),
        (
            "\"0.1.0\"",
            "0.1",
            &[
                "1:14 invalid_version_type: The pipeline: 'oml_version' must be text, but it is a number (write 'oml_version: 0.1.0')",
            ],
        ),
        (
            "\"0.1.0\"",
            "9.0.0",
            &[
                "1:14 unsupported_version: The pipeline is written for OML '9.0.0', but this osiris reads OML 0.1.0 (write 'oml_version: 0.1.0')",
            ],
        ),
        (
            "name: orders",
            "name: [orders]",
            &["2:7 invalid_name_type: The pipeline: 'name' must be text, but it is a list ()"],
        ),
        (
            "name: orders",
            "name: ' '",
            &[
                "2:7 empty_name: The pipeline's name is empty (write a name like 'name: orders-to-csv')",
            ],
        ),
        (
            "name: orders",
            "name: 王芳",
            &[
                "2:7 invalid_name: The pipeline's name '王芳' has no letter from a to z and no digit, so no folder can be named after it (write a name like 'name: orders-to-csv')",
            ],
        ),
        (
            "name: orders",
            "name: orders\nversion: 1\ntasks: []",
            &[
                "3:1 forbidden_key: A pipeline has no key 'version' (the format's version is written 'oml_version: 0.1.0')",
                "4:1 forbidden_key: A pipeline has no key 'tasks' (the list of steps is written 'steps:')",
            ],
        ),
        (
            "params:",
            "parms:",
            &[
                "3:1 unknown_key: The pipeline: unknown key 'parms' (did you mean 'params'?)",
                "13:20 unresolved_param: Step 'load': the parameter 'folder' has no value (give it a default below 'params', or a value with --param folder=... or OSIRIS_PARAM_FOLDER)",
                "13:54 unresolved_param: Step 'load': the parameter 'limit' has no value (give it a default below 'params', or a value with --param limit=... or OSIRIS_PARAM_LIMIT)",
            ],
        ),
        (
            "name: orders",
            "name: orders\nowner: me",
            &[
                "3:1 unknown_key: The pipeline: unknown key 'owner' (the keys here are oml_version, name, description, metadata, schedule, params, profiles or steps; own data goes below 'metadata')",
            ],
        ),
    ]);
}

#[test]
fn step_problems_are_reported() {
    check_cases(&[
        (
            "  - id: load\n    component",
            "  - component",
            &[
                "10:5 missing_step_field: Step 1: the key 'id' is missing (write an id like 'id: load-orders')",
            ],
        ),
        (
            "id: load",
            "id: ../load",
            &[
                "10:9 invalid_id: Step 1: the id '../load' cannot be used (an id has 1 to 64 letters, digits, '_' and '-', and starts with a letter or a digit)",
            ],
        ),
        (
            "id: shape",
            "id: load",
            &[
                "14:9 duplicate_id: The step id 'load' is already used in line 10 (give each step its own id)",
            ],
        ),
        (
            "id: shape",
            "id: Load",
            &[
                "14:9 duplicate_id: The step id 'Load' differs only in case from 'load' in line 10 (give each step its own id)",
            ],
        ),
        (
            "mode: read",
            "mode: extract",
            &[
                "12:11 invalid_mode: Step 'load': the mode 'extract' is none of read, transform and write (a step that reads is written 'mode: read')",
            ],
        ),
        (
            "mode: read",
            "mode: transform",
            &[
                "12:11 incompatible_mode: Step 'load': the driver 'files.reader' has no mode 'transform' (its modes are: read)",
            ],
        ),
        (
            "    config:\n      path",
            "    with:\n      path",
            &[
                "17:5 missing_config_key: Step 'save': the key 'path' is missing (add 'path: ...')",
                "20:5 unknown_key: Step 'save': unknown key 'with' (the configuration is written below 'config:')",
            ],
        ),
        (
            "    config:\n      path: out.csv",
            "    config: out.csv",
            &[
                "17:5 missing_config_key: Step 'save': the key 'path' is missing (add 'path: ...')",
                "20:13 invalid_config_type: Step 'save': 'config' must be a mapping, but it is text ()",
            ],
        ),
        (
            "files.reader",
            "files.raeder",
            &[
                "11:16 unknown_component: Step 'load': there is no driver 'files.raeder' (searched drivers) (did you mean 'files.reader'?)",
            ],
        ),
        (
            "files.reader",
            "files.broken",
            &[
                "11:16 unusable_driver: Step 'load': the driver 'files.broken' cannot be used: It is not a component ()",
            ],
        ),
    ]);
}

#[test]
fn needs_problems_are_reported() {
    check_cases(&[
        (
            "mode: transform",
            "mode: transform\n    needs: lod",
            &[
                "17:12 invalid_needs_type: Step 'shape': 'needs' must be a list, but it is text (write 'needs: [lod]')",
            ],
        ),
        (
            "mode: transform",
            "mode: transform\n    needs: [lod]",
            &[
                "17:13 unknown_dependency: Step 'shape': there is no step 'lod' to need (did you mean 'load'?)",
            ],
        ),
        (
            "mode: transform",
            "mode: transform\n    needs: [load, 5]",
            &[
                "17:19 invalid_dependency_type: Step 'shape': 'needs' must hold ids of steps, but one is a whole number (write 'needs: [step-id]')",
            ],
        ),
        (
            "mode: transform",
            "mode: transform\n    needs: [load, load]",
            &[
                "17:19 duplicate_dependency: Step 'shape': 'needs' names 'load' twice (remove one of the two)",
            ],
        ),
        (
            "mode: transform",
            "mode: transform\n    needs: [shape]",
            &[
                "17:12 cycle: Step 'shape' needs itself (take one of these needs away; 'needs: []' means none)",
            ],
        ),
        (
            "mode: write",
            "mode: write\n    needs: []",
            &[
                "20:12 missing_input: Step 'save' writes a table, but none comes to it (name the step that makes the table: 'needs: [step-id]')",
            ],
        ),
        (
            "mode: write",
            "mode: write\n    needs: [load, shape]",
            &[
                "20:12 too_many_inputs: Step 'save' writes one table, but it needs Step 'load', Step 'shape' (join them in a step with 'mode: transform', or write each in its own step)",
            ],
        ),
        (
            "mode: read",
            "mode: read\n    needs: [shape]",
            &[
                "13:12 unexpected_input: Step 'load' reads, so it takes no table, but it needs Step 'shape' (remove them from 'needs', or use 'mode: transform')",
                "13:12 cycle: Steps need each other in a circle: load -> shape -> load (take one of these needs away; 'needs: []' means none)",
            ],
        ),
        (
            "      path: out.csv\n",
            "      path: out.csv\n  - {id: more, component: files.writer, mode: write, config: {path: b.csv}}\n",
            &[
                "22:5 missing_needs: Step 'more' does not say what it needs, and Step 'save' before it writes and makes no table (name the step that makes the table: 'needs: [step-id]')",
            ],
        ),
    ]);
}

#[test]
fn config_problems_are_reported() {
    check_cases(&[
        (
            "limit: \"${params.limit}\"",
            "limt: 5, newline: lff",
            &[
                "13:47 unknown_config_key: Step 'load': unknown key 'limt' (did you mean 'limit'?)",
                "13:56 invalid_config_value: Step 'load': 'newline' must be 'lf' or 'crlf' (did you mean 'lf'?)",
            ],
        ),
        (
            "limit: \"${params.limit}\"",
            "limit: 1.5",
            &[
                "13:47 invalid_config_value: Step 'load': 'limit' must be a whole number, but it is a number ()",
            ],
        ),
        (
            "limit: 10\n",
            "limit: many\n",
            &[
                "8:21 invalid_param_value: The profile 'prod': the parameter 'limit' must be text, but here it is a whole number ()",
                "13:47 invalid_config_value: Step 'load': 'limit' must be a whole number, but it is text ()",
            ],
        ),
        (
            "path: out.csv",
            "path: /out.csv",
            &[
                "21:7 absolute_path: Step 'save': the path '/out.csv' in 'path' is absolute, but drivers see only the project folder (put the file below the project folder and write its path from there)",
            ],
        ),
        (
            "path: out.csv",
            "path: a/../../out.csv",
            &[
                "21:7 path_outside: Step 'save': the path 'a/../../out.csv' in 'path' leads out of the project folder (put the file below the project folder and write its path from there)",
            ],
        ),
        (
            "path: out.csv",
            "path: ''",
            &[
                "21:7 invalid_path: Step 'save': the path in 'path' is empty (write a path relative to the project folder, like 'data/orders.csv')",
            ],
        ),
        (
            "limit: \"${params.limit}\"",
            "paths: [a, ../b]",
            &[
                "13:58 path_outside: Step 'load': the path '../b' in 'paths.1' leads out of the project folder (put the file below the project folder and write its path from there)",
            ],
        ),
    ]);
}

#[test]
fn inline_secrets_are_reported_and_never_shown() {
    let sandbox = Sandbox::new();
    let help = "(remove the value here, and from the file's history)";
    let at = |place: &str, path: &str| {
        format!(
            "{place} inline_secret: Inline secret at {path}: a compiled pipeline must not hold secrets {help}"
        )
    };
    let text = GOOD
        .replacen(
            "limit: \"${params.limit}\"",
            "password: \"${params.pw}\", api: {login: hunter2}",
            1,
        )
        .replacen("folder: {", "pw: {type: string}\n  token: {default: hunter2}\n  folder: {", 1)
        .replacen("path: out.csv", "path: https://me:hunter2@example.com/../../../..", 1);
    let options = Options { params: vec![("pw".into(), "hunter2".into())], ..Options::default() };
    let error = sandbox.compile(&text, &options).expect_err("secrets");
    let wanted = [
        at("6:3", "params.token.default"),
        at("15:47", "steps[0].config.password"),
        at("15:79", "steps[0].config.api.login"),
        at("23:7", "steps[2].config.path"),
    ];
    assert_eq!(lines(&error.problems), wanted);
    assert!(!error.to_string().contains("hunter2"));
}

#[test]
fn secret_like_values_without_a_secret_pass() {
    let sandbox = Sandbox::new();
    for config in
        ["password: \"${MYSQL_PASSWORD}\"", "password: ''", "dtype: {token: string, key: integer}"]
    {
        let text = GOOD.replacen("limit: \"${params.limit}\"", config, 1);
        assert!(sandbox.compile(&text, &Options::default()).is_ok(), "{config}");
    }
}

#[test]
fn parameter_problems_are_reported() {
    let sandbox = Sandbox::new();
    let param = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let failed = |options: Options| lines(&sandbox.compile(GOOD, &options).expect_err("").problems);
    let given = |params| Options { params, ..Options::default() };
    assert_eq!(
        failed(given(vec![param("limt", "1")])),
        ["- unknown_param: The pipeline has no parameter 'limt' (did you mean 'limit'?)"]
    );
    assert_eq!(
        failed(given(vec![param("limit", "x")])),
        [
            "4:3 invalid_param_value: The parameter 'limit' must be a whole number, but what --param limit gives is not (give a value of that kind, or declare another 'type' for the parameter)"
        ]
    );
    assert_eq!(
        failed(given(vec![param("limit", "1"), param("limit", "2")])),
        [
            "- duplicate_param: The parameter 'limit' is given twice with --param (remove one of the two)"
        ]
    );
    let profile = Options { profile: Some("prd".into()), ..Options::default() };
    assert_eq!(
        failed(profile),
        ["- unknown_profile: The pipeline has no profile 'prd' (did you mean 'prod'?)"]
    );
}

#[test]
fn missing_driver_alone_exits_with_environment_error() {
    let sandbox = Sandbox::new();
    let exit = |text: &str| sandbox.compile(text, &Options::default()).expect_err("").exit;
    let unknown = GOOD.replace("files.reader", "sea.shells");
    assert_eq!(exit(&unknown), Exit::Environment);
    assert_eq!(exit(&unknown.replace("name: orders", "nam: orders")), Exit::Invalid);
}

#[test]
fn absolute_path_in_the_project_gets_a_relative_suggestion() {
    let sandbox = Sandbox::new();
    let inside = sandbox.project.layout.base.join("data/x.csv");
    let text = GOOD.replacen("out.csv", &inside.display().to_string(), 1);
    let error = sandbox.compile(&text, &Options::default()).expect_err("absolute");
    assert_eq!(error.problems[0].help.as_deref(), Some("write 'data/x.csv'"));
}
