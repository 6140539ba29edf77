//! The documents that `--json` prints match the schemas in `docs/schemas`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use jsonschema::{Registry, Validator};
use osiris_tests::secret::SECRET;
use osiris_tests::{Cloud, TestProject, built, docs, service, wasm};
use serde_json::Value;
use services::registry::Registry as OciRegistry;

/// A schema, an exit code, and the arguments of a command. A name in brackets stands for a value.
type Row = (&'static str, i32, &'static str);

/// Schemas that belong to no command.
const SHARED: [&str; 2] = ["common", "error"];
/// Schemas elsewhere that those in `docs/schemas` refer to.
const ELSEWHERE: [&str; 3] = [
    "host/core/src/driver/spec/spec.schema.json",
    "host/runtime/src/session/schemas/metric.json",
    "host/runtime/src/session/schemas/status.json",
];
/// Commands that are not run here: building a driver takes a minute, and `authoring.rs` does it.
const NOT_RUN: [&str; 1] = ["drivers-build"];

/// In the project of `osiris init`, with a step that keeps a state and one that fails.
const PROJECT: &[Row] = &[
    ("init", 0, "init . --template hello"),
    ("init", 0, "init . --template csv-to-postgres"),
    ("error", 3, "init pipelines/hello.yaml"),
    ("help", 0, "--help"),
    ("error", 2, "runs"),
    ("version", 0, "version"),
    ("version", 0, "--version"),
    ("completions", 0, "completions zsh"),
    ("quickstart", 0, "quickstart"),
    ("doctor", 0, "doctor"),
    ("validate", 0, "validate hello"),
    ("error", 3, "validate broken.yaml"),
    ("compile", 0, "compile hello"),
    ("run", 0, "run hello --dry-run --limit memory=512MiB"),
    ("run", 0, "run hello"),
    ("run", 0, "run keeping.yaml"),
    ("run", 1, "run failing.yaml"),
    ("error", 2, "run nosuch"),
    ("copy", 0, "copy data/planets.csv output/copy.csv"),
    ("copy", 0, "copy data/planets.csv output/copy.csv --dry-run"),
    ("preview", 0, "preview hello --rows 2"),
    ("error", 1, "preview missing.csv"),
    ("pipelines-new", 0, "pipelines new sales --from mysql.extractor --to filesystem.csv_writer"),
    ("pipelines-list", 0, "pipelines list"),
    ("connections-list", 0, "connections list"),
    ("runs-list", 0, "runs list"),
    ("runs-show", 0, "runs show"),
    ("runs-diff", 0, "runs diff last last"),
    ("logs", 0, "logs"),
    ("state-list", 0, "state list"),
    ("state-show", 0, "state show keeping"),
    ("state-reset", 0, "state reset keeping --yes"),
];

/// After `PROJECT`.
const RUNS: &[Row] = &[
    ("runs-diff", 1, "runs diff last [FIRST]"),
    ("runs-list", 0, "runs list"),
    ("runs-prune", 0, "runs prune --keep 1 --dry-run"),
    ("runs-prune", 0, "runs prune --keep 1"),
];

/// With a connection to a service on loopback.
const SERVICE: &[Row] = &[
    ("connections-list", 0, "connections list"),
    ("connections-doctor", 0, "connections doctor @service.main"),
    ("connections-doctor", 3, "connections doctor"),
    ("discover", 0, "discover @service.main --samples 2"),
    ("discover", 0, "discover @service.main"),
    ("discover", 0, "discover @service.main --refresh"),
    ("run", 0, "run pipeline.yaml --dry-run"),
    ("run", 0, "run pipeline.yaml --dry-run --on e2b"),
];

/// With drivers that cannot run, a registry and an index.
const DRIVERS: &[Row] = &[
    ("drivers-list", 0, "drivers list"),
    ("drivers-show", 0, "drivers show filesystem.csv_writer"),
    ("drivers-new", 0, "drivers new acme.crm_extractor --lang rust"),
    ("drivers-keygen", 0, "drivers keygen --out my.key"),
    ("drivers-sign", 0, "drivers sign made.wasm new.wasm --key my.key"),
    ("drivers-inspect", 0, "drivers inspect made.wasm"),
    ("drivers-pack", 0, "drivers pack [PASSTHROUGH] --spec spec.yaml --out packed.wasm"),
    ("drivers-index", 0, "drivers index drivers.json made.wasm --key my.key"),
    ("drivers-publish", 0, "drivers publish made.wasm oci://[REGISTRY]/json/made"),
    (
        "drivers-publish",
        0,
        "drivers publish new.wasm oci://[REGISTRY]/json/made --index drivers.json --key my.key",
    ),
    ("drivers-publish", 0, "drivers publish drivers.json oci://[REGISTRY]/json/index"),
    ("drivers-add", 0, "drivers add made.wasm"),
    ("drivers-add", 0, "drivers add oci://[REGISTRY]/json/made:1.0.0 --replace"),
    ("drivers-sync", 0, "drivers sync"),
    ("drivers-audit", 0, "drivers audit"),
    ("drivers-bundle", 0, "drivers bundle test.made --out bundle.tar"),
    ("drivers-sync", 0, "drivers sync --from bundle.tar"),
    ("drivers-search", 0, "drivers search csv"),
    ("drivers-search", 0, "drivers search made --registry [REGISTRY]"),
    ("drivers-test", 0, "drivers test --list"),
    ("drivers-test", 0, "drivers test [PASSTHROUGH] --only spec"),
    ("drivers-test", 1, "drivers test made.wasm --only component"),
];

/// After `DRIVERS`, with the index in the settings and the driver's file removed.
const INDEXED: &[Row] = &[
    ("drivers-sync", 1, "drivers sync --check"),
    ("drivers-audit", 1, "drivers audit"),
    ("drivers-sync", 0, "drivers sync"),
    ("drivers-search", 0, "drivers search made"),
    ("drivers-info", 0, "drivers info test.made"),
    ("drivers-add", 0, "drivers add test.made@1.0.0 --replace"),
    ("drivers-update", 0, "drivers update --dry-run"),
    ("drivers-remove", 0, "drivers remove test.made"),
];

/// With the emulator of E2B.
const E2B: &[Row] = &[
    ("e2b-template", 0, "e2b template --out image"),
    ("e2b-doctor", 0, "e2b doctor"),
    ("e2b-doctor", 3, "e2b doctor --template nosuch"),
    ("run", 0, "run copy.yaml --e2b --e2b-keep --e2b-template osiris-test"),
    ("runs-show", 0, "runs show"),
    ("e2b-prune", 0, "e2b prune --kept"),
];

const TABLES: [&[Row]; 6] = [PROJECT, RUNS, SERVICE, DRIVERS, INDEXED, E2B];

static SCHEMAS: LazyLock<BTreeMap<String, Validator>> = LazyLock::new(|| {
    let mut registry = Registry::new();
    let uri = |path: &str| format!("file:///{path}");
    let mut paths: Vec<String> = ELSEWHERE.map(str::to_owned).into();
    paths.extend(schema_names().iter().map(|name| format!("docs/schemas/{name}.json")));
    for path in &paths {
        let schema = read_json(&docs::repository().join(path));
        assert!(jsonschema::meta::is_valid(&schema), "{path} is not a valid schema");
        registry = registry.add(uri(path), schema).expect("a new address");
    }
    let registry = registry.prepare().expect("all references lead somewhere");
    let validator = |name: String| {
        let path = format!("docs/schemas/{name}.json");
        let options = jsonschema::options().with_registry(&registry).with_base_uri(uri(&path));
        let schema = read_json(&docs::repository().join(path));
        let validator = options.build(&schema).unwrap_or_else(|e| panic!("{name}: {e}"));
        (name, validator)
    };
    schema_names().into_iter().map(validator).collect()
});

fn read_json(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("the file is there");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the names of the files in `docs/schemas`.
fn schema_names() -> BTreeSet<String> {
    let entries = fs::read_dir(docs::repository().join("docs/schemas")).expect("it is there");
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    names.map(|name| name.trim_end_matches(".json").to_owned()).collect()
}

/// Returns the names of the visible commands, like `drivers-list`.
fn commands(project: &TestProject, group: &[String]) -> BTreeSet<String> {
    let arguments = group.iter().map(String::as_str).chain(["--help", "--json"]);
    let document = project.osiris(arguments).run().expect(0).json();
    let help = document["help"].as_str().expect("a text");
    let Some((_, list)) = help.split_once("\nCommands:\n") else {
        return [group.join("-")].into();
    };
    let lines = list.lines().take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
    let of_name = |name: &str| match name {
        "help" if group.is_empty() => [name.to_owned()].into(),
        "help" => BTreeSet::new(),
        _ => commands(project, &[group, &[name.to_owned()]].concat()),
    };
    names.flat_map(of_name).collect()
}

/// Runs the commands of a table and validates their documents.
#[track_caller]
fn check(project: &TestProject, table: &[Row], values: &[(&str, &str)], cloud: Option<&Cloud>) {
    for (schema, exit, command) in table {
        let replaced = |text: String, (name, value): &(&str, &str)| text.replace(name, value);
        let command = values.iter().fold((*command).to_owned(), replaced);
        let words = command.split(' ').chain(["--json"]);
        let osiris = project.osiris(words).test_drivers().env("SECRET", SECRET);
        let osiris = osiris.env("OSIRIS_ALLOW_LOCAL", "1");
        let finished = match cloud {
            Some(cloud) => cloud.reach(osiris).run(),
            None => osiris.run(),
        };
        let Ok(document) = serde_json::from_str::<Value>(&finished.stdout) else {
            panic!("osiris {command}: not one JSON document\n{finished:?}");
        };
        let validator = SCHEMAS.get(*schema).unwrap_or_else(|| panic!("no schema {schema}"));
        let errors = validator.iter_errors(&document);
        let mut problems: Vec<_> = errors.map(|e| format!("{}: {e}", e.instance_path())).collect();
        let mut other = document.clone();
        other["other"] = true.into();
        if validator.is_valid(&other) {
            problems.push("the schema allows any field".to_owned());
        }
        if finished.code() != Some(*exit) {
            problems.push(format!("exit code {:?} instead of {exit}", finished.code()));
        }
        if (document["status"] == "success") != (finished.code() == Some(0)) {
            problems.push("the status does not match the exit code".to_owned());
        }
        assert!(problems.is_empty(), "osiris {command}: {}\n{document:#}", problems.join("\n"));
    }
}

#[test]
fn every_command_has_a_schema_and_a_row() {
    let commands = commands(&TestProject::new(), &[]);
    let of_commands = schema_names().into_iter().filter(|name| !SHARED.contains(&name.as_str()));
    assert_eq!(commands, of_commands.collect(), "the commands and the files in docs/schemas");
    let rows = TABLES.into_iter().flatten().map(|(schema, ..)| *schema);
    let run: BTreeSet<&str> = rows.chain(NOT_RUN).filter(|name| !SHARED.contains(name)).collect();
    assert_eq!(commands.iter().map(String::as_str).collect::<BTreeSet<_>>(), run);
}

/// Writes a pipeline that copies what a step reads.
fn write_pipeline(project: &TestProject, name: &str, component: &str, config: &str) {
    let text = format!(
        "oml_version: 0.1.0\nname: {name}\nsteps:\n  - {{id: read, component: {component}, mode: read, config: {{{config}}}}}\n  - {{id: write, component: filesystem.csv_writer, mode: write, config: {{path: {name}.csv}}}}\n"
    );
    project.write(format!("{name}.yaml"), text);
}

#[test]
fn documents_of_a_project_match() {
    let project = TestProject::new();
    write_pipeline(&project, "keeping", "faulty.driver", "incremental: true");
    write_pipeline(&project, "failing", "filesystem.csv_extractor", "path: missing.csv");
    write_pipeline(&project, "broken", "no.driver", "");
    check(&project, PROJECT, &[], None);
    project.write("logs/run_20260131T080509123Z-9f3a61c0/status.json", "{");
    let runs = project.osiris(["runs", "list", "--json"]).run().expect(0).json();
    let runs = runs["runs"].as_array().expect("a list").iter();
    let first = runs.rev().find(|run| run["status"] == "success").expect("a run");
    let id = first["session_id"].as_str().expect("an id");
    check(&project, RUNS, &[("[FIRST]", id)], None);
}

#[test]
fn documents_about_connections_match() {
    let project = service::new_project("127.0.0.1", service::service(), "");
    let connections = project.read("osiris_connections.yaml");
    let closed = "    closed:\n      host: 127.0.0.1\n      port: 1\n      password: ${SECRET}\n";
    project.write("osiris_connections.yaml", connections + closed);
    check(&project, SERVICE, &[], None);
}

#[test]
fn documents_about_drivers_match() {
    let registry = OciRegistry::start(None).expect("the registry starts");
    let (project, host) = (TestProject::new(), registry.host());
    let spec = |name: &str, version: &str| {
        format!(
            "name: {name}\nversion: {version}\nmodes: [extract]\nconfigSchema: {{type: object, properties: {{path: {{type: string}}}}}}\nfiles: {{read: [/path]}}\n"
        )
    };
    project.write("osiris.yaml", "version: 1\n");
    project.write("made.wasm", wasm::driver(&spec("test.made", "1.0.0")));
    project.write("new.wasm", wasm::driver(&spec("test.made", "1.1.0")));
    project.write("spec.yaml", spec("test.packed", "1.0.0"));
    let passthrough = built::test_driver("test.passthrough").display().to_string();
    let values = [("[REGISTRY]", host.as_str()), ("[PASSTHROUGH]", &passthrough)];
    check(&project, DRIVERS, &values, None);
    let key = project.osiris(["drivers", "sign", "made.wasm", "--key", "my.key", "--json"]);
    let key = key.run().expect(0).json()["public_key"].as_str().expect("a key").to_owned();
    project.write(
        "osiris.yaml",
        format!(
            "version: 1\ndrivers: {{indexes: {{acme: {{source: drivers.json, key: '{key}'}}}}}}\n"
        ),
    );
    fs::remove_file(project.path("drivers/test.made.wasm")).expect("it is installed");
    check(&project, INDEXED, &values, None);
}

#[test]
fn documents_about_e2b_match() {
    let (cloud, project) = (Cloud::equipped(), TestProject::new());
    project.write("in.csv", "n\n1\n");
    write_pipeline(&project, "copy", "filesystem.csv_extractor", "path: in.csv");
    check(&project, E2B, &[], Some(&cloud));
}
