//! A file in `drivers/` affects only pipelines that use its driver.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use osiris_tests::TestProject;

/// Maximum duration of a command, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(15);

const PIPELINE: &str = "\
oml_version: 0.1.0
name: crowded
steps:
  - {id: source, component: test.source, mode: read, config: {rows: 3}}
  - {id: sink, component: test.sink, mode: write, needs: [source], config: {path: ids.txt}}
";

/// Returns a component that is only a spec.
fn component(spec: &str) -> Vec<u8> {
    let name = b"\x0bosiris:spec";
    let mut size = name.len() + spec.len();
    let mut bytes = b"\0asm\x0d\0\x01\0\0".to_vec();
    loop {
        let seven = (size & 0x7f) as u8;
        size >>= 7;
        bytes.push(if size == 0 { seven } else { seven | 0x80 });
        if size == 0 {
            break;
        }
    }
    [&bytes, &name[..], spec.as_bytes()].concat()
}

fn spec(name: &str, schema: &str) -> String {
    format!(
        "name: {name}\nversion: 1.0.0\nmodes: [extract]\nconfigSchema: {{type: object{schema}}}\n"
    )
}

/// Returns as many different patterns as fit in a spec.
fn patterns() -> String {
    let mut text = ", properties: {".to_owned();
    for at in 0..5000 {
        write!(text, "p{at}: {{pattern: 'x{at}\\p{{L}}{{18}}'}}, ").unwrap();
    }
    text + "}"
}

fn run(project: &TestProject, arguments: &[&str]) -> (i32, Duration, u64) {
    let started = Instant::now();
    let mut running = project.osiris(arguments).test_drivers().start();
    let peak = running.peak() >> 20;
    let finished = running.finish();
    (finished.code().unwrap_or(-1), started.elapsed(), peak)
}

#[test]
fn unused_drivers_cost_nothing() {
    let project = TestProject::new();
    project.write("pipeline.yaml", PIPELINE);
    let commands = [&["run", "pipeline.yaml"][..], &["validate", "pipeline.yaml"]];
    // Compile everything first.
    run(&project, commands[0]);
    let alone = commands.map(|command| run(&project, command));
    let text = patterns();
    for at in 0..60 {
        let name = format!("a{at}.patterns");
        project.write(format!("drivers/{name}.wasm"), component(&spec(&name, &text)));
    }
    for (command, (_, before, memory)) in commands.iter().zip(alone) {
        let (code, took, peak) = run(&project, command);
        assert_eq!(code, 0, "{command:?}");
        assert!(took < before + Duration::from_secs(3), "{command:?}: {took:?}, not {before:?}");
        assert!(peak < memory + 64, "{command:?}: {peak} MiB, not {memory}");
    }
    // Commands about all drivers list each of them, or the reason why not.
    for command in [&["drivers", "list"][..], &["doctor"], &["drivers", "audit"]] {
        let (_, took, peak) = run(&project, command);
        assert!(took < PATIENCE && peak < 300, "{command:?}: {took:?}, {peak} MiB");
    }
}

#[test]
fn ten_thousand_drivers_do_not_slow_a_run() {
    let project = TestProject::new();
    project.write("pipeline.yaml", PIPELINE);
    for at in 0..10_000 {
        let name = format!("a{at}.filler");
        let filler = format!(", description: {}", "test.source test.sink ".repeat(200));
        project.write(format!("drivers/{name}.wasm"), component(&spec(&name, &filler)));
    }
    let (code, took, peak) = run(&project, &["run", "pipeline.yaml"]);
    assert_eq!(code, 0);
    assert!(took < PATIENCE && peak < 300, "{took:?}, {peak} MiB");
    let (_, took, peak) = run(&project, &["drivers", "list"]);
    assert!(took < PATIENCE && peak < 300, "{took:?}, {peak} MiB");
}

#[test]
fn duplicate_driver_name_affects_only_its_users() {
    let project = TestProject::new();
    project.write("pipeline.yaml", PIPELINE);
    project.write("drivers/x.wasm", component(&spec("test.mirror", "")));
    for command in
        [&["run", "pipeline.yaml"][..], &["validate", "pipeline.yaml"], &["drivers", "list"]]
    {
        assert_eq!(run(&project, command).0, 0, "{command:?}");
    }
    project.write("uses.yaml", PIPELINE.replace("test.sink", "test.mirror"));
    let finished = project.osiris(["run", "uses.yaml"]).test_drivers().run();
    assert_eq!(finished.code(), Some(3), "{}", finished.stderr);
    for words in ["is defined twice", "drivers/x.wasm", "remove one of the files"] {
        assert!(finished.stderr.contains(words), "{words}: {}", finished.stderr);
    }
    let audit = project.osiris(["drivers", "audit"]).test_drivers().run();
    assert!(
        audit.code() == Some(1) && audit.stdout.contains("is defined twice"),
        "{}",
        audit.stdout
    );
}
