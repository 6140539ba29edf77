//! Steps and runs next to a hostile one: their output cannot be read, forged or removed.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

use osiris_tests::session::Session;
use osiris_tests::{Finished, TestProject};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::{Value, json};

fn step(id: &str, component: &str, mode: &str, needs: &[&str], config: Value) -> Value {
    json!({"id": id, "component": component, "mode": mode, "needs": needs, "config": config})
}

fn pipeline(project: &TestProject, file: &str, steps: &[Value]) {
    let pipeline = json!({"oml_version": "0.1.0", "name": "neighbours", "steps": steps});
    project.write(file, pipeline.to_string());
}

/// Returns steps that write rows to `to`, after the steps in `needs`.
fn honest(id: &str, needs: &[&str], rows: u64, to: &str) -> [Value; 2] {
    let sink = format!("{id}-sink");
    let config = json!({"rows": rows, "batch": 1});
    [
        step(id, "test.source", "read", needs, config),
        step(&sink, "test.sink", "write", &[&[id], needs].concat(), json!({"path": to})),
    ]
}

fn run(project: &TestProject, file: &str) -> Finished {
    project.osiris(["run", file]).test_drivers().run()
}

/// Runs the attacker next to a step that writes `theirs`, followed by one that writes `done.txt`.
fn attacked(attack: &str, output: &str, theirs: &str, has_folder: bool) -> (TestProject, String) {
    let project = TestProject::new();
    if has_folder {
        fs::create_dir(project.path("output")).unwrap();
    }
    let config = json!({"attack": attack, "path": "done.txt", "output": output});
    // The attacker has the time that these rows take before any other step writes.
    let mut steps = honest("first", &[], 5000, "first.txt").to_vec();
    steps.push(step("attack", "test.hostile", "read", &[], config));
    steps.extend([step(
        "victim",
        "test.sink",
        "write",
        &["attack"],
        json!({"path": "victim.txt"}),
    )]);
    steps.extend(honest("theirs", &["first-sink"], 3, theirs));
    steps.extend(honest("done", &["theirs-sink"], 1, "done.txt"));
    pipeline(&project, "pipeline.yaml", &steps);
    run(&project, "pipeline.yaml").expect(1);
    assert_eq!(project.read(theirs), "0\n1\n2\n", "it is as its own step wrote it");
    let status = Session::only(&project).status;
    assert_eq!(status["error"]["step"], "attack", "{status:#}");
    let message = status["error"]["message"].as_str().unwrap().to_owned();
    (project, message)
}

/// Checks that each attempt except those in `allowed` was denied.
#[track_caller]
fn assert_refused(message: &str, allowed: &[&str]) {
    let tries: Vec<&str> = message.split("; ").collect();
    assert!(tries.len() > 6, "{message}");
    for tried in tries.iter().take_while(|tried| !tried.starts_with("access to `")) {
        let is_allowed = allowed.iter().any(|allowed| tried.starts_with(allowed));
        assert_eq!(tried.contains(": allowed"), is_allowed, "{tried}\n{message}");
    }
}

#[test]
fn creator_of_a_folder_cannot_touch_other_steps_files() {
    let (project, message) =
        attacked("own-the-folder", "output/mine.txt", "output/theirs.txt", false);
    let made = message.contains("make the folder: allowed");
    let allowed: &[&str] = if made { &["make the folder"] } else { &[] };
    assert_refused(&message, allowed);
    assert_eq!(project.files().iter().filter(|file| file.starts_with("output/")).count(), 1);
}

#[test]
fn output_name_of_another_step_cannot_be_taken_first() {
    for theirs in ["output/theirs.txt", "output/mine.txt.theirs"] {
        let (project, message) = attacked("own-the-name", "output/mine.txt", theirs, true);
        let allowed: &[&str] = match theirs {
            "output/theirs.txt" => &["make another's"],
            _ => &[],
        };
        assert_refused(&message, allowed);
        assert_eq!(project.files().iter().filter(|file| file.starts_with("output/")).count(), 1);
    }
}

#[test]
fn step_owning_a_folder_cannot_touch_other_steps_files() {
    let (project, message) = attacked("own-the-folder-around", "output", "output/theirs.txt", true);
    assert_refused(&message, &["list the folder"]);
    assert!(message.contains("list the folder: allowed mine.txt"), "{message}");
    assert_eq!(project.read("output/theirs.txt"), "0\n1\n2\n");
}

#[test]
fn output_replaced_by_another_run_is_kept() {
    let project = TestProject::new();
    fs::create_dir(project.path("output")).unwrap();
    let config = json!({
        "attack": "own-the-name-of-a-run", "path": "done.txt", "output": "output/mine.txt",
    });
    let attack = step("attack", "test.hostile", "read", &[], config);
    let victim = step("victim", "test.sink", "write", &["attack"], json!({"path": "victim.txt"}));
    pipeline(&project, "attack.yaml", &[attack, victim]);
    pipeline(&project, "theirs.yaml", &honest("theirs", &[], 3, "output/mine.txt.theirs"));
    pipeline(&project, "more.yaml", &honest("more", &[], 3, "output/mine.txt.folder/theirs"));
    let running = project.osiris(["run", "attack.yaml"]).test_drivers().start();
    let made = project.path("output/mine.txt.folder/theirs");
    osiris_tests::wait::wait_for("the attacker", std::time::Duration::from_secs(60), || {
        fs::read(&made).is_ok_and(|bytes| !bytes.is_empty()).then_some(())
    });
    for file in ["theirs.yaml", "more.yaml"] {
        run(&project, file).expect(0);
    }
    project.write("done.txt", "");
    running.finish().expect(1);
    let sessions = Session::all(&project).unwrap();
    let attacked = sessions.iter().find(|session| session.status["status"] == "failed").unwrap();
    // A step that may create names can see whether one is taken.
    assert_refused(attacked.status["error"]["message"].as_str().unwrap(), &["look at"]);
    for path in ["output/mine.txt.theirs", "output/mine.txt.folder/theirs"] {
        assert_eq!(project.read(path), "0\n1\n2\n", "{path}");
    }
    let left: Vec<_> =
        project.files().into_iter().filter(|file| file.starts_with("output/")).collect();
    assert_eq!(left, ["output/mine.txt.folder/theirs", "output/mine.txt.theirs"]);
}

#[test]
fn swapping_folder_and_link_opens_no_other_file() {
    let project = TestProject::new();
    project.write("private/secret.txt", "private");
    project.write("out/d/secret.txt", "granted");
    symlink("../private", project.path("out/s")).unwrap();
    let config = |attack: &str| json!({"attack": attack, "path": "out", "output": "out"});
    let both = [
        step("swap", "test.hostile", "write", &["rows"], config("swap-a-link")),
        step("look", "test.hostile", "write", &["rows"], config("read-through-a-swap")),
        step("rows", "test.source", "read", &[], json!({})),
    ];
    pipeline(&project, "pipeline.yaml", &both);
    run(&project, "pipeline.yaml").expect(0);
    // A process outside of any driver can swap them all the time.
    pipeline(&project, "pipeline.yaml", &both[1..]);
    let done = AtomicBool::new(false);
    let finished = std::thread::scope(|scope| {
        scope.spawn(|| {
            let (d, s) = (project.path("out/d"), project.path("out/s"));
            while !done.load(Ordering::Relaxed) {
                renameat_with(CWD, &d, CWD, &s, RenameFlags::EXCHANGE).unwrap();
            }
        });
        let finished = run(&project, "pipeline.yaml");
        done.store(true, Ordering::Relaxed);
        finished
    });
    finished.expect(0);
    assert_eq!(fs::read_dir(project.path("private")).unwrap().count(), 1);
    assert_eq!(project.read("private/secret.txt"), "private");
}

#[test]
fn reserved_files_are_readable_only_if_settings_allow() {
    let project = TestProject::new();
    project.write(".env.sample", "n\n1\n");
    symlink("../.env.sample", {
        fs::create_dir(project.path("data")).unwrap();
        project.path("data/in.csv")
    })
    .unwrap();
    for path in [".env.sample", "data/in.csv", "./data/../.env.sample"] {
        let copy = [
            step("read", "filesystem.csv_extractor", "read", &[], json!({"path": path})),
            step("write", "filesystem.csv_writer", "write", &["read"], json!({"path": "out.csv"})),
        ];
        pipeline(&project, "pipeline.yaml", &copy);
        project.write("osiris.yaml", "version: 1\n");
        let refused = project.osiris(["run", "pipeline.yaml"]).run().expect(2);
        let line = "files: {allow_read: [\".env.sample\"]}";
        assert!(refused.stderr.contains(line), "{}", refused.stderr);
        assert!(!project.exists("out.csv"));
        project.write("osiris.yaml", format!("version: 1\n{line}\n"));
        project.osiris(["run", "pipeline.yaml"]).run().expect(0);
        assert_eq!(project.read("out.csv"), "n\n1\n");
        fs::remove_file(project.path("out.csv")).unwrap();
    }
}

#[test]
fn outputs_never_reach_reserved_files() {
    let project = TestProject::new();
    project.write("data/in.csv", "n\n1\n");
    fs::create_dir(project.path("output")).unwrap();
    symlink("../osiris.lock", project.path("output/lock.csv")).unwrap();
    symlink("../drivers", project.path("output/drivers")).unwrap();
    fs::create_dir(project.path("drivers")).unwrap();
    for path in [
        "output/../osiris.lock",
        "x/../.env",
        "././/drivers/x.wasm",
        "output/../drivers/x.wasm",
        "output/../.git/hooks/pre-commit",
        "output/.git/hooks/pre-commit",
        "output/../OSIRIS.YAML",
        "output/lock.csv",
        "output/drivers/x.wasm",
    ] {
        let copy = [
            step("read", "filesystem.csv_extractor", "read", &[], json!({"path": "data/in.csv"})),
            step("write", "filesystem.csv_writer", "write", &["read"], json!({"path": path})),
        ];
        pipeline(&project, "pipeline.yaml", &copy);
        let before = project.files();
        for more in [&[][..], &["--dry-run"], &["--e2b", "--dry-run"]] {
            let arguments = [&["run", "pipeline.yaml"], more].concat();
            let refused = project.osiris(arguments).run().expect(2);
            let told = format!("step `write`: `{path}` leads to");
            let told_alike = format!("step `write`: `{path}` is");
            let stderr = &refused.stderr;
            assert!(stderr.contains(&told) || stderr.contains(&told_alike), "{stderr}");
            assert!(stderr.contains("no driver may write it"), "{stderr}");
        }
        assert_eq!(project.files(), before);
    }
}
