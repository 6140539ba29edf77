//! Every problem of a pipeline, with its message.

use super::*;

/// A change to [`GOOD`] and the resulting problems.
type Case = (&'static str, &'static str, &'static [&'static str]);

fn check_cases(cases: &[Case]) {
    let sandbox = Sandbox::new();
    for (from, to, expected) in cases {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from:?} is not in the pipeline");
        let error = sandbox.compile(&text, &Options::default()).expect_err(to);
        assert_eq!(lines(error.diagnostics()), *expected, "{to}");
    }
}

#[test]
fn pipeline_problems_are_reported() {
    check_cases(&[
        (
            "oml_version: \"0.1.0\"\n",
            "",
            &[
                "1:1 key_missing: the pipeline: missing key `oml_version` (write `oml_version: 0.1.0`)",
            ],
        ),
        (
            "\"0.1.0\"",
            "0.1",
            &[
                "1:14 version_type_invalid: the pipeline: `oml_version` must be text, but is a number (write `oml_version: 0.1.0`)",
            ],
        ),
        (
            "\"0.1.0\"",
            "9.0.0",
            &[
                "1:14 version_unsupported: the pipeline is written for OML `9.0.0`, but this osiris supports OML 0.1.0 (write `oml_version: 0.1.0`)",
            ],
        ),
        (
            "name: orders",
            "name: [orders]",
            &["2:7 name_type_invalid: the pipeline: `name` must be text, but is a list ()"],
        ),
        (
            "name: orders",
            "name: ' '",
            &[
                "2:7 name_empty: the pipeline name is empty (write a name like `name: orders-to-csv`)",
            ],
        ),
        (
            "name: orders",
            "name: 王芳",
            &[
                "2:7 name_invalid: the pipeline name `王芳` cannot name a directory: it has no letter from `a` to `z` and no digit (write a name like `name: orders-to-csv`)",
            ],
        ),
        (
            "name: orders",
            "name: orders\nversion: 1\ntasks: []",
            &[
                "3:1 key_unsupported: the pipeline: unsupported key `version` (write the version of the format as `oml_version: 0.1.0`)",
                "4:1 key_unsupported: the pipeline: unsupported key `tasks` (write the list of steps as `steps:`)",
            ],
        ),
        (
            "params:",
            "parms:",
            &["3:1 key_unknown: the pipeline: unknown key `parms` (did you mean `params`?)"],
        ),
        (
            "name: orders",
            "name: orders\nowner: me",
            &[
                "3:1 key_unknown: the pipeline: unknown key `owner` (expected oml_version, name, description, metadata, params, profiles or steps; put other data under `metadata`)",
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
                "10:5 step_key_missing: step 1: missing key `id` (write an id like `id: load-orders`)",
            ],
        ),
        (
            "id: load",
            "id: ../load",
            &[
                "10:9 id_invalid: step 1: invalid id `../load` (use 1 to 64 letters, digits, `_` and `-`, and start with a letter or a digit)",
            ],
        ),
        (
            "id: shape",
            "id: load",
            &[
                "14:9 id_duplicate: duplicate step id `load`: already used in line 10 (give each step a unique id)",
            ],
        ),
        (
            "id: shape",
            "id: load\n    needs: [load]",
            &[
                "14:9 id_duplicate: duplicate step id `load`: already used in line 10 (give each step a unique id)",
            ],
        ),
        (
            "id: shape",
            "id: Load",
            &[
                "14:9 id_duplicate: the step id `Load` differs only in case from `load` in line 10 (give each step a unique id)",
            ],
        ),
        (
            "mode: read",
            "mode: red",
            &[
                "12:11 mode_invalid: step `load`: unknown mode `red`, expected `read`, `transform` or `write` (did you mean `read`?)",
            ],
        ),
        (
            "    component: tables.shaper\n    mode: transform",
            "    component: tables.shaper\n    mode: write",
            &[
                "16:11 mode_incompatible: step `shape`: driver `tables.shaper` does not support the mode `write` (supported modes: transform)",
            ],
        ),
        (
            "mode: read",
            "mode: transform",
            &[
                "12:11 mode_incompatible: step `load`: driver `files.reader` does not support the mode `transform` (supported modes: read)",
            ],
        ),
        (
            "    config:\n      path",
            "    with:\n      path",
            &[
                "20:5 key_unknown: step `save`: unknown key `with` (put the configuration under `config:`)",
            ],
        ),
        (
            "    config:\n      path: out.csv",
            "    config: out.csv",
            &["20:13 config_type_invalid: step `save`: `config` must be a mapping, but is text ()"],
        ),
        (
            "files.reader",
            "files.raeder",
            &[
                "11:16 driver_missing: step `load`: driver `files.raeder` not found (searched drivers) (did you mean `files.reader`?)",
            ],
        ),
        (
            "files.reader",
            "files.broken",
            &[
                "11:16 driver_unusable: step `load`: cannot use driver `files.broken`: not a component ()",
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
                "17:12 needs_type_invalid: step `shape`: `needs` must be a list, but is text (write `needs: [lod]`)",
            ],
        ),
        (
            "mode: transform",
            "mode: transform\n    needs: [lod]",
            &[
                "17:13 dependency_unknown: step `shape` needs `lod`, which does not exist (did you mean `load`?)",
            ],
        ),
        (
            "mode: transform",
            "mode: transform\n    needs: [load, 5]",
            &[
                "17:19 dependency_type_invalid: step `shape`: `needs` must be a list of step ids, but contains a whole number (write `needs: [step-id]`)",
            ],
        ),
        (
            "mode: transform",
            "mode: transform\n    needs: [load, load]",
            &[
                "17:19 dependency_duplicate: step `shape`: `needs` lists `load` twice (remove one of the two)",
            ],
        ),
        (
            "mode: transform",
            "mode: transform\n    needs: [shape]",
            &[
                "17:12 dependency_cyclic: step `shape` needs itself (remove one of these needs; `needs: []` means none)",
            ],
        ),
        (
            "mode: write",
            "mode: write\n    needs: []",
            &[
                "20:12 input_missing: step `save` writes a table, but has no input table (name the step that produces the table: `needs: [step-id]`)",
            ],
        ),
        (
            "mode: write",
            "mode: write\n    needs: [load, shape]",
            &[
                "20:12 input_ambiguous: step `save` writes one table, but needs step `load`, step `shape` (join the tables in a step with `mode: transform`, or write each table in a separate step)",
            ],
        ),
        (
            "mode: read",
            "mode: read\n    needs: [shape]",
            &[
                "13:12 dependency_cyclic: dependency cycle: load -> shape -> load (remove one of these needs; `needs: []` means none)",
                "13:12 input_unexpected: step `load` reads and takes no input table, but needs step `shape` (remove these steps from `needs`, or use `mode: transform`)",
            ],
        ),
        (
            "      path: out.csv\n",
            "      path: out.csv\n  - {id: more, component: files.writer, mode: write, config: {path: b.csv}}\n",
            &[
                "22:5 needs_missing: step `more` has no `needs`, and the preceding step `save` produces no table (name the step that produces the table: `needs: [step-id]`)",
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
                "13:47 config_key_unknown: step `load`: unknown key `limt` (did you mean `limit`?)",
                "13:56 config_value_invalid: step `load`: `newline` must be `lf` or `crlf` (did you mean `lf`?)",
            ],
        ),
        (
            "path: out.csv",
            "file: out.csv",
            &["21:7 config_key_unknown: step `save`: unknown key `file` (did you mean `path`?)"],
        ),
        (
            "path: out.csv",
            "file: out.csv\n      folder: out",
            &[
                "21:7 config_key_missing: step `save`: missing key `path` (add `path: ...`)",
                "21:7 config_key_unknown: step `save`: unknown key `file` (expected newline or path)",
                "22:7 config_key_unknown: step `save`: unknown key `folder` (expected newline or path)",
            ],
        ),
        (
            "limit: \"${params.limit}\"",
            "limit: 1.5",
            &[
                "13:47 config_value_invalid: step `load`: `limit` must be a whole number, but is a number ()",
            ],
        ),
        (
            "limit: 10\n",
            "limit: many\n",
            &[
                "8:21 param_value_invalid: profile `prod`: parameter `limit` must be text, but is a whole number ()",
                "13:47 config_value_invalid: step `load`: `limit` must be a whole number, but is text ()",
            ],
        ),
        (
            "path: out.csv",
            "path: /out.csv",
            &[
                "21:7 path_absolute: step `save`: the path `/out.csv` in `path` is absolute, but drivers can access only the project directory (put the file in the project directory, and write a path relative to that directory)",
            ],
        ),
        (
            "path: out.csv",
            "path: a/../../out.csv",
            &[
                "21:7 path_outside: step `save`: the path `a/../../out.csv` in `path` leads outside the project directory (put the file in the project directory, and write a path relative to that directory)",
            ],
        ),
        (
            "path: out.csv",
            "path: ''",
            &[
                "21:7 path_invalid: step `save`: the path in `path` is empty (write a path relative to the project directory, like `data/orders.csv`)",
            ],
        ),
        (
            "limit: \"${params.limit}\"",
            "paths: [a, ../b]",
            &[
                "13:58 path_outside: step `load`: the path `../b` in `paths.1` leads outside the project directory (put the file in the project directory, and write a path relative to that directory)",
            ],
        ),
    ]);
}

#[test]
fn inline_secrets_are_reported_and_never_shown() {
    let sandbox = Sandbox::new();
    let help = "(remove the value from the file and from the file's history)";
    let at = |position: &str, path: &str| {
        format!(
            "{position} secret_inline: inline secret at `{path}`: a compiled pipeline must not contain secrets {help}"
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
    let expected = [
        at("6:3", "params.token.default"),
        at("15:47", "steps[0].config.password"),
        at("15:79", "steps[0].config.api.login"),
        at("23:7", "steps[2].config.path"),
    ];
    assert_eq!(lines(error.diagnostics()), expected);
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
    let failed = |options: Options| {
        lines(&sandbox.compile(GOOD, &options).expect_err("").into_diagnostics())
    };
    let with_params = |params| Options { params, ..Options::default() };
    assert_eq!(
        failed(with_params(vec![param("limt", "1")])),
        ["- param_unknown: the pipeline has no parameter `limt` (did you mean `limit`?)"]
    );
    assert_eq!(
        failed(with_params(vec![param("limit", "x")])),
        [
            "4:3 param_value_invalid: parameter `limit` must be a whole number, but the value of `--param limit` is not (use a value of that type, or declare another `type` for the parameter)"
        ]
    );
    assert_eq!(
        failed(with_params(vec![param("limit", "1"), param("limit", "2")])),
        [
            "- param_duplicate: parameter `limit` is set twice with `--param` (remove one of the two)"
        ]
    );
    let profile = Options { profile: Some("prd".into()), ..Options::default() };
    assert_eq!(
        failed(profile),
        ["- profile_unknown: the pipeline has no profile `prd` (did you mean `prod`?)"]
    );
}

#[test]
fn missing_driver_alone_exits_with_environment_error() {
    let sandbox = Sandbox::new();
    let exit = |text: &str| sandbox.compile(text, &Options::default()).expect_err("").exit;
    let unknown = GOOD.replace("files.reader", "sea.shells");
    assert_eq!(exit(&unknown), ExitStatus::Environment);
    assert_eq!(exit(&unknown.replace("name: orders", "nam: orders")), ExitStatus::Invalid);
}

#[test]
fn absolute_path_in_the_project_gets_a_relative_suggestion() {
    let sandbox = Sandbox::new();
    let inside = sandbox.project.layout.base.join("data/x.csv");
    let text = GOOD.replacen("out.csv", &inside.display().to_string(), 1);
    let error = sandbox.compile(&text, &Options::default()).expect_err("absolute");
    assert_eq!(error.first().help.as_deref(), Some("write `data/x.csv`"));
}

#[test]
fn suspicious_values_are_warnings() {
    let sandbox = Sandbox::new();
    let text = GOOD.replacen("path: out.csv", "path: \"${Folder}/${DAY:-1}.csv\"", 1);
    let build = sandbox.compile(&text, &Options::default()).unwrap();
    assert_eq!(
        lines(&build.warnings),
        [
            "21:13 placeholder_unknown: step `save`: `${Folder}` is not replaced: a pipeline refers to parameters, not to environment variables (write `${params.folder}`)"
        ]
    );
    let text = GOOD.replacen("${params.folder}/", "${DIR}/", 1);
    let build = sandbox.compile(&text, &Options::default()).unwrap();
    assert!(build.warnings[0].help.as_ref().unwrap().contains("`--param dir=...`"));
}

#[test]
fn missing_connections_and_files_are_found_before_a_run() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.folder.path().join("data")).unwrap();
    fs::write(sandbox.folder.path().join("data/on.csv"), "").unwrap();
    let (connections, environment) = (Connections::default(), Environment::default());
    let surroundings = Surroundings { connections: &connections, environment: &environment };
    let check = |text: &str| {
        let file = sandbox.pipeline(text);
        let options = Options::default();
        preflight(&sandbox.project, &file, &options, &Specs::new(), surroundings)
    };
    assert_eq!(
        lines(&check(GOOD).unwrap().warnings),
        [
            "13:20 input_file_missing: step `load`: the input file `data/in.csv` does not exist (did you mean `data/on.csv`?)"
        ]
    );
    assert_eq!(check(&GOOD.replacen("/in.csv", "/*.csv", 1)).unwrap().warnings, []);
}
