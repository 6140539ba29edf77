//! `add`, `sync`, `remove`, `audit`: the locked driver is the one that runs.

use osiris_tests::service::{new_project as with_service, service};
use osiris_tests::{TestProject, built, wasm};

use crate::kit::{driver, drivers, new_project, said};

/// Creates a project with two drivers that can run, both locked.
fn runnable() -> TestProject {
    let project = TestProject::new();
    project.write("osiris.yaml", "version: 1\n");
    for name in ["test.source", "test.sink"] {
        let file = built::test_driver(name);
        drivers(&project, &["add", file.to_str().expect("a path")]).expect(0);
    }
    project.write("pipeline.yaml", "oml_version: 0.1.0\nname: copy\nsteps:\n  - {id: read, component: test.source, mode: read, config: {rows: 3}}\n  - {id: write, component: test.sink, mode: write, config: {path: out.txt}}\n");
    project
}

fn touch(project: &TestProject, file: &str) {
    let bytes = std::fs::read(project.path(file)).expect("it is there");
    project.write(file, wasm::touched(&bytes));
}

#[test]
fn locked_drivers_run_and_changed_ones_are_rejected() {
    let project = runnable();
    let run = |arguments: &[&str]| project.osiris(arguments).run();
    run(&["run", "pipeline.yaml"]).expect(0);
    touch(&project, "drivers/test.source.wasm");
    let mut texts = vec![said(&run(&["run", "pipeline.yaml"]), &project)];
    for arguments in [
        &["run", "--last-compile"][..],
        &["run", "--last-compile", "--dry-run"],
        &["compile", "pipeline.yaml"],
        &["validate", "pipeline.yaml"],
        &["run", "--last-compile", "--e2b", "--dry-run"],
    ] {
        let refused = run(arguments);
        assert!(matches!(refused.code(), Some(2 | 3)), "{arguments:?}: {}", refused.stderr);
        assert!(
            refused.stderr.contains("does not match `osiris.lock`"),
            "{arguments:?}: {}",
            refused.stderr
        );
    }
    let json = run(&["run", "--last-compile", "--json"]).json();
    assert_eq!(json["problems"][0]["code"], "driver_unlocked", "{json}");
    texts.push(said(&drivers(&project, &["audit"]), &project));
    texts.push(said(&drivers(&project, &["sync", "--check"]), &project));
    texts.push(said(&drivers(&project, &["sync"]), &project));
    insta::assert_snapshot!(texts.join("\n"));
    run(&["run", "pipeline.yaml"]).expect(0);

    touch(&project, "drivers/test.source.wasm");
    drivers(&project, &["add", "drivers/test.source.wasm"]).expect(0);
    run(&["run", "pipeline.yaml"]).expect(0);
    // The deleted file was the only source of the driver.
    std::fs::remove_file(project.path("drivers/test.source.wasm")).expect("it is there");
    let lost = drivers(&project, &["sync"]).expect(3);
    assert!(lost.stderr.contains("restore the file from version control"), "{}", lost.stderr);
}

#[test]
fn lock_applies_to_discover_and_doctor() {
    let project = with_service("127.0.0.1", service(), "");
    let client = built::test_driver("service.client");
    drivers(&project, &["add", client.to_str().expect("a path")]).expect(0);
    let commands = [&["discover", "@service.main"][..], &["connections", "doctor"]];
    let run = |arguments: &[&str]| project.osiris(arguments).env("SECRET", "x").run();
    for arguments in commands {
        run(arguments).expect(0);
    }
    touch(&project, "drivers/service.client.wasm");
    for arguments in commands {
        let refused = run(arguments);
        assert_ne!(refused.code(), Some(0), "{arguments:?}");
        let text = refused.stdout + &refused.stderr;
        assert!(text.contains("does not match `osiris.lock`"), "{arguments:?}: {text}");
    }
}

#[test]
fn lockfile_is_stable_and_mergeable() {
    let (first, second) = (new_project(), new_project());
    for project in [&first, &second] {
        project.write("other.wasm", driver("test.other", "2.1.0", "limits: {memory: 1MiB}\n"));
    }
    drivers(&first, &["add", "made.wasm", "other.wasm"]).expect(0);
    drivers(&second, &["add", "./other.wasm"]).expect(0);
    let path = second.path("made.wasm");
    drivers(&second, &["add", path.to_str().expect("a path")]).expect(0);
    assert_eq!(first.read("osiris.lock"), second.read("osiris.lock"));
    insta::assert_snapshot!(first.read("osiris.lock"));
    // Adding the same driver again changes nothing.
    drivers(&first, &["add", "made.wasm"]).expect(0);
    assert_eq!(first.read("osiris.lock"), second.read("osiris.lock"));
}

#[test]
fn sync_fetches_only_missing_drivers() {
    let project = new_project();
    drivers(&project, &["add", "made.wasm"]).expect(0);
    let locked = project.read("osiris.lock");
    std::fs::remove_file(project.path("made.wasm")).expect("it is there");
    drivers(&project, &["sync"]).expect(0);
    std::fs::remove_file(project.path("drivers/test.made.wasm")).expect("it is there");
    let mut texts = vec![said(&drivers(&project, &["sync"]), &project)];
    // The source now has a different driver, under this name or another.
    project.write("made.wasm", driver("test.made", "1.0.1", ""));
    texts.push(said(&drivers(&project, &["sync"]), &project));
    project.write("made.wasm", driver("test.other", "1.0.0", ""));
    texts.push(said(&drivers(&project, &["update"]), &project));
    insta::assert_snapshot!(texts.join("\n"));
    assert!(!project.exists("drivers/test.made.wasm"));
    assert_eq!(project.read("osiris.lock"), locked);
}

#[test]
fn driver_is_replaced_only_on_request() {
    let project = new_project();
    drivers(&project, &["add", "made.wasm"]).expect(0);
    project.write("other.wasm", driver("test.made", "2.0.0", ""));
    project.write("own.wasm", driver("test.own", "1.0.0", ""));
    project.write("drivers/test.own.wasm", driver("test.own", "0.9.0", ""));
    let built_in = built::folder().join("drivers/filesystem.csv_writer.wasm");
    let mut texts = Vec::new();
    let before = (project.files(), project.read("osiris.lock"));
    for arguments in [
        &["add", "other.wasm"][..],
        &["add", "own.wasm"],
        &["add", "made.wasm", "other.wasm"],
        &["add", built_in.to_str().expect("a path")],
        &["add", "made.wasm", "--sha256", &"a".repeat(64)],
        &["add", "made.wasm", "--sha256", "abc"],
        &["add", "nowhere.wasm"],
        &["add", "osiris.yaml"],
        &["add", "ftp://example.com/x.wasm"],
        &["add", "http://example.com/x.wasm"],
        &["add", "oci://example.com/../../x"],
        &["add", "https://me:hunter2@example.com/x.wasm"],
        &["remove", "test.mode"],
    ] {
        let refused = drivers(&project, arguments);
        assert_ne!(refused.code(), Some(0), "{arguments:?}");
        assert_eq!((project.files(), project.read("osiris.lock")), before, "{arguments:?}");
        texts.push(said(&refused, &project));
    }
    let texts = texts.join("\n");
    assert!(!texts.contains("hunter2"));
    insta::assert_snapshot!(texts);
    drivers(&project, &["add", "other.wasm", "own.wasm", "--replace"]).expect(0);
    // A new version from the same source that asks for no more needs no confirmation.
    project.write("other.wasm", driver("test.made", "2.0.1", ""));
    drivers(&project, &["add", "other.wasm"]).expect(0);
    project.write("other.wasm", driver("test.made", "2.0.2", "files: {write: [/path]}\n"));
    let more = drivers(&project, &["add", "other.wasm"]).expect(2);
    assert!(
        more.stderr.contains("requests more permissions: read and write the file or"),
        "{}",
        more.stderr
    );
}

#[test]
fn removed_driver_leaves_nothing() {
    let project = new_project();
    project.write("pipelines/a/b.yaml", "steps:\n- {component: test.made}\n");
    let before = project.files();
    drivers(&project, &["add", "made.wasm"]).expect(0);
    touch(&project, "drivers/test.made.wasm");
    let refused = drivers(&project, &["remove", "test.made"]).expect(2);
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    drivers(&project, &["add", "made.wasm", "--replace"]).expect(0);
    let removed = drivers(&project, &["remove", "test.made"]).expect(0);
    assert!(
        removed.stderr.contains("`pipelines/a/b.yaml` still uses `test.made`"),
        "{}",
        removed.stderr
    );
    assert_eq!(project.read("osiris.lock"), "---\ndrivers: {}\nversion: 1\n");
    let left: Vec<_> = project.files().into_iter().filter(|file| file != "osiris.lock").collect();
    assert_eq!(left, before);
}

#[test]
fn audit_reports_every_problem() {
    let project = new_project();
    project.write("pipelines/one.yml", "steps:\n- {component: test.made}\n");
    drivers(&project, &["add", "made.wasm"]).expect(0);
    let well = drivers(&project, &["audit", "--json"]).expect(0).json();
    assert_eq!(well["drivers"][0]["used_by"][0], "pipelines/one.yml", "{well}");
    // Tamper with the lockfile, so that it lists less than the driver asks for.
    let lock = project.read("osiris.lock");
    project.write("osiris.lock", lock.replace("reads files: /path", "reads files: /other"));
    project.write("drivers/rubbish.wasm", "rubbish");
    project.write("drivers/test.own.wasm", driver("test.own", "0.9.0", ""));
    let gone = driver("test.gone", "3.0.0", "");
    project.write("gone.wasm", gone);
    drivers(&project, &["add", "gone.wasm"]).expect(0);
    std::fs::remove_file(project.path("drivers/test.gone.wasm")).expect("it is there");
    insta::assert_snapshot!(said(&drivers(&project, &["audit"]).expect(1), &project));
    let json = drivers(&project, &["audit", "--json"]).expect(1).json();
    let codes: Vec<_> = json["drivers"]
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(|driver| driver["problems"].as_array().cloned().unwrap_or_default())
        .map(|problem| problem["code"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(codes, ["component_invalid", "driver_missing", "permissions_different"], "{json}");
}

#[test]
fn invalid_lockfile_stops_every_command() {
    let project = runnable();
    let lock = project.read("osiris.lock");
    project.write("osiris.lock", lock.replace("version: 1\n", "<<<<<<< HEAD\nversion: 1\n"));
    for arguments in [&["run", "pipeline.yaml"][..], &["drivers", "list"], &["drivers", "sync"]] {
        let refused = project.osiris(arguments).run().expect(2);
        assert!(
            refused.stderr.contains("restore `osiris.lock` from version control"),
            "{}",
            refused.stderr
        );
    }
}

#[test]
fn failed_write_changes_nothing() {
    let project = new_project();
    project.write(
        "big.wasm",
        driver("test.big", "1.0.0", &format!("description: {}\n", "x".repeat(200 << 10))),
    );
    drivers(&project, &["add", "made.wasm"]).expect(0);
    let before = (project.files(), project.read("osiris.lock"));
    let full = project.osiris(["drivers", "add", "big.wasm"]).file_size(64 << 10).run().expect(3);
    assert!(full.stderr.contains("cannot change the project's drivers"), "{}", full.stderr);
    assert_eq!((project.files(), project.read("osiris.lock")), before);
}

#[test]
fn concurrent_adds_lose_nothing() {
    let project = TestProject::new();
    project.write("osiris.yaml", "version: 1\n");
    let names: Vec<String> = (0..8).map(|number| format!("test.n{number}")).collect();
    for name in &names {
        project.write(format!("{name}.wasm"), driver(name, "1.0.0", ""));
    }
    let running: Vec<_> = names
        .iter()
        .map(|name| project.osiris(["drivers", "add", &format!("{name}.wasm")]).start())
        .collect();
    running.into_iter().for_each(|one| drop(one.finish().expect(0)));
    let lock = project.read("osiris.lock");
    assert!(names.iter().all(|name| lock.contains(name)), "{lock}");
    drivers(&project, &["sync", "--check"]).expect(0);
}
