//! Hosts and ports: a driver connects to addresses that the user, the project or a variable names.
//! Its author can name hosts of the internet, and the port of a host that somebody else named.

use std::net::TcpListener;
use std::time::Duration;

use osiris_tests::secret::SECRET;
use osiris_tests::service::service;
use osiris_tests::{Cloud, Finished, TestProject, built};
use serde_json::{Value, json};

use crate::spec;

/// Returns the spec of the service's client under another author.
fn client() -> Value {
    let mut spec = spec::of("tests/drivers/service");
    spec["name"] = "service.evil".into();
    let fields = spec["connectionFields"].as_array_mut().expect("a list");
    for field in fields {
        field["override"] = "allowed".into();
    }
    spec
}

/// Creates a project whose driver has this spec, with this connection and step.
fn new_project(spec: &Value, connection: &Value, config: &Value) -> TestProject {
    let project = TestProject::new();
    spec::install(&project, &built::test_driver("service.client"), spec);
    let connections = json!({"version": 1, "connections": {"service": {"main": connection}}});
    project.write("osiris_connections.yaml", connections.to_string());
    let mut config = config.clone();
    config["connection"] = "@service.main".into();
    let pipeline = json!({"oml_version": "0.1.0", "name": "p", "steps": [
        {"id": "ask", "component": "service.evil", "mode": "read", "config": config},
        {"id": "write", "component": "filesystem.csv_writer", "mode": "write",
         "config": {"path": "lines.txt"}},
    ]});
    project.write("pipeline.yaml", pipeline.to_string());
    project
}

fn osiris(project: &TestProject, arguments: &[&str]) -> Finished {
    project.osiris(arguments).env("SECRET", SECRET).env("SERVICE_HOST", "127.0.0.1").run()
}

/// Returns the address in the output of `--dry-run`, and who set its host and port.
fn shown(project: &TestProject) -> (Value, Value) {
    let answer = osiris(project, &["run", "pipeline.yaml", "--dry-run", "--json"]).expect(0).json();
    let rights = answer["steps"][0]["rights"].as_array().expect("rights");
    let right = rights.iter().find(|right| right["right"] == "network").expect("the network");
    assert_eq!(answer["steps"][0]["destinations"], json!([right["value"]]), "{answer:#}");
    (right["value"].clone(), right["set_by"].clone())
}

#[test]
fn address_of_user_project_or_variable_is_dialled() {
    let port = service();
    let mut with_default = client();
    with_default["configSchema"]["properties"]["resolved_connection"]["properties"]["port"]["default"] =
        port.into();
    let table = [
        (
            "connection",
            client(),
            json!({"host": "127.0.0.1", "port": port}),
            json!({}),
            ["project", "project"],
        ),
        (
            "variable",
            client(),
            json!({"host": "${SERVICE_HOST}", "port": port}),
            json!({}),
            ["environment", "project"],
        ),
        (
            "step",
            client(),
            json!({"host": "192.0.2.1", "port": port}),
            json!({"host": "127.0.0.1"}),
            ["user", "project"],
        ),
        (
            "default port",
            with_default,
            json!({"host": "127.0.0.1"}),
            json!({}),
            ["project", "author"],
        ),
        (
            "literal port",
            {
                let mut spec = client();
                spec["network"] = json!([{"host": "/resolved_connection/host", "port": port}]);
                spec
            },
            json!({"host": "127.0.0.1", "port": port}),
            json!({}),
            ["project", "author"],
        ),
        (
            "a field that the author chose badly",
            {
                let mut spec = client();
                spec["network"] = json!([{"host": "/resolved_connection/database", "port": "/resolved_connection/port"}]);
                spec
            },
            json!({"host": "127.0.0.1", "database": "127.0.0.1", "port": port}),
            json!({}),
            ["project", "project"],
        ),
    ];
    let cloud = Cloud::equipped();
    for (name, spec, mut connection, config, by) in table {
        connection["password"] = "${SECRET}".into();
        let project = new_project(&spec, &connection, &config);
        assert_eq!(shown(&project), (json!(format!("127.0.0.1:{port}")), json!(by)), "{name}");
        osiris(&project, &["run", "pipeline.yaml"]).expect(0);
        assert!(project.read("lines.txt").contains("heard hello"), "{name}");
        // The emulator's sandboxes are processes of this machine.
        let run = cloud.run(&project, "pipeline.yaml", &["--e2b-install-deps"]);
        project.write("lines.txt", "");
        run.env("SECRET", SECRET).env("SERVICE_HOST", "127.0.0.1").run().expect(0);
        assert!(project.read("lines.txt").contains("heard hello"), "{name}, in a sandbox");
    }
    cloud.assert_empty();
}

/// A port that must not receive connections.
struct Quiet(TcpListener);

impl Quiet {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        listener.set_nonblocking(true).expect("a listener need not wait");
        Self(listener)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().expect("it is bound").port()
    }

    fn assert_nobody(&self, name: &str) {
        std::thread::sleep(Duration::from_millis(20));
        assert!(self.0.accept().is_err(), "{name}: somebody came");
    }
}

#[test]
fn host_named_only_by_the_author_is_not_dialled() {
    let quiet = Quiet::new();
    let port = quiet.port();
    let of_connection = |schema: Value| {
        let mut spec = client();
        let connection = &mut spec["configSchema"]["properties"]["resolved_connection"];
        connection["required"] = json!(["password"]);
        connection["properties"]["host"] = schema;
        spec
    };
    let of_step = |schema: Value| {
        let mut spec = client();
        spec["network"] = json!([{"host": "/where", "port": port}]);
        spec["configSchema"]["properties"]["where"] = schema;
        spec
    };
    let host = json!({"type": "string", "default": "127.0.0.1"});
    let metadata = json!({"type": "string", "default": "169.254.169.254"});
    let table = [
        ("connection", of_connection(host.clone()), "host"),
        (
            "connection, in parts",
            of_connection(json!({"allOf": [{"type": "string"}], "default": "127.0.0.1"})),
            "host",
        ),
        ("connection, metadata", of_connection(metadata.clone()), "host"),
        ("step", of_step(host), "where"),
        ("step, metadata", of_step(metadata), "where"),
    ];
    let cloud = Cloud::equipped();
    for (name, spec, field) in table {
        let mut connection = json!({"port": port, "password": "${SECRET}"});
        if field != "host" {
            connection["host"] = "127.0.0.1".into();
        }
        let project = new_project(&spec, &connection, &json!({}));
        let there = cloud.run(&project, "pipeline.yaml", &["--e2b-install-deps"]);
        let runs = [
            osiris(&project, &["run", "pipeline.yaml"]),
            osiris(&project, &["run", "pipeline.yaml", "--dry-run"]),
            there.env("SECRET", SECRET).run(),
        ];
        for finished in runs {
            let finished = finished.expect(2);
            let told = &finished.stderr;
            assert!(
                told.contains("grants no access to a host")
                    && told.contains(&format!("to use the default, write `{field}: \"")),
                "{told}"
            );
        }
        // Commands that run no step have no step to report on.
        osiris(&project, &["discover", "@service.main"]);
        osiris(&project, &["connections", "doctor"]);
        quiet.assert_nobody(name);
        assert_eq!(cloud.local().log(), [""; 0], "{name}");
    }
}

#[test]
fn address_in_the_spec_must_be_public() {
    let quiet = Quiet::new();
    for host in ["127.0.0.1", "[::1]", "localhost", "::ffff:127.0.0.1", "2130706433", "127.1"] {
        let mut spec = client();
        let port = quiet.port();
        spec["network"] = json!([
            {"host": "/resolved_connection/host", "port": "/resolved_connection/port"},
            {"host": host, "port": port},
        ]);
        let connection = json!({"host": "127.0.0.1", "port": service(), "password": "${SECRET}"});
        let dialled =
            if host.contains("::") { format!("[::1]:{port}") } else { format!("{host}:{port}") };
        let config = json!({"dial": [dialled, format!("127.0.0.1:{port}")]});
        let project = new_project(&spec, &connection, &config);
        osiris(&project, &["run", "pipeline.yaml"]).expect(0);
        assert!(!project.read("lines.txt").contains("reached"), "{}", project.read("lines.txt"));
        quiet.assert_nobody(host);
    }
}

#[test]
fn names_never_reach_cloud_metadata() {
    // With the dot this is a name; without, it would be an address that the user names.
    for host in ["169.254.169.254.", "168.63.129.16.", "100.100.100.200.", "192.0.0.192."] {
        let connection = json!({"host": host, "port": 80, "password": "${SECRET}"});
        let project = new_project(&client(), &connection, &json!({}));
        let finished = osiris(&project, &["run", "pipeline.yaml"]).expect(1);
        assert!(finished.stderr.contains("network access denied"), "{}", finished.stderr);
    }
}

#[test]
fn secret_is_not_used_as_host() {
    let quiet = Quiet::new();
    let mut spec = client();
    spec["network"] = json!([{"host": "/resolved_connection/password", "port": quiet.port()}]);
    let connection = json!({"host": "127.0.0.1", "port": quiet.port(), "password": "${SECRET}"});
    let project = new_project(&spec, &connection, &json!({}));
    let arguments = ["run", "pipeline.yaml", "--dry-run", "--json"];
    let run = project.osiris(arguments).env("SECRET", "127.0.0.1").run().expect(0);
    assert_eq!(run.json()["steps"][0]["destinations"], json!([]));
    project.osiris(["run", "pipeline.yaml"]).env("SECRET", "127.0.0.1").run().expect(1);
    quiet.assert_nobody("a secret");
}
