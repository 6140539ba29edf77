//! Landlock covers every thread of a process that calls a driver, and allows no more than the
//! permissions of the call.

use std::fs;
use std::time::Duration;

use osiris_tests::wait::wait_for;
use osiris_tests::{Running, TestProject};

/// Returns the threads of a process, each with whether Landlock applies to it. Enforcing Landlock
/// gives up the right to gain privileges, which the kernel reports per thread; a thread that
/// existed before keeps the right.
fn threads(running: &Running) -> Vec<(String, bool)> {
    let tasks = fs::read_dir(format!("/proc/{}/task", running.id())).into_iter().flatten();
    let told = tasks.flatten().filter_map(|task| {
        let status = fs::read_to_string(task.path().join("status")).ok()?;
        let name = status.lines().next()?.trim_start_matches("Name:").trim().to_owned();
        Some((name, status.contains("NoNewPrivs:\t1")))
    });
    told.collect()
}

/// Waits until a driver runs, then checks all threads.
#[track_caller]
fn all_are_sandboxed(running: Running) {
    let clock = |threads: &[(String, bool)]| threads.iter().any(|(name, _)| name == "osiris-epoch");
    let found = wait_for("a call of a driver", Duration::from_secs(30), || {
        Some(threads(&running)).filter(|threads| clock(threads))
    });
    // The main thread, the clock, and at least one that runs the driver.
    assert!(found.len() >= 3, "{found:?}");
    let outside: Vec<_> = found.iter().filter(|(_, sandboxed)| !sandboxed).collect();
    assert!(outside.is_empty(), "outside are {outside:?}");
    running.interrupt();
}

fn hostile() -> TestProject {
    let project = TestProject::new();
    project.write(
        "osiris_connections.yaml",
        "version: 1\nconnections:\n  test:\n    main: {host: 127.0.0.1, port: 1, password: x, attack: sleep}\n",
    );
    project
}

#[test]
fn every_thread_of_a_run_is_sandboxed() {
    let project = TestProject::new();
    project.write(
        "pipeline.yaml",
        "\
oml_version: 0.1.0
name: endless
steps:
  - {id: source, component: test.source, mode: read, config: {rows: 10, then: hold}}
  - {id: write, component: test.sink, mode: write, config: {path: out/ids.txt}}
",
    );
    all_are_sandboxed(project.osiris(["run", "pipeline.yaml"]).test_drivers().start());
    // Also if the driver is compiled first.
    let run = project.osiris(["run", "pipeline.yaml"]).test_drivers();
    all_are_sandboxed(run.env("OSIRIS_CACHE", project.outside().join("home/cache")).start());
}

#[test]
fn every_thread_of_discover_and_doctor_is_sandboxed() {
    let project = hostile();
    for command in [&["discover", "@test.main"][..], &["connections", "doctor", "--timeout", "20"]]
    {
        all_are_sandboxed(project.osiris(command).test_drivers().start());
    }
}

#[test]
fn every_thread_of_the_conformance_kit_is_sandboxed() {
    let project = TestProject::new();
    let driver = osiris_tests::built::test_driver("test.source");
    let command = ["drivers", "test", &driver.display().to_string()];
    all_are_sandboxed(project.osiris(command).test_drivers().start());
}

#[test]
fn process_sandbox_matches_the_plan() {
    let project = TestProject::new();
    project.write("data/in.csv", "id\n1\n");
    project.write("data/other.csv", "id\n2\n");
    project.write(".env", "SECRET=hunter2hunter2\n");
    project.write(
        "pipeline.yaml",
        "\
oml_version: 0.1.0
name: narrow
steps:
  - {id: read, component: filesystem.csv_extractor, mode: read, config: {path: data/in.csv}}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: out/a/copy.csv}}
",
    );
    let run = project.osiris(["run", "pipeline.yaml", "--verbose"]).run().expect(0);
    let line = run.stderr.lines().find(|line| line.contains("allowed: writing")).unwrap();
    let (writing, rest) =
        line.split_once("allowed: writing ").unwrap().1.split_once("; reading ").unwrap();
    let (reading, ports) = rest.split_once("; ").unwrap();
    let root = format!("{}/", project.root().canonicalize().unwrap().display());
    let below = |list: &str| -> Vec<String> {
        let paths = list.split(", ").filter_map(|path| path.strip_prefix(&root));
        paths
            .map(|path| path.split_once("run_").map_or(path, |(logs, _)| logs).to_owned())
            .collect()
    };
    let pipeline = fs::read_dir(project.path(".osiris/state")).unwrap().next().unwrap().unwrap();
    let state = format!(".osiris/state/{}", pipeline.file_name().display());
    assert_eq!(below(writing), ["out/a", ".osiris/tmp", &state, "logs/"]);
    assert_eq!(writing.split(", ").count(), 4, "{writing}");
    assert_eq!(below(reading), ["data/in.csv"]);
    // And the compiled code of two drivers.
    let code = reading.split(", ").filter(|path| path.ends_with(".cwasm"));
    assert_eq!((code.count(), reading.split(", ").count()), (2, 3), "{reading}");
    assert_eq!(ports, "ports []");
    assert_eq!(project.read("out/a/copy.csv"), "id\n1\n");
}

#[test]
fn output_folders_exist_only_once_created() {
    let project = TestProject::new();
    project.write("data/in.csv", "id\n1\n");
    let pipeline = |more: &str| {
        format!(
            "\
oml_version: 0.1.0
name: folders
steps:
  - {{id: read, component: filesystem.csv_extractor, mode: read, config: {{path: data/in.csv}}}}
  - {{id: write, component: filesystem.csv_writer, mode: write, config: {{path: out/a/b.csv{more}}}}}
"
        )
    };
    project.write("none.yaml", pipeline(", create_dirs: false"));
    let none = project.osiris(["run", "none.yaml"]).run().expect(1);
    assert!(none.stderr.contains("the folder out/a does not exist"), "{}", none.stderr);
    assert!(!project.exists("out"), "what nobody made is gone");
    project.write("bad.yaml", pipeline("").replace("data/in.csv", "data/absent.csv"));
    project.osiris(["run", "bad.yaml"]).run().expect(1);
    assert!(!project.exists("out"), "what a failed step made is gone");
    project.write("good.yaml", pipeline(""));
    project.osiris(["run", "good.yaml"]).run().expect(0);
    assert_eq!(project.read("out/a/b.csv"), "id\n1\n");
}

#[test]
fn doctor_tests_the_process_sandbox() {
    let project = TestProject::new();
    project.write("osiris.yaml", "version: 1\n");
    let before = project.files();
    let doctor = project.osiris(["doctor", "--json"]).run().expect(0).json();
    let checks = doctor["checks"].as_array().unwrap();
    let message = |name: &str| {
        let check = checks.iter().find(|check| check["name"] == name);
        let check = check.unwrap_or_else(|| panic!("{name} is not in {doctor:#}"));
        assert_eq!(check["ok"], true, "{check:#}");
        check["message"].as_str().unwrap().to_owned()
    };
    for name in ["read", "list", "write", "dial", "start", "signal"] {
        let message = message(&format!("landlock.{name}"));
        assert!(message.ends_with(": denied for both threads"), "{message}");
    }
    for name in ["own", "port"] {
        let message = message(&format!("landlock.{name}"));
        assert!(message.ends_with(": allowed for both threads"), "{message}");
    }
    assert_eq!(project.files(), before);
    let text = project.osiris(["doctor"]).run().expect(0).stdout;
    assert!(text.contains("Landlock restricts files and ports"), "{text}");
    assert!(text.contains("creating a file in the project: denied for both threads"), "{text}");
}
