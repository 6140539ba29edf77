//! Malicious workers: whatever a sandbox sends, the host writes only files of the plan, and reports
//! the error.

mod attack;
mod files;
mod leaks;
mod lines;
mod silence;
mod words;

use std::os::unix::fs::symlink;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use osiris_tests::secret::{SECRET, assert_hidden};
use osiris_tests::service::new_project;
use osiris_tests::session::Session;
use osiris_tests::{Cloud, Finished};
use serde_json::Value;

use attack::Attack;

/// Maximum memory of the host, in bytes.
const MEMORY: u64 = 200 << 20;
/// Maximum output of the host, in bytes.
const MAX_SAID: usize = 256 << 10;
/// Code shared by all workers, with a placeholder for the attack.
const WORKER: &str = include_str!("worker.py");
/// Text that moves the cursor, clears the screen and imitates a line of osiris.
const BAD: &str = "BAD = '\\x1b[2J\\x1b]0;x\\x07\\r\\x9b1m\\nforged\\u202e'\n";
/// Reads the secret without answering.
const LOOK: &str = "\
def prepare_secret():
    global secret
    configs = json.load(open(folder + '/confidential.json'))['configs']
    secret = configs['ask']['resolved_connection']['password']

";

fn main() -> ExitCode {
    let trial =
        |attack: &'static Attack| Trial::test(attack.name, || run(attack).map_err(Failed::from));
    let attacks =
        [silence::ATTACKS, files::ATTACKS, lines::ATTACKS, words::ATTACKS, leaks::ATTACKS];
    let trials = attacks.into_iter().flatten().map(trial).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn run(attack: &Attack) -> Result<(), String> {
    let cloud = Cloud::bare();
    // The service is not contacted: no driver runs.
    let project = new_project("127.0.0.1", 7, "");
    project.write(".env", "MINE=1\n");
    let pipeline = project.read("pipeline.yaml").replace("lines.txt", attack.output);
    project.write("pipeline.yaml", pipeline);
    // A link from a directory that a step may write to one that no step may write.
    project.write("private/mine.txt", "mine\n");
    project.write("out/mine.txt", "mine\n");
    symlink("../private", project.path("out/link")).expect("links can be made");
    symlink("../private/mine.txt", project.path("out/file")).expect("links can be made");
    let runtime = project.outside().join("worker.py");
    let does = format!("{BAD}{LOOK}{}\n", attack.does);
    std::fs::write(&runtime, WORKER.replace("#ATTACK#", &does)).expect("it can be written");
    let before = project.files();
    let limit = if attack.kind == "timeout" { "2" } else { "60" };
    let more = ["--e2b-install-deps", "--e2b-timeout", limit, "--verbose"];
    let osiris = cloud.run(&project, "pipeline.yaml", &more).env("SECRET", SECRET);
    let mut running = osiris.env("OSIRIS_E2B_RUNTIME", &runtime).start();
    let peak = running.peak();
    let finished = running.finish();
    if peak > MEMORY {
        return Err(format!("used {} MiB at its peak", peak >> 20));
    }
    let said = finished.stdout.len() + finished.stderr.len();
    if said > MAX_SAID {
        return Err(format!("said {said} bytes"));
    }
    if finished.code() != Some(attack.exit) {
        return Err(format!("ended with {}: {}", finished.status, finished.stderr));
    }
    cloud.assert_empty();
    if project.files() != before {
        return Err(format!("these files are there: {:?}", project.files()));
    }
    if project.read(".env") != "MINE=1\n"
        || project.read("private/mine.txt") != "mine\n"
        || std::fs::read_dir(project.outside()).map_or(0, Iterator::count) != 3
    {
        return Err("a file was written that nobody may write".to_owned());
    }
    let session = Session::only(&project);
    check_status(attack, &session.status)?;
    check_words(&finished, &session)?;
    assert_hidden(&project, &finished);
    Ok(())
}

fn check_status(attack: &Attack, status: &Value) -> Result<(), String> {
    let error = &status["error"];
    let kind = error["kind"].as_str().unwrap_or_default();
    let message = error["message"].as_str().unwrap_or_default();
    let honest = status["status"] == "failed"
        && status["exit_code"] == attack.exit
        && (attack.kind.is_empty() || attack.kind == kind)
        && message.contains(attack.says);
    match honest {
        true => Ok(()),
        false => Err(format!("not what it should say: {status:#}")),
    }
}

/// Checks that no output controls the terminal, and that no log line is forged by the worker.
fn check_words(finished: &Finished, session: &Session) -> Result<(), String> {
    for (name, text) in
        [("stdout", &finished.stdout), ("stderr", &finished.stderr), ("osiris.log", &session.log)]
    {
        if let Some(odd) = text.chars().find(|c| c.is_control() && *c != '\n' || *c == '\u{202e}') {
            return Err(format!("{name} has the character {odd:?}:\n{text}"));
        }
    }
    match session.log.lines().find(|line| line.starts_with("forged")) {
        None => Ok(()),
        Some(line) => Err(format!("osiris.log has a line of the worker's: {line}")),
    }
}
