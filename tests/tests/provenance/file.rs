//! Files: a driver can open files that the user, the project or a variable names, but none that its
//! author names.

use osiris_tests::{Cloud, Finished, TestProject};
use serde_json::{Value, json};

use crate::spec;

/// The file that the driver tries to open, whoever names it.
const TARGET: &str = "private/keys.csv";

/// The source of the file name.
struct Setter {
    name: &'static str,
    /// Pointer that the spec declares as a file.
    pointer: &'static str,
    /// Additions of the author to the schema: `properties`, `$defs`, `allOf`.
    schema: Value,
    /// Fields that a connection supplies.
    fields: &'static [&'static str],
    /// Configuration of the step.
    config: Value,
    /// Additions to the pipeline.
    pipeline: Value,
    /// The connection, if any.
    connection: Option<Value>,
    arguments: &'static [&'static str],
    variables: &'static [(&'static str, &'static str)],
    dotenv: &'static str,
    outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// The file is opened; holds who set its name, according to `--dry-run`.
    Opens(&'static str),
    /// The command reports that only the author names the file.
    Refused,
    /// The driver runs, but cannot open the file.
    Denied,
}

impl Default for Setter {
    fn default() -> Self {
        Self {
            name: "",
            pointer: "/file",
            schema: json!({"properties": {"file": {"type": "string"}}}),
            fields: &[],
            config: json!({}),
            pipeline: json!({}),
            connection: None,
            arguments: &[],
            variables: &[],
            dotenv: "",
            outcome: Outcome::Denied,
        }
    }
}

/// Returns the cases in which the user names the file.
fn users() -> Vec<Setter> {
    let by_parameter = || json!({"file": "${params.file}"});
    let outcome = Outcome::Opens("user");
    vec![
        Setter { name: "pipeline", config: json!({"file": TARGET}), outcome, ..Setter::default() },
        Setter {
            name: "pipeline, where the author has a default, too",
            schema: json!({"properties": {"file": {"type": "string", "default": "other.csv"}}}),
            config: json!({"file": TARGET}),
            outcome,
            ..Setter::default()
        },
        Setter {
            name: "pipeline, a text that only fits the author's constant",
            schema: json!({"properties": {"file": {"const": TARGET}}}),
            config: json!({"file": TARGET}),
            outcome,
            ..Setter::default()
        },
        Setter {
            name: "pipeline, deep",
            pointer: "/deep/files/0",
            schema: json!({"properties": {"deep": {"type": "object"}}}),
            config: json!({"deep": {"files": [TARGET]}}),
            outcome,
            ..Setter::default()
        },
        Setter {
            name: "parameter's default",
            config: by_parameter(),
            pipeline: json!({"params": {"file": TARGET}}),
            outcome,
            ..Setter::default()
        },
        Setter {
            name: "--param",
            config: by_parameter(),
            arguments: &["--param", "file=private/keys.csv"],
            outcome,
            ..Setter::default()
        },
        Setter {
            name: "profile",
            config: by_parameter(),
            pipeline: json!({"params": {"file": "x"}, "profiles": {"p": {"params": {"file": TARGET}}}}),
            arguments: &["--profile", "p"],
            outcome,
            ..Setter::default()
        },
        Setter {
            name: "OSIRIS_PARAM_FILE",
            config: by_parameter(),
            pipeline: json!({"params": {"file": "x"}}),
            variables: &[("OSIRIS_PARAM_FILE", TARGET)],
            outcome,
            ..Setter::default()
        },
        Setter {
            name: "step, in place of the connection's own",
            config: json!({"file": TARGET}),
            connection: Some(json!({"file": "other.csv"})),
            outcome,
            ..connected()
        },
    ]
}

/// Returns a case with a file that a connection names.
fn connected() -> Setter {
    Setter {
        pointer: "/resolved_connection/file",
        schema: json!({"properties": {"resolved_connection": {
            "type": "object", "properties": {"file": {"type": "string"}, "user": {"type": "string"}},
        }}}),
        fields: &["file", "user"],
        ..Setter::default()
    }
}

/// Returns the cases in which the project or a variable names the file.
fn projects() -> Vec<Setter> {
    let of = |name, file: &str, variables, dotenv, by| Setter {
        name,
        connection: Some(json!({"file": file})),
        variables,
        dotenv,
        outcome: Outcome::Opens(by),
        ..connected()
    };
    vec![
        of("connection", TARGET, &[], "", "project"),
        of("connection, a variable's default", "${FILE:-private/keys.csv}", &[], "", "project"),
        of("variable", "${FILE}", &[("FILE", TARGET)], "", "environment"),
        of("part of a variable", "${FOLDER}/keys.csv", &[("FOLDER", "private")], "", "environment"),
        of(".env", "${FILE:-other.csv}", &[], "FILE=private/keys.csv\n", "environment"),
        Setter {
            name: "connection, a field that the author chose badly",
            pointer: "/resolved_connection/user",
            connection: Some(json!({"user": TARGET})),
            outcome: Outcome::Opens("project"),
            ..connected()
        },
    ]
}

/// Returns the cases in which the driver's author names the file.
fn authors() -> Vec<Setter> {
    let named = json!({"type": "string", "default": TARGET});
    let refused = |name, pointer, schema: Value| Setter {
        name,
        pointer,
        schema,
        outcome: Outcome::Refused,
        ..Setter::default()
    };
    let denied = |name, schema: Value| Setter { name, schema, ..Setter::default() };
    vec![
        refused("default", "/file", json!({"properties": {"file": named}})),
        refused(
            "default by reference",
            "/file",
            json!({"$defs": {"f": named}, "properties": {"file": {"$ref": "#/$defs/f", "default": TARGET}}}),
        ),
        refused(
            "default of a part",
            "/file",
            json!({"properties": {"file": {}}, "allOf": [{"allOf": [{"properties": {"file": named}}]}]}),
        ),
        refused(
            "default of the root by reference",
            "/file",
            json!({"properties": {"file": {}}, "$defs": {"f": {"properties": {"file": named}}}, "$ref": "#/$defs/f"}),
        ),
        refused(
            "default of what is around it",
            "/deep/file",
            json!({"properties": {"deep": {"type": "object", "default": {"file": TARGET}}}}),
        ),
        refused(
            "default below a default",
            "/deep/deeper/file",
            json!({"properties": {"deep": {"default": {}, "properties": {"deeper": {
                "default": {}, "properties": {"file": named}}}}}}),
        ),
        Setter {
            config: json!({"deep": {}}),
            ..refused(
                "default below what the user set",
                "/deep/file",
                json!({"properties": {"deep": {"type": "object", "properties": {"file": named}}}}),
            )
        },
        refused(
            "default of a list",
            "/files/0",
            json!({"properties": {"files": {"type": "array", "default": [TARGET]}}}),
        ),
        Setter {
            name: "default of a connection's field",
            schema: json!({"properties": {"resolved_connection": {
                "type": "object", "properties": {"file": named, "user": {"type": "string"}}}}}),
            connection: Some(json!({"user": "me"})),
            outcome: Outcome::Refused,
            ..connected()
        },
        Setter {
            name: "default of a whole connection, where there is none",
            schema: json!({"properties": {"resolved_connection": {
                "type": "object", "default": {"file": TARGET}}}}),
            ..connected()
        },
        Setter {
            name: "default of a connection that is none",
            fields: &[],
            schema: json!({"properties": {"resolved_connection": {
                "type": "object", "default": {"file": TARGET}}}}),
            outcome: Outcome::Refused,
            ..connected()
        },
        denied("constant", json!({"properties": {"file": {"const": TARGET}}})),
        denied("only choice", json!({"properties": {"file": {"enum": [TARGET]}}})),
        denied(
            "example",
            json!({"properties": {"file": {"type": "string", "examples": [TARGET]}}}),
        ),
        denied(
            "default of a choice",
            json!({"properties": {"file": {}}, "anyOf": [{"properties": {"file": named}}]}),
        ),
    ]
}

/// Direction of the access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

impl Setter {
    /// Creates a project with a driver that opens the target, whoever names it.
    fn new_project(&self, access: Access) -> TestProject {
        let project = TestProject::new();
        let (ours, folder, role) = match access {
            Access::Read => {
                ("filesystem.csv_extractor", "plugins/filesystem_csv_extractor", "reader")
            }
            Access::Write => ("filesystem.csv_writer", "plugins/filesystem_csv_writer", "writer"),
        };
        let mut spec = spec::of(folder);
        spec["name"] = format!("evil.{role}").into();
        spec["modes"] = if access == Access::Read { json!(["extract"]) } else { json!(["write"]) };
        spec["capabilities"] = json!({});
        spec["files"] = match access {
            Access::Read => json!({"read": [self.pointer]}),
            Access::Write => json!({"write": [self.pointer]}),
        };
        let fields = self.fields.iter().map(|name| json!({"name": name, "override": "allowed"}));
        spec["connectionFields"] = fields.collect();
        spec["examples"] = json!([]);
        let schema = &mut spec["configSchema"];
        schema["required"] = json!([]);
        schema["additionalProperties"] = json!(true);
        // The path that the driver opens has no effect on permissions: the spec does not declare
        // that field as a file.
        schema["properties"]["path"]["default"] = TARGET.into();
        for (key, value) in self.schema.as_object().expect("an object") {
            match (key.as_str(), value.as_object()) {
                ("properties", Some(properties)) => {
                    let all = schema["properties"].as_object_mut().expect("an object");
                    all.extend(properties.clone());
                }
                _ => schema[key] = value.clone(),
            }
        }
        spec::install(&project, &spec::built_in(ours), &spec);
        let mut config = self.config.clone();
        let mut connections = json!({});
        if let Some(connection) = &self.connection {
            connections = json!({"evil": {"main": connection}});
            config["connection"] = "@evil.main".into();
        }
        if !self.fields.is_empty() {
            let file = json!({"version": 1, "connections": connections});
            project.write("osiris_connections.yaml", file.to_string());
        }
        let steps = match access {
            Access::Read => {
                project.write(TARGET, "key\nhunter2\n");
                json!([
                    {"id": "evil", "component": "evil.reader", "mode": "read", "config": config},
                    {"id": "end", "component": "filesystem.csv_writer", "mode": "write",
                     "config": {"path": "out.csv"}},
                ])
            }
            Access::Write => {
                project.write("in.csv", "key\nhunter2\n");
                project.write("private/other.txt", "");
                json!([
                    {"id": "begin", "component": "filesystem.csv_extractor", "mode": "read",
                     "config": {"path": "in.csv"}},
                    {"id": "evil", "component": "evil.writer", "mode": "write", "config": config},
                ])
            }
        };
        let mut pipeline = json!({"oml_version": "0.1.0", "name": "p", "steps": steps});
        for (key, value) in self.pipeline.as_object().expect("an object") {
            pipeline[key] = value.clone();
        }
        project.write("pipeline.yaml", pipeline.to_string());
        if !self.dotenv.is_empty() {
            project.write(".env", self.dotenv);
        }
        project
    }

    fn run(&self, project: &TestProject, cloud: Option<&Cloud>, more: &[&str]) -> Finished {
        let arguments = [&["run", "pipeline.yaml"], self.arguments, more].concat();
        let mut osiris = match cloud {
            None => project.osiris(arguments),
            Some(cloud) => {
                let more = [self.arguments, more, &["--e2b-install-deps"]].concat();
                cloud.run(project, "pipeline.yaml", &more)
            }
        };
        for (name, value) in self.variables {
            osiris = osiris.env(name, value);
        }
        osiris.run()
    }

    /// Checks that the run had the expected outcome.
    fn check(&self, access: Access, project: &TestProject, finished: &Finished) {
        let name = format!("{}, {access:?}", self.name);
        let told = format!("{name}: {}{}", finished.stdout, finished.stderr);
        let result = if access == Access::Read { "out.csv" } else { TARGET };
        let opened = project.exists(result) && project.read(result).contains("hunter2");
        match self.outcome {
            Outcome::Opens(_) => assert!(finished.code() == Some(0) && opened, "{told}"),
            Outcome::Refused => {
                assert!(finished.code() == Some(2) && !opened, "{told}");
                assert!(told.contains("driver's author"), "{told}");
                let field = self.pointer.rsplit('/').next().expect("a key");
                assert!(
                    told.contains(field) && told.contains("to use the default, write"),
                    "{told}"
                );
                assert!(!project.exists("logs"), "{told}");
            }
            Outcome::Denied => assert!(finished.code() == Some(1) && !opened, "{told}"),
        }
    }

    /// Checks that `--dry-run` agrees with the run.
    fn check_shown(&self, project: &TestProject) {
        let finished = self.run(project, None, &["--dry-run", "--json"]);
        let answer = finished.json();
        if self.outcome == Outcome::Refused {
            assert_eq!(finished.code(), Some(2), "{}: {answer:#}", self.name);
            return;
        }
        let steps = answer["steps"].as_array().expect("steps");
        let evil = steps.iter().find(|step| step["id"] == "evil").expect("the step");
        let rights = evil["rights"].as_array().expect("rights");
        let shown: Vec<(&Value, &Value)> = rights
            .iter()
            .filter(|right| right["right"] == "files" && right["value"].is_string())
            .map(|right| (&right["value"], &right["set_by"]))
            .collect();
        match self.outcome {
            Outcome::Opens(by) => {
                assert_eq!(shown, [(&json!(TARGET), &json!([by]))], "{}", self.name)
            }
            _ => assert_eq!(shown, [], "{}", self.name),
        }
    }
}

#[test]
fn file_is_opened_only_if_user_project_or_variable_names_it() {
    // The two differ only in who opens the file, so one of each kind is enough for the second.
    for (access, every) in [(Access::Read, 1), (Access::Write, 4)] {
        let users = users().into_iter().step_by(every);
        let projects = projects().into_iter().step_by(every);
        for setter in users.chain(projects).chain(authors()) {
            let project = setter.new_project(access);
            setter.check_shown(&project);
            let finished = setter.run(&project, None, &[]);
            setter.check(access, &project, &finished);
        }
    }
}

#[test]
fn same_files_are_opened_in_a_sandbox() {
    let cloud = Cloud::equipped();
    for setter in users().into_iter().take(2).chain(projects()).chain(authors()) {
        let access = Access::Read;
        let project = setter.new_project(access);
        let before = cloud.local().log().len();
        let finished = setter.run(&project, Some(&cloud), &[]);
        setter.check(access, &project, &finished);
        let after = cloud.local().log().len();
        assert_eq!(after == before, setter.outcome == Outcome::Refused, "{}", setter.name);
    }
    cloud.assert_empty();
}

#[test]
fn file_named_by_the_author_is_not_sent() {
    let cloud = Cloud::equipped();
    for setter in authors().into_iter().filter(|setter| setter.outcome == Outcome::Denied) {
        let project = setter.new_project(Access::Read);
        let finished = setter.run(&project, Some(&cloud), &["--dry-run", "--json"]).expect(0);
        let answer = finished.json();
        assert!(!answer["e2b"]["uploads"].to_string().contains("keys.csv"), "{answer:#}");
    }
}
