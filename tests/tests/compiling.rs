//! Drivers are compiled in a separate process with limited time and memory: however expensive a
//! component is, the command that needs it reports an error and leaves nothing behind.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use osiris_tests::attack::bomb::{SPEC, busy, lacking};
use osiris_tests::wait::wait_for;
use osiris_tests::{Osiris, Running, TestProject};

const PIPELINE: &str = "\
oml_version: 0.1.0
name: busy
steps:
  - {id: read, component: test.busy, mode: read, config: {}}
  - {id: write, component: test.sink, mode: write, config: {path: ids.txt}}
";
const CONNECTIONS: &str = "version: 1\nconnections: {test: {main: {host: localhost}}}\n";

/// Returns a driver of 50 kB that would take minutes to compile, also on a fast machine.
fn slow() -> Vec<u8> {
    let driver = busy(5, 63, 900);
    assert!(driver.len() < 60_000);
    driver
}

/// Creates a project with this driver, and a separate cache.
fn new_project(driver: &[u8]) -> TestProject {
    let project = TestProject::new();
    project.write("drivers/test.busy.wasm", driver);
    project.write("pipeline.yaml", PIPELINE);
    project.write("osiris_connections.yaml", CONNECTIONS);
    project.write("spec.yaml", SPEC);
    project
}

fn osiris(project: &TestProject, command: &str) -> Osiris {
    let cache = project.outside().join("home/cache");
    project.osiris(command.split(' ')).test_drivers().env("OSIRIS_CACHE", cache)
}

/// Returns the process that compiles for this one.
fn compiler(running: &Running) -> Option<u32> {
    let id = running.id();
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
    children.split_whitespace().find_map(|child| {
        let command = fs::read_to_string(format!("/proc/{child}/cmdline")).ok()?;
        command.contains("compile-driver").then(|| child.parse().ok())?
    })
}

fn lives(process: u32) -> bool {
    // A zombie process has ended, too.
    let status = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    status.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

/// Checks that every command that needs the code reports why it is not available.
#[track_caller]
fn is_refused(driver: &[u8], why: &str, within: Duration) {
    let project = new_project(driver);
    for (command, exit) in [
        ("run pipeline.yaml", 2),
        ("discover @test.main", 2),
        ("connections doctor", 3),
        ("drivers test drivers/test.busy.wasm --only component", 1),
        ("drivers pack drivers/test.busy.wasm --spec spec.yaml --out packed.wasm", 2),
    ] {
        let mut running = osiris(&project, command).patience(within).start();
        let peak = running.peak();
        let finished = running.finish().expect(exit);
        let told = format!("{}{}", finished.stdout, finished.stderr);
        assert!(told.contains("cannot compile driver `test.busy`: "), "{command}: {told}");
        assert!(told.contains(why), "{command}: {told}");
        assert!(finished.took < within, "{command} took {:?}", finished.took);
        assert!(peak < 200 << 20, "{command} held {peak} bytes");
    }
    // Nothing was cached for the next time.
    let kept = fs::read_dir(project.outside().join("home/cache/compiled")).unwrap();
    assert_eq!(kept.filter(|file| file.as_ref().unwrap().path().ends_with("cwasm")).count(), 0);
    assert!(!project.exists("logs"), "there was no run");
}

#[test]
fn deeply_nested_loops_are_rejected_before_compiling() {
    for depth in [100, 300, 500, 1500] {
        let why = "a function nests more than 64 loops";
        is_refused(&busy(1, depth, depth), why, Duration::from_secs(5));
    }
}

#[test]
fn slow_compilation_ends_at_its_time_limit() {
    // Ten seconds of CPU time, on a machine that can be busy with other things.
    is_refused(&slow(), "compilation needs more than 10 s of CPU time", Duration::from_secs(120));
}

#[test]
fn large_compilation_ends_at_its_memory_limit() {
    let project = new_project(&busy(1, 64, 40_000));
    let running = osiris(&project, "run pipeline.yaml").patience(Duration::from_secs(120)).start();
    let child = wait_for("the compiler", Duration::from_secs(20), || compiler(&running));
    let mut peak = 0;
    while lives(child) {
        let status = fs::read_to_string(format!("/proc/{child}/status")).unwrap_or_default();
        let held = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = held.and_then(|held| held.trim().trim_end_matches(" kB").parse::<u64>().ok());
        peak = peak.max(kib.unwrap_or_default() << 10);
        std::thread::sleep(Duration::from_millis(5));
    }
    let finished = running.finish().expect(2);
    let why = "cannot compile driver `test.busy`: compilation needs more than 2.00 GiB of memory";
    assert!(finished.stderr.contains(why), "{}", finished.stderr);
    assert!((1 << 30..(2 << 30) + (200 << 20)).contains(&peak), "it held {peak} bytes");
}

#[test]
fn unsupported_wasm_features_are_rejected() {
    for (what, driver) in lacking() {
        let project = new_project(&driver);
        let run = osiris(&project, "run pipeline.yaml").run();
        assert_eq!(run.code(), Some(2), "{what}: {} {}", run.status, run.stderr);
        assert!(run.stderr.contains("the component is not valid"), "{what}: {}", run.stderr);
    }
}

#[test]
fn ctrl_c_ends_a_compilation_and_leaves_no_process() {
    let project = new_project(&slow());
    for command in ["run pipeline.yaml", "discover @test.main", "connections doctor"] {
        for kill in [Running::interrupt, Running::kill] {
            let running = osiris(&project, command).start();
            let child = wait_for("the compiler", Duration::from_secs(20), || compiler(&running));
            std::thread::sleep(Duration::from_millis(200));
            let since = Instant::now();
            kill(&running);
            assert!(running.finish().code().is_none_or(|code| code != 0));
            let took = since.elapsed();
            assert!(took < Duration::from_millis(300), "{command} took {took:?}");
            wait_for("the end of the compiler", Duration::from_millis(500), || {
                (!lives(child)).then_some(())
            });
        }
    }
    assert!(!project.exists("logs"), "there was no run");
}

#[test]
fn compiler_process_is_restricted() {
    let project = new_project(&slow());
    let running =
        osiris(&project, "run pipeline.yaml").env("MYSQL_PASSWORD", "hunter2hunter2").start();
    let child = wait_for("the compiler", Duration::from_secs(20), || compiler(&running));
    let about = |name: &str| fs::read_to_string(format!("/proc/{child}/{name}")).unwrap();
    let limit = |name: &str| {
        let limits = about("limits");
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().next().unwrap().to_owned()
    };
    wait_for("its limits", Duration::from_secs(5), || {
        (limit("Max core file size") == "0").then_some(())
    });
    wait_for("its sandbox", Duration::from_secs(5), || {
        (about("status").contains("NoNewPrivs:\t1")).then_some(())
    });
    assert_eq!(limit("Max cpu time"), "10");
    assert_eq!(limit("Max open files"), "16");
    for memory in ["Max address space", "Max data size", "Max file size"] {
        assert!(limit(memory).parse::<u64>().is_ok(), "{memory} is {}", limit(memory));
    }
    let environment = about("environ");
    let names = environment.split_terminator('\0').filter_map(|pair| pair.split('=').next());
    assert_eq!(names.collect::<Vec<_>>(), ["RAYON_NUM_THREADS"]);
    assert_eq!(fs::read_link(format!("/proc/{child}/cwd")).unwrap(), PathBuf::from("/"));
    let open = fs::read_dir(format!("/proc/{child}/fd")).unwrap();
    let open = open.filter_map(|file| fs::read_link(file.unwrap().path()).ok());
    let open: Vec<_> = open.map(|leads_to| leads_to.display().to_string()).collect();
    assert_eq!(open.len(), 3, "standard input, output and error: {open:?}");
    running.interrupt();
}

#[test]
fn truncated_code_is_recompiled() {
    let project = TestProject::new();
    project.write("pipeline.yaml", PIPELINE.replace("test.busy", "test.source"));
    osiris(&project, "run pipeline.yaml").run().expect(0);
    let folder = project.outside().join("home/cache/compiled");
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 2);
    for file in &files {
        let code = fs::read(file).unwrap();
        fs::write(file, &code[..code.len() / 2]).unwrap();
    }
    let again = osiris(&project, "run pipeline.yaml").run().expect(0);
    assert!(again.stderr.contains("Compiling the driver test.source"), "{}", again.stderr);
    osiris(&project, "run pipeline.yaml").run().expect(0);
}
