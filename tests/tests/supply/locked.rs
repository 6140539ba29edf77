//! `add`, `sync`, `remove`, `audit`: the locked driver is the one that runs.

use osiris_tests::service::{project as with_service, service};
use osiris_tests::{Sandbox, built, wasm};

use crate::kit::{driver, drivers, project, said};

/// Creates a project with two drivers that can run, both locked.
fn runnable() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("osiris.yaml", "version: 1\n");
    for name in ["test.source", "test.sink"] {
        let file = built::guest(name);
        drivers(&sandbox, &["add", file.to_str().expect("a path")]).expect(0);
    }
    sandbox.write("pipeline.yaml", "oml_version: 0.1.0\nname: copy\nsteps:\n  - {id: read, component: test.source, mode: read, config: {rows: 3}}\n  - {id: write, component: test.sink, mode: write, config: {path: out.txt}}\n");
    sandbox
}

fn touch(sandbox: &Sandbox, file: &str) {
    let bytes = std::fs::read(sandbox.path(file)).expect("it is there");
    sandbox.write(file, wasm::touched(&bytes));
}

#[test]
fn what_is_locked_runs_and_nothing_else_does() {
    let sandbox = runnable();
    let run = |arguments: &[&str]| sandbox.osiris(arguments).run();
    run(&["run", "pipeline.yaml"]).expect(0);
    touch(&sandbox, "drivers/test.source.wasm");
    let mut texts = vec![said(&run(&["run", "pipeline.yaml"]), &sandbox)];
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
            refused.stderr.contains("is not the one in osiris.lock"),
            "{arguments:?}: {}",
            refused.stderr
        );
    }
    let json = run(&["run", "--last-compile", "--json"]).json();
    assert_eq!(json["problems"][0]["code"], "driver_not_locked", "{json}");
    texts.push(said(&drivers(&sandbox, &["audit"]), &sandbox));
    texts.push(said(&drivers(&sandbox, &["sync", "--check"]), &sandbox));
    texts.push(said(&drivers(&sandbox, &["sync"]), &sandbox));
    insta::assert_snapshot!(texts.join("\n"));
    run(&["run", "pipeline.yaml"]).expect(0);

    touch(&sandbox, "drivers/test.source.wasm");
    drivers(&sandbox, &["add", "drivers/test.source.wasm"]).expect(0);
    run(&["run", "pipeline.yaml"]).expect(0);
    // The deleted file was the only source of the driver.
    std::fs::remove_file(sandbox.path("drivers/test.source.wasm")).expect("it is there");
    let lost = drivers(&sandbox, &["sync"]).expect(3);
    assert!(lost.stderr.contains("restore it from version control"), "{}", lost.stderr);
}

#[test]
fn the_lock_holds_for_every_other_call_into_a_driver() {
    let sandbox = with_service("127.0.0.1", service(), "");
    let client = built::guest("service.client");
    drivers(&sandbox, &["add", client.to_str().expect("a path")]).expect(0);
    let commands = [&["discover", "@service.main"][..], &["connections", "doctor"]];
    let run = |arguments: &[&str]| sandbox.osiris(arguments).env("SECRET", "x").run();
    for arguments in commands {
        run(arguments).expect(0);
    }
    touch(&sandbox, "drivers/service.client.wasm");
    for arguments in commands {
        let refused = run(arguments);
        assert_ne!(refused.code(), Some(0), "{arguments:?}");
        let text = refused.stdout + &refused.stderr;
        assert!(text.contains("is not the one in osiris.lock"), "{arguments:?}: {text}");
    }
}

#[test]
fn the_lock_is_stable_and_made_for_git() {
    let (first, second) = (project(), project());
    for sandbox in [&first, &second] {
        sandbox.write("other.wasm", driver("test.other", "2.1.0", "limits: {memory: 1MiB}\n"));
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
fn sync_needs_its_sources_only_for_what_is_not_there() {
    let sandbox = project();
    drivers(&sandbox, &["add", "made.wasm"]).expect(0);
    let locked = sandbox.read("osiris.lock");
    std::fs::remove_file(sandbox.path("made.wasm")).expect("it is there");
    drivers(&sandbox, &["sync"]).expect(0);
    std::fs::remove_file(sandbox.path("drivers/test.made.wasm")).expect("it is there");
    let mut texts = vec![said(&drivers(&sandbox, &["sync"]), &sandbox)];
    // The source now has a different driver, under this name or another.
    sandbox.write("made.wasm", driver("test.made", "1.0.1", ""));
    texts.push(said(&drivers(&sandbox, &["sync"]), &sandbox));
    sandbox.write("made.wasm", driver("test.other", "1.0.0", ""));
    texts.push(said(&drivers(&sandbox, &["update"]), &sandbox));
    insta::assert_snapshot!(texts.join("\n"));
    assert!(!sandbox.exists("drivers/test.made.wasm"));
    assert_eq!(sandbox.read("osiris.lock"), locked);
}

#[test]
fn a_name_is_taken_over_only_when_that_is_said() {
    let sandbox = project();
    drivers(&sandbox, &["add", "made.wasm"]).expect(0);
    sandbox.write("other.wasm", driver("test.made", "2.0.0", ""));
    sandbox.write("own.wasm", driver("test.own", "1.0.0", ""));
    sandbox.write("drivers/test.own.wasm", driver("test.own", "0.9.0", ""));
    let built_in = built::folder().join("drivers/filesystem.csv_writer.wasm");
    let mut texts = Vec::new();
    let before = (sandbox.files(), sandbox.read("osiris.lock"));
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
        let refused = drivers(&sandbox, arguments);
        assert_ne!(refused.code(), Some(0), "{arguments:?}");
        assert_eq!((sandbox.files(), sandbox.read("osiris.lock")), before, "{arguments:?}");
        texts.push(said(&refused, &sandbox));
    }
    let texts = texts.join("\n");
    assert!(!texts.contains("hunter2"));
    insta::assert_snapshot!(texts);
    drivers(&sandbox, &["add", "other.wasm", "own.wasm", "--replace"]).expect(0);
    // A new version from the same source that asks for no more needs no confirmation.
    sandbox.write("other.wasm", driver("test.made", "2.0.1", ""));
    drivers(&sandbox, &["add", "other.wasm"]).expect(0);
    sandbox.write("other.wasm", driver("test.made", "2.0.2", "files: {write: [/path]}\n"));
    let more = drivers(&sandbox, &["add", "other.wasm"]).expect(2);
    assert!(more.stderr.contains("asks for more: read and write the file or"), "{}", more.stderr);
}

#[test]
fn a_driver_that_is_removed_leaves_nothing() {
    let sandbox = project();
    sandbox.write("pipelines/a/b.yaml", "steps:\n- {component: test.made}\n");
    let before = sandbox.files();
    drivers(&sandbox, &["add", "made.wasm"]).expect(0);
    touch(&sandbox, "drivers/test.made.wasm");
    let refused = drivers(&sandbox, &["remove", "test.made"]).expect(2);
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    drivers(&sandbox, &["add", "made.wasm", "--replace"]).expect(0);
    let removed = drivers(&sandbox, &["remove", "test.made"]).expect(0);
    assert!(removed.stderr.contains("pipelines/a/b.yaml still uses it"), "{}", removed.stderr);
    assert_eq!(sandbox.read("osiris.lock"), "---\ndrivers: {}\nversion: 1\n");
    let left: Vec<_> = sandbox.files().into_iter().filter(|file| file != "osiris.lock").collect();
    assert_eq!(left, before);
}

#[test]
fn an_audit_tells_all_that_is_wrong() {
    let sandbox = project();
    sandbox.write("pipelines/one.yml", "steps:\n- {component: test.made}\n");
    drivers(&sandbox, &["add", "made.wasm"]).expect(0);
    let well = drivers(&sandbox, &["audit", "--json"]).expect(0).json();
    assert_eq!(well["drivers"][0]["used_by"][0], "pipelines/one.yml", "{well}");
    // Tamper with the lockfile, so that it lists less than the driver asks for.
    let lock = sandbox.read("osiris.lock");
    sandbox.write("osiris.lock", lock.replace("reads files: /path", "reads files: /other"));
    sandbox.write("drivers/rubbish.wasm", "rubbish");
    sandbox.write("drivers/test.own.wasm", driver("test.own", "0.9.0", ""));
    let gone = driver("test.gone", "3.0.0", "");
    sandbox.write("gone.wasm", gone);
    drivers(&sandbox, &["add", "gone.wasm"]).expect(0);
    std::fs::remove_file(sandbox.path("drivers/test.gone.wasm")).expect("it is there");
    insta::assert_snapshot!(said(&drivers(&sandbox, &["audit"]).expect(1), &sandbox));
    let json = drivers(&sandbox, &["audit", "--json"]).expect(1).json();
    let codes: Vec<_> = json["drivers"]
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(|driver| driver["problems"].as_array().cloned().unwrap_or_default())
        .map(|problem| problem["code"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(codes, ["not_wasm", "driver_missing", "grants_differ"], "{json}");
}

#[test]
fn a_torn_lock_stops_everything() {
    let sandbox = runnable();
    let lock = sandbox.read("osiris.lock");
    sandbox.write("osiris.lock", lock.replace("version: 1\n", "<<<<<<< HEAD\nversion: 1\n"));
    for arguments in [&["run", "pipeline.yaml"][..], &["drivers", "list"], &["drivers", "sync"]] {
        let refused = sandbox.osiris(arguments).run().expect(2);
        assert!(
            refused.stderr.contains("restore osiris.lock from version control"),
            "{}",
            refused.stderr
        );
    }
}

#[test]
fn what_cannot_be_written_leaves_all_as_it_was() {
    let sandbox = project();
    sandbox.write(
        "big.wasm",
        driver("test.big", "1.0.0", &format!("description: {}\n", "x".repeat(200 << 10))),
    );
    drivers(&sandbox, &["add", "made.wasm"]).expect(0);
    let before = (sandbox.files(), sandbox.read("osiris.lock"));
    let full = sandbox.osiris(["drivers", "add", "big.wasm"]).file_size(64 << 10).run().expect(3);
    assert!(full.stderr.contains("cannot be changed"), "{}", full.stderr);
    assert_eq!((sandbox.files(), sandbox.read("osiris.lock")), before);
}

#[test]
fn two_at_once_lose_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("osiris.yaml", "version: 1\n");
    let names: Vec<String> = (0..8).map(|number| format!("test.n{number}")).collect();
    for name in &names {
        sandbox.write(format!("{name}.wasm"), driver(name, "1.0.0", ""));
    }
    let running: Vec<_> = names
        .iter()
        .map(|name| sandbox.osiris(["drivers", "add", &format!("{name}.wasm")]).start())
        .collect();
    running.into_iter().for_each(|one| drop(one.finish().expect(0)));
    let lock = sandbox.read("osiris.lock");
    assert!(names.iter().all(|name| lock.contains(name)), "{lock}");
    drivers(&sandbox, &["sync", "--check"]).expect(0);
}
