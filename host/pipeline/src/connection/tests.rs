//! Connections from their files to a step's configuration.

use std::fs;
use std::path::Path;

use osiris_core::diagnostic::ExitStatus;
use osiris_core::driver::spec::Spec;
use osiris_core::fs::layout::CONNECTIONS_FILE;
use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use super::*;

const FILE_TEXT: &str = "\
version: 1
connections:
  db:
    main:
      host: ${CONN_HOST:-localhost}
      port: ${CONN_PORT:-5432}
      password: ${CONN_PASSWORD}
      options: {tags: ['a ${CONN_HOST:-b} c', 7, true]}
    other: {host: other, password: other-password, default: true}
  plain:
    default: {host: d}
    last: {host: l}
";

fn project(env: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(CONNECTIONS_FILE), FILE_TEXT).unwrap();
    fs::write(folder.path().join(".env"), env).unwrap();
    folder
}

fn read(base: &Path) -> (Connections, Environment) {
    (Connections::read(base).unwrap(), Environment::read(base).unwrap())
}

fn spec(required: &str) -> Spec {
    let text = format!(
        "
name: db.reader
version: 1.0.0
modes: [extract]
secrets: [/resolved_connection/password]
connectionFields:
  - {{name: host}}
  - {{name: password}}
  - {{name: database, override: allowed}}
configSchema:
  type: object
  required: {required}
  additionalProperties: false
  properties:
    query: {{type: string, default: all}}
    resolved_connection:
      type: object
      required: [host]
      properties:
        host: {{type: string}}
        port: {{type: integer, default: 1}}
        password: {{type: string}}
        database: {{type: string, default: main}}
"
    );
    Spec::parse(text.as_bytes(), Path::new("spec.yaml")).unwrap()
}

#[test]
fn variables_are_replaced_at_any_depth() {
    let folder = project("CONN_PASSWORD='p # w'\nCONN_PORT=99\n");
    let (connections, environment) = read(folder.path());
    let fields = connections.resolve("db", Some("main"), &environment).unwrap().fields;
    assert_eq!(
        fields,
        json!({
            "host": "localhost", "port": "99", "password": "p # w",
            "options": {"tags": ["a b c", 7, true]},
        })
    );
}

#[test]
fn empty_variable_counts_as_unset() {
    let folder = project("CONN_PASSWORD=\n");
    let (connections, environment) = read(folder.path());
    let error = connections.resolve("db", Some("main"), &environment).err().unwrap();
    assert_eq!(error.exit, ExitStatus::Environment);
    assert_eq!(
        error.first().message,
        "environment variable `CONN_PASSWORD` is not set, but `password` of connection `@db.main` requires it"
    );
}

#[test]
fn env_file_error_hides_the_line() {
    let folder = project("CONN_PASSWORD=ok\nthis is: a secret's line\n");
    let error = Environment::read(folder.path()).err().unwrap();
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn default_connection_is_the_marked_one_or_named_default() {
    let folder = project("");
    let (connections, _) = read(folder.path());
    assert_eq!(connections.choose("db", None).unwrap().0.alias, "other");
    assert_eq!(connections.choose("plain", None).unwrap().0.alias, "default");
    assert_eq!(connections.choose("plain", Some("last")).unwrap().0.to_string(), "@plain.last");
}

#[test]
fn step_config_has_typed_fields_defaults_and_overrides() {
    let folder = project("CONN_PASSWORD=secret\nCONN_PORT=99\n");
    let text = FILE_TEXT.replace("      options:", "      # ");
    fs::write(folder.path().join(CONNECTIONS_FILE), text).unwrap();
    let (connections, environment) = read(folder.path());
    let config = json!({"connection": "@db.main", "database": "shop", "query": "q"});
    let spec = spec("[resolved_connection]");
    let config =
        resolve_step_config("step `a`", &config, &spec, &connections, &environment).unwrap();
    assert_eq!(
        config,
        json!({"connection": "@db.main", "query": "q", "resolved_connection": {
            "host": "localhost", "port": 99, "password": "secret", "database": "shop",
        }})
    );
    let secrets = Secrets::find(&config, &spec, &connections, &environment);
    assert_eq!(Vec::from_iter(secrets.values), ["secret"]);
    assert_eq!(Vec::from_iter(secrets.places), ["/resolved_connection/password"]);
    assert_eq!(driver_view(&config, &spec).get("connection"), None);
}

#[test]
fn spec_defaults_come_last_and_provenance_is_recorded() {
    use osiris_core::driver::provenance::Provenance::{Environment as Variable, Project, User};
    let folder = project("CONN_PASSWORD=secret\nCONN_PORT=99\n");
    let (connections, environment) = read(folder.path());
    let config = json!({"connection": "@db.main", "database": "shop"});
    let spec = spec("[resolved_connection]");
    let origins = origins(&config, &spec, &connections, &environment);
    for (pointer, by) in [
        ("/resolved_connection/host", Project),
        ("/resolved_connection/port", Variable),
        ("/resolved_connection/password", Variable),
        ("/resolved_connection/options/tags/1", Project),
        ("/resolved_connection/database", User),
        ("/query", User),
    ] {
        assert_eq!(origins.of(pointer), by, "{pointer}");
    }
    let text = FILE_TEXT.replace("      options:", "      # ").replace("      port:", "      # ");
    fs::write(folder.path().join(CONNECTIONS_FILE), text).unwrap();
    let (connections, environment) = read(folder.path());
    let config =
        resolve_step_config("step `a`", &config, &spec, &connections, &environment).unwrap();
    assert_eq!(config.pointer("/resolved_connection/port"), None);
    assert_eq!(config.get("query"), None);
    let view = driver_view(&config, &spec);
    let defaults = (&view["query"], &view["resolved_connection"]["port"]);
    assert_eq!(defaults, (&json!("all"), &json!(1)));
    assert_eq!(view.get("connection"), None);
    assert_eq!(with_defaults(&config, &spec)["connection"], "@db.main");
}

#[test]
fn host_only_in_the_spec_is_rejected_with_the_line_to_write() {
    let folder = project("CONN_PASSWORD=secret\n");
    let text = FILE_TEXT.replace("      host:", "      # ").replace("      options:", "      # ");
    fs::write(folder.path().join(CONNECTIONS_FILE), text).unwrap();
    let (connections, environment) = read(folder.path());
    let mut spec = spec("[]");
    let connection = &mut spec.config_schema["properties"]["resolved_connection"];
    connection["required"] = json!([]);
    connection["properties"]["host"] = json!({"type": "string", "default": "10.0.0.1"});
    spec.network = vec![osiris_core::driver::spec::EndpointSpec {
        host: "/resolved_connection/host".to_owned(),
        port: json!(1),
    }];
    let config = json!({"connection": "@db.main"});
    let reference = "@db.main".parse().unwrap();
    let errors = [
        resolve_step_config("step `a`", &config, &spec, &connections, &environment).unwrap_err(),
        connection_config(&reference, &spec, &connections, &environment).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.exit, ExitStatus::Invalid);
        let problem = &error.first();
        assert_eq!(
            problem.message,
            "connection `@db.main`: `host` is not set, and the default of the driver's author, `10.0.0.1`, grants no access to a host"
        );
        assert_eq!(problem.help.as_deref(), Some("to use the default, write `host: \"10.0.0.1\"`"));
    }
}

#[test]
fn optional_connection_may_be_missing() {
    let none = Connections::default();
    let environment = Environment::default();
    let config = json!({"query": "q"});
    let done = resolve_step_config("step `a`", &config, &spec("[]"), &none, &environment).unwrap();
    assert_eq!(done, config);
    let error = resolve_step_config(
        "step `a`",
        &config,
        &spec("[resolved_connection]"),
        &none,
        &environment,
    );
    let message = error.unwrap_err().first().message.clone();
    assert!(message.starts_with("no connections configured"), "{message}");
}

/// A driver that declares no secret and accepts any connection.
fn careless() -> Spec {
    let text = "
name: db.reader
version: 1.0.0
modes: [extract]
connectionFields: [{name: host}]
configSchema:
  type: object
  properties:
    resolved_connection:
      type: object
      properties: {mode: {enum: [fast, slow]}, retries: {type: integer}, tls: {type: boolean}, timeout: {type: integer}}
";
    Spec::parse(text.as_bytes(), Path::new("spec.yaml")).unwrap()
}

#[test]
fn variable_values_are_secret_unless_public() {
    let folder = project("A=alpha-1\nB=bravo-2\nMODE=slow\nN=5\nTLS=true\nKEY_B=charlie-3\n");
    let text = "\
version: 1
connections:
  db:
    main:
      host: ${A}.example
      user: ${A}
      note: ${A}
      headers: {x: ['Bearer ${B}']}
      mode: ${MODE}
      retries: ${N}
      code: ${N}7777
      timeout: ${N}
      tls: ${TLS}
      path: /x/${KEY_B}/y
      login: ${UNSET:-public-by-default}
      url: https://h/?sig=d%2Fe&v=1
      sas: literal
      pin: 12
";
    fs::write(folder.path().join(CONNECTIONS_FILE), text).unwrap();
    let (connections, environment) = read(folder.path());
    let spec = careless();
    let config = json!({"connection": "@db.main"});
    let config = resolve_step_config("", &config, &spec, &connections, &environment).unwrap();
    let secrets = Secrets::find(&config, &spec, &connections, &environment);
    let found: Vec<&str> = secrets.values.iter().map(String::as_str).collect();
    let expected = [
        "/x/charlie-3/y",
        "12",
        "57777",
        "Bearer bravo-2",
        "alpha-1",
        "bravo-2",
        "charlie-3",
        "d%2Fe",
        "literal",
    ];
    assert_eq!(found, expected);
    assert_eq!(Vec::from_iter(&secrets.short), ["pin"]);
    assert_eq!(
        secrets.mask(&config)["resolved_connection"],
        json!({
            "host": "alpha-1.example", "user": "alpha-1", "note": "***MASKED***",
            "headers": {"x": ["***MASKED***"]}, "mode": "slow", "retries": 5, "tls": true, "code": "***MASKED***", "timeout": 5,
            "path": "***MASKED***", "login": "public-by-default",
            "url": "https://h/?sig=***MASKED***&v=1", "sas": "***MASKED***", "pin": "***MASKED***",
        })
    );
    let serialized = serde_json::to_string(&secrets).unwrap();
    assert!(serde_json::from_str::<Secrets>(&serialized).unwrap() == secrets);
    assert!(!format!("{secrets:?}").contains("alpha-1"));
}

#[test]
fn reading_the_environment_disables_core_files() {
    let folder = project("");
    let _ = read(folder.path());
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, dumpable_behavior};
        assert!(matches!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable));
    }
}

#[test]
fn shown_connection_masks_secrets() {
    let fields = json!({
        "host": "h", "password": "${NAME}", "token": "abc", "url": "pg://u:pw@h/d", "pin": 1234,
        "nested": {"secret": ["x"]},
    });
    assert_eq!(
        shown_fields(&fields, &["/pin".to_owned()]),
        json!({
            "host": "h", "password": "${NAME}", "token": "***MASKED***",
            "url": "pg://u:***MASKED***@h/d", "pin": "***MASKED***",
            "nested": {"secret": "***MASKED***"},
        })
    );
}

proptest! {
    #[test]
    fn any_text_with_variables_is_filled_or_names_one(text in "[${}:A-c_-]{0,24}") {
        let environment = Environment::default();
        let names: Vec<&str> = variables(&text).collect();
        match placeholder::fill(&text, &environment) {
            Ok(filled) if names.is_empty() => prop_assert_eq!(filled, text.as_str()),
            Ok(_) => {}
            Err(name) => prop_assert!(names.contains(&name)),
        }
    }
}

#[test]
fn connection_reference_needs_family_and_alias() {
    assert_eq!("@a.b-1".parse::<Reference>().unwrap().to_string(), "@a.b-1");
    for wrong in ["", "@", "a.b", "@a", "@a.", "@.b", "@a.b.c", "@a/b.c", "@a.b c", "@A.\u{e9}"] {
        assert!(wrong.parse::<Reference>().is_err(), "{wrong}");
    }
}
