//! Tests Landlock: under its rules, a second process tries to read, write, connect and start
//! programs without permission.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::{fs, io};

use osiris_core::program;
use osiris_engine::process_sandbox::{Attempt, Enforcement, SelfTest};

use super::super::checks::Check;

/// Names of the attempts in the output.
const NAMES: [&str; 8] = [
    "landlock.own",
    "landlock.read",
    "landlock.list",
    "landlock.write",
    "landlock.port",
    "landlock.dial",
    "landlock.start",
    "landlock.signal",
];

/// Returns a check for Landlock itself and one for each attempt.
pub(super) fn checks(project: &Path) -> Vec<Check> {
    let proof = match prove(project) {
        Ok(proof) => proof,
        Err(error) => {
            let why = format!("cannot test the process sandbox: {error}");
            return vec![Check { name: "landlock", result: Err(why) }];
        }
    };
    let mut checks = vec![Check { name: "landlock", result: Ok(proof.strength.to_string()) }];
    // Without Landlock, runs work the same, so the attempts are not failures.
    if proof.strength != Enforcement::None {
        checks.extend(proof.attempts.iter().map(|attempt| check(attempt, proof.strength)));
    }
    checks
}

fn check(attempt: &Attempt, strength: Enforcement) -> Check {
    let Attempt { name, action, granted, main, second } = attempt;
    let outcome = match (main, second) {
        (true, true) => "denied for both threads",
        (false, false) => "allowed for both threads",
        (true, false) => "denied for the main thread, allowed for another thread",
        (false, true) => "allowed for the main thread, denied for another thread",
    };
    let text = format!("{action}: {outcome}");
    let result = match attempt.holds() {
        true => Ok(text),
        false if strength == Enforcement::Partial && !granted => {
            Ok(format!("{text}; denying this requires Linux 6.12 or later"))
        }
        false if *granted => Err(format!("{text}; runs would be denied access that they need")),
        false => Err(format!(
            "{text}; the process sandbox is not effective, so do not run untrusted drivers"
        )),
    };
    let name = NAMES.into_iter().find(|full_name| full_name.ends_with(&format!(".{name}")));
    Check { name: name.unwrap_or("landlock"), result }
}

fn prove(project: &Path) -> io::Result<SelfTest> {
    let folder = tempfile::tempdir()?;
    fs::create_dir(folder.path().join("own"))?;
    fs::write(folder.path().join("elsewhere"), "")?;
    let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let listeners = [listen()?, listen()?];
    let port = |of: usize| io::Result::Ok(listeners[of].local_addr()?.port().to_string());
    let mut command = program::command(&program::path(), "try-sandbox");
    let command = command.arg("--folder").arg(folder.path()).arg("--elsewhere").arg(project);
    let command = command.args(["--granted", &port(0)?, "--refused", &port(1)?]);
    let output = command.stdout(Stdio::piped()).output()?;
    serde_json::from_slice(&output.stdout).map_err(|_| {
        let stderr = String::from_utf8_lossy(&output.stderr);
        io::Error::other(format!("{} {}", output.status, stderr.trim()))
    })
}
