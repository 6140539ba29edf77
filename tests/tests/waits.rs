//! A driver that waits in a host call is stopped with the run: at the first Ctrl-C, within the
//! grace period.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use osiris_tests::TestProject;
use osiris_tests::session::Session;
use osiris_tests::wait::wait_for;

/// Grace period of a cancelled driver, and some more on a busy machine.
const GRACE: Duration = Duration::from_millis(2000 + 1500);

/// The same for a driver that does not notice the cancel, because it computes or waits for work of
/// the host.
const DEAF: Duration = Duration::from_millis(100 + 1500);

/// Interrupts the attack once it waits.
#[track_caller]
fn interrupt(attack: &str, port: u16) {
    interrupt_within(attack, port, GRACE);
}

#[track_caller]
fn interrupt_within(attack: &str, port: u16, grace: Duration) {
    let project = TestProject::new();
    let (mode, needs) = if attack == "input-forever" { ("write", "source") } else { ("read", "") };
    // The reader of the attack's output never reads.
    let stuck = match mode {
        "read" => {
            "  - {id: stuck, component: test.hostile, mode: write, needs: [attack], config: {attack: poll-forever}}\n"
        }
        _ => "",
    };
    project.write(
        "pipeline.yaml",
        format!(
            "\
oml_version: 0.1.0
name: waits
steps:
  - {{id: source, component: test.source, mode: read, config: {{rows: 10, then: hold}}}}
  - {{id: sink, component: test.sink, mode: write, needs: [source], config: {{path: ids.txt}}}}
  - {{id: attack, component: test.hostile, mode: {mode}, needs: [{needs}], config: {{attack: {attack}, connection: '@test.main'}}}}
{stuck}"
        ),
    );
    project.write(
        "osiris_connections.yaml",
        format!(
            "version: 1\nconnections:\n  test:\n    main: {{host: 127.0.0.1, port: {port}, password: '${{SECRET}}'}}\n"
        ),
    );
    let running =
        project.osiris(["run", "pipeline.yaml"]).test_drivers().env("SECRET", "nothing").start();
    let steps = if stuck.is_empty() { &["attack"][..] } else { &["attack", "stuck"] };
    for step in steps {
        wait_for("the attack to begin", Duration::from_secs(60), || begun(&project, step));
    }
    let interrupted = Instant::now();
    running.interrupt();
    let finished = running.finish();
    let took = interrupted.elapsed();
    assert!(took < grace, "{attack} took {took:?}");
    let session = Session::only(&project);
    assert_eq!(session.status["status"], "cancelled", "{}", finished.stderr);
    assert_eq!(session.status["exit_code"], finished.code().unwrap());
    assert_eq!(session.status["error"]["kind"], "cancelled");
    for step in ["source", "sink", "attack"] {
        assert_eq!(session.step(step)["status"], "cancelled");
    }
    assert_eq!(project.files(), ["osiris_connections.yaml", "pipeline.yaml"]);
    eprintln!("{attack} was stopped after {took:?}");
}

/// Returns the file that a step writes just before it waits.
fn begun(project: &TestProject, step: &str) -> Option<PathBuf> {
    let sessions = fs::read_dir(project.path("logs")).into_iter().flatten().flatten();
    let mut files =
        sessions.map(|session| session.path().join("artifacts").join(step).join("begun"));
    files.find(|file| file.exists())
}

#[test]
fn poll_of_a_distant_timer_is_cancelled() {
    interrupt("poll-forever", 9);
}

#[test]
fn read_of_a_silent_socket_is_cancelled() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    interrupt("socket-forever", silent.local_addr().unwrap().port());
}

#[test]
fn loop_until_cancelled_is_cancelled() {
    interrupt("loop-until-cancelled", 9);
}

#[test]
fn write_to_an_unread_output_is_cancelled() {
    interrupt("output-forever", 9);
}

#[test]
fn endless_events_are_cancelled() {
    interrupt_within("events-forever", 9, DEAF);
}

#[test]
fn endless_metric_tags_are_cancelled() {
    interrupt_within("tags-forever", 9, DEAF);
}

#[test]
fn endless_states_are_cancelled() {
    interrupt_within("states-forever", 9, GRACE);
}

#[test]
fn read_of_an_endless_input_is_cancelled() {
    interrupt("input-forever", 9);
}

/// A step that moves rows may take long; one that does nothing may not.
#[test]
fn step_without_progress_is_stopped() {
    let project = TestProject::new();
    project.write(
        "pipeline.yaml",
        "\
oml_version: 0.1.0
name: idle
steps:
  - {id: source, component: test.source, mode: read, config: {rows: 10, then: hold}}
  - {id: sink, component: test.sink, mode: write, needs: [source], config: {path: ids.txt}}
",
    );
    let run = project.osiris(["run", "pipeline.yaml", "--limit", "idle=1"]).test_drivers().run();
    let run = run.expect(1);
    assert!(run.stderr.contains("the driver made no progress"), "{}", run.stderr);
    assert!(run.stderr.contains("`--limit idle=1`"), "{}", run.stderr);
    assert!(!project.exists("ids.txt"));
}
