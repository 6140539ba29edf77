//! Secrets of a connection: values that count as secrets, places where none may appear, and files
//! of a run that other users must not read.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use osiris_tests::secret::{SECRET, assert_none, assert_none_below};
use osiris_tests::session::Session;
use osiris_tests::{Finished, TestProject};
use serde_json::{Value, json};

/// Creates a project in which the hostile driver has these fields of a connection.
fn new_project(attack: &str, fields: &Value) -> TestProject {
    let project = TestProject::new();
    let mut connection = json!({"host": "127.0.0.1", "port": 9, "password": "${OTHER}"});
    if let (Some(all), Some(fields)) = (connection.as_object_mut(), fields.as_object()) {
        all.extend(fields.clone());
    }
    let connections = json!({"version": 1, "connections": {"test": {"main": connection}}});
    project.write("osiris_connections.yaml", connections.to_string());
    let step = json!({
        "id": "attack", "component": "test.hostile", "mode": "read",
        "config": {"attack": attack, "connection": "@test.main", "path": "data"},
    });
    let sink = json!({
        "id": "sink", "component": "test.sink", "mode": "write", "needs": ["attack"],
        "config": {"path": "out.txt"},
    });
    let pipeline = json!({"oml_version": "0.1.0", "name": "p", "steps": [step, sink]});
    project.write("pipeline.yaml", pipeline.to_string());
    project
}

fn run(project: &TestProject) -> Finished {
    let run = project.osiris(["run", "pipeline.yaml", "--verbose"]).test_drivers();
    run.env("SECRET", SECRET).env("OTHER", "another-password").env("NAME", "guest-of-mine").run()
}

fn config(session: &Session) -> Value {
    let path = session.folder.join("artifacts/attack/cleaned_config.json");
    serde_json::from_str(&fs::read_to_string(path).expect("it is there")).expect("it is JSON")
}

#[test]
fn variable_values_are_secret_without_a_declaration() {
    for field in ["pass", "sas", "passphrase", "private_key", "note", "user", "url"] {
        let value = match field {
            "note" => json!({"anything": "prefix ${SECRET}"}),
            "url" => json!("service://me:${SECRET}@host/path"),
            // `user` is not a secret by its name, but the variable is.
            _ => json!("${SECRET}"),
        };
        let project = new_project("secret-undeclared", &json!({field: value}));
        let finished = run(&project).expect(0);
        let session = Session::only(&project);
        assert!(session.log.contains("***MASKED***"), "{field}: {}", session.log);
        assert_none("stdout", &finished.stdout);
        assert_none("stderr", &finished.stderr);
        assert_none_below(&project.root());
        let connection = &config(&session)["resolved_connection"];
        assert!(connection[field].to_string().contains("***MASKED***"), "{connection}");
        assert_eq!(connection["host"], "127.0.0.1");
    }
}

#[test]
fn literal_with_a_secret_name_is_masked() {
    let fields = json!({"passphrase": SECRET, "note": {"db_pass": SECRET}, "user": "${NAME}"});
    let project = new_project("secret-undeclared", &fields);
    let finished = run(&project).expect(0);
    let session = Session::only(&project);
    assert_none("stderr", &finished.stderr);
    assert_none_below(&project.path("logs"));
    // A user name is not a secret.
    assert!(session.log.contains("user guest-of-mine"), "{}", session.log);
    assert_eq!(config(&session)["resolved_connection"]["user"], "guest-of-mine");
    let list = project.osiris(["connections", "list", "--json"]).test_drivers().run().expect(0);
    assert_none("the list", &list.stdout);
}

#[test]
fn discover_and_doctor_mask_the_same_secrets() {
    let project = new_project("nothing", &json!({"pass": "${SECRET}", "note": {"x": "${SECRET}"}}));
    for arguments in [&["discover", "@test.main"][..], &["connections", "doctor", "--verbose"]] {
        let command = project.osiris(arguments).test_drivers().env("SECRET", SECRET);
        let finished = command.env("OTHER", "another-password").run();
        assert_none("stdout", &finished.stdout);
        assert_none("stderr", &finished.stderr);
        assert_none_below(&project.root());
    }
}

#[test]
fn numeric_secret_is_in_no_metric_or_event() {
    let project = new_project("secret-number", &json!({}));
    let run = project.osiris(["run", "pipeline.yaml"]).test_drivers().env("OTHER", "7734291").run();
    let finished = run.expect(0);
    let session = Session::only(&project);
    for file in ["metrics.jsonl", "events.jsonl", "osiris.log", "status.json"] {
        let text = fs::read_to_string(session.folder.join(file)).expect("it is there");
        assert!(!text.contains("7734291"), "{file}: {text}");
    }
    assert!(!finished.stderr.contains("7734291"), "{}", finished.stderr);
    // Metrics without secrets are kept, and the user is notified of the dropped one.
    assert!(session.metrics.iter().any(|metric| metric["metric"] == "honest"));
    assert_eq!(session.metrics.iter().filter(|metric| metric["metric"] == "pin").count(), 0);
    assert!(session.log.contains("metric `pin` was dropped"), "{}", session.log);
}

#[test]
fn too_short_secret_gets_a_warning() {
    let project = new_project("secret-undeclared", &json!({"pass": "${PIN}", "note": {"x": "42"}}));
    let run = project.osiris(["run", "pipeline.yaml"]).test_drivers();
    let finished = run.env("OTHER", "another-password").env("PIN", "x7").run().expect(0);
    let warning = "warning: step `attack`: the secret in `pass` is shorter than 4 bytes";
    assert!(finished.stderr.contains(warning), "{}", finished.stderr);
    assert_eq!(config(&Session::only(&project))["resolved_connection"]["pass"], "***MASKED***");
    let doctor = project.osiris(["connections", "doctor"]).test_drivers();
    let doctor = doctor.env("OTHER", "another-password").env("PIN", "x7").run();
    assert!(doctor.stderr.contains("the secret in `pass` is shorter"), "{}", doctor.stderr);
}

#[test]
fn secrets_that_cannot_be_masked_stop_the_run() {
    let project = new_project("secret-undeclared", &json!({"pass": "${HUGE}"}));
    project.write(".env", format!("OTHER=another-password\nHUGE={}\n", "x".repeat(9 << 20)));
    let refused = project.osiris(["run", "pipeline.yaml"]).test_drivers().run().expect(3);
    assert!(refused.stderr.contains("cannot mask the secrets"), "{}", refused.stderr);
    assert!(Session::all(&project).expect("none").is_empty());
}

/// Returns every file and directory below `folder` that others can read or write.
fn open_to_others(folder: &Path) -> Vec<String> {
    let mut open = Vec::new();
    let mut look = |path: &Path| {
        let mode = fs::symlink_metadata(path).expect("it is there").permissions().mode();
        if mode & 0o077 != 0 {
            open.push(format!("{} {:o}", path.display(), mode & 0o777));
        }
    };
    look(folder);
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            look(&entry.path());
            if entry.path().is_dir() {
                folders.push(entry.path());
            }
        }
    }
    open
}

#[test]
fn files_of_a_run_are_private_to_the_user() {
    let project = new_project("nothing-of-the-kind", &json!({}));
    // With the permissions that older versions used.
    for folder in ["logs", ".osiris/state/p", ".osiris/cache/discovery"] {
        fs::create_dir_all(project.path(folder)).expect("it can be made");
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(project.path(folder), mode).expect("it is ours");
    }
    let _ = run(&project);
    project.write(
        "state.yaml",
        "oml_version: 0.1.0\nname: p\nsteps:\n  - {id: read, component: test.hostile, mode: read, config: {attack: secret-everywhere, connection: '@test.main', path: data}}\n  - {id: write, component: test.sink, mode: write, config: {path: out.txt}}\n",
    );
    let state = project.osiris(["run", "state.yaml"]).test_drivers();
    let _ = state.env("OTHER", SECRET).run().expect(0);
    let discover =
        project.osiris(["discover", "@test.main"]).test_drivers().env("OTHER", SECRET).run();
    assert!(project.exists("logs") && project.exists(".osiris/state"), "{}", discover.stderr);
    assert_eq!(open_to_others(&project.path("logs")), Vec::<String>::new());
    for folder in [".osiris", ".osiris/build", ".osiris/state"] {
        let mode = fs::metadata(project.path(folder)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{folder} {mode:o}");
    }
    let states = open_to_others(&project.path(".osiris/state"));
    assert_eq!(states, Vec::<String>::new());
    // Output of the pipeline is the user's own, like any file.
    assert_ne!(
        fs::metadata(project.path("out.txt")).expect("it is there").permissions().mode() & 0o044,
        0
    );
}

/// Runs a command that must end quickly.
fn ends(project: &TestProject, arguments: &[&str]) -> Finished {
    let command = project.osiris(arguments).test_drivers().env("OTHER", "another-password");
    command.patience(Duration::from_secs(20)).run()
}

#[test]
fn named_pipe_in_a_session_blocks_no_command() {
    let project = new_project("nothing-of-the-kind", &json!({}));
    let _ = ends(&project, &["run", "pipeline.yaml"]);
    let files = [
        "running.lock",
        "status.json",
        "events.jsonl",
        "metrics.jsonl",
        "osiris.log",
        "manifest.yaml",
    ];
    let place = |file: &str, make: &dyn Fn(&Path)| {
        let id = format!("20260131T080509{:03}Z-0000000{}", file.len(), file.len() % 10);
        let folder = project.path("logs").join(format!("run_{id}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).expect("it is new");
        let honest = Session::all(&project).ok().and_then(|mut all| all.pop());
        let status = honest.map(|one| one.status.to_string()).unwrap_or_default();
        fs::write(folder.join("status.json"), status).expect("it can be written");
        let _ = fs::remove_file(folder.join(file));
        make(&folder.join(file));
        id
    };
    let pipe = |path: &Path| {
        let made = Command::new("mkfifo").arg(path).status().expect("mkfifo runs");
        assert!(made.success());
    };
    let folder = |path: &Path| fs::create_dir(path).expect("it is new");
    let link = |path: &Path| {
        std::os::unix::fs::symlink("/dev/zero", path).expect("links can be made");
    };
    for file in files {
        for make in [&pipe as &dyn Fn(&Path), &folder, &link] {
            let id = place(file, make);
            let list = ends(&project, &["runs", "list"]);
            assert_eq!(list.code(), Some(0), "{file}: {}", list.stderr);
            let _ = ends(&project, &["runs", "show", &id]);
            let _ = ends(&project, &["runs", "diff", &id, "last"]);
            let again = ends(&project, &["run", "pipeline.yaml"]);
            assert!(matches!(again.code(), Some(0 | 1)), "{file}: {}", again.stderr);
            fs::remove_dir_all(project.path("logs").join(format!("run_{id}")))
                .expect("it is there");
        }
    }
}
