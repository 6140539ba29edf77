//! Attacks of a hostile driver, and their expected results.
//!
//! Every attack runs next to harmless steps: `bystander` and its sink must succeed before, and
//! `victim` reads the attacker's output.

pub mod bomb;
mod pipeline;
pub mod probe;
mod report;
mod secret;
pub mod spec;

use std::fs;
use std::path::Path;
use std::sync::Once;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::session::Session;
use crate::{Finished, TestProject, snapshot};

/// Maximum duration of an attack beyond its own time limit.
const PATIENCE: Duration = Duration::from_secs(20);
/// Maximum delay before a driver is stopped at its limit, on a busy machine.
const LATE: Duration = Duration::from_millis(1500);
/// Maximum size of an attack's sessions on disk, in bytes.
const MAX_SESSION: u64 = 64 << 20;

/// An entry of `attacks.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attack {
    /// Name of the attack in `tests/drivers/hostile`.
    pub attack: String,
    /// Position of the attacker in the pipeline.
    #[serde(default)]
    mode: Mode,
    /// The `limits` of the project.
    #[serde(default)]
    limits: Map<String, Value>,
    /// Expected kind of failure, or `None` if the run must succeed.
    kind: Option<String>,
    /// Number of rows that the bystander produces, one per batch.
    #[serde(default = "three")]
    rows: u64,
    /// Attack of a second attacker that produces the input table; `None` if the bystander produces
    /// it.
    source: Option<String>,
    /// Whether a reader lags behind the attacker by its whole output.
    #[serde(default)]
    lagging: bool,
    /// Whether the attacker may write `out.txt`, like a driver with an output.
    #[serde(default)]
    writes: bool,
    /// Whether the files that the attacker may read include a named pipe.
    #[serde(default)]
    pipe: bool,
    /// Files that the attacker leaves in the project, where it may write.
    #[serde(default)]
    leaves: Vec<String>,
    /// Host of the attacker's connection, which never answers; `None` without a connection.
    connection: Option<String>,
    /// Maximum size of a file in bytes, to simulate a full disk.
    file_size: Option<u64>,
    /// Maximum number of files that the host can have open.
    open_files: Option<u64>,
    /// Whether to run the attack twice and check the second run.
    #[serde(default)]
    again: bool,
    /// Whether the result depends on timing. Only the files left are checked, and the time and
    /// memory if the run must fail.
    #[serde(default)]
    is_race: bool,
    /// Exit code of the command if the attacker leaves no session to check.
    without_session: Option<i32>,
    /// A step that runs next to or after the attacker and must not be harmed.
    beside: Option<Beside>,
    /// Maximum memory of host and drivers together, in MiB.
    #[serde(default = "half_a_gibibyte")]
    peak_mib: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    #[default]
    Read,
    Transform,
    Write,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Beside {
    /// One of our drivers, which writes into a directory that the attacker may change.
    Writer,
    /// A step for which the host itself writes files, after the attacker has ended.
    Late,
}

fn three() -> u64 {
    3
}

fn half_a_gibibyte() -> u64 {
    512
}

/// Reads the list of attacks.
///
/// # Panics
/// Panics if the file is invalid.
pub fn list(path: &Path) -> Vec<Attack> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{error}"));
    serde_yaml_ng::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Attack {
    /// Runs the attack and compares everything visible with `<folder>/<attack>.txt`.
    ///
    /// # Errors
    /// Returns a description of what the host failed to prevent.
    pub fn run(&self, folder: &Path) -> Result<(), String> {
        // Compile the attacker once, not in every test at the same time.
        static WARM: Once = Once::new();
        WARM.call_once(|| drop(self.execute(&TestProject::new())));
        let project = TestProject::new();
        let mut finished = self.execute(&project);
        if self.again {
            finished = self.osiris(&project).run();
        }
        if self.is_race || self.without_session.is_some() {
            return self.check_command(&finished, &project, folder);
        }
        let session = match Session::all(&project)?.pop() {
            Some(session) => session,
            None => return Err(format!("there is no session: {}", finished.stderr)),
        };
        let report = report::of(&finished, &session, &project);
        snapshot::compare(&folder.join(format!("{}.txt", self.attack)), &report)?;
        self.check_end(&finished, &session)?;
        self.check_steps(&session)?;
        self.check_files(&project)?;
        pipeline::check_outside(&project)?;
        secret::check(&project, &finished)?;
        check_words(&finished, &session.log)
    }

    /// Checks the command's results that need no session or do not depend on timing.
    fn check_command(
        &self,
        finished: &Finished,
        project: &TestProject,
        folder: &Path,
    ) -> Result<(), String> {
        if let Some(code) = self.without_session {
            let text = format!("--- stdout\n{}--- stderr\n{}", finished.stdout, finished.stderr);
            let text = snapshot::normalise(&text, project);
            snapshot::compare(&folder.join(format!("{}.txt", self.attack)), &text)?;
            if finished.code() != Some(code) {
                return Err(format!("ended with {}: {}", finished.status, finished.stderr));
            }
        } else {
            let session = Session::all(project)?.pop();
            let status = session.as_ref().map(|session| session.status["exit_code"].clone());
            if !matches!(finished.code(), Some(0 | 1)) || status != Some(json!(finished.code())) {
                return Err(format!("{}, but {status:?} in status.json", finished.status));
            }
            if let Some(session) = session.filter(|_| self.kind.is_some()) {
                self.check_end(finished, &session)?;
            }
        }
        pipeline::check_outside(project)?;
        check_words(finished, "")
    }

    fn check_end(&self, finished: &Finished, session: &Session) -> Result<(), String> {
        let code = i32::from(self.kind.is_some());
        if finished.code() != Some(code) {
            return Err(format!("ended with {}: {}", finished.status, finished.stderr));
        }
        if finished.took > PATIENCE {
            return Err(format!("took {} s", finished.took.as_secs()));
        }
        let status = &session.status;
        let wanted = if self.kind.is_some() { "failed" } else { "success" };
        if status["status"] != wanted
            || status["exit_code"] != code
            || status["error"]["kind"] != json!(self.kind)
        {
            return Err(format!("status.json should say {wanted}, {:?}: {status:#}", self.kind));
        }
        let limit = self.limits.get("seconds").and_then(Value::as_u64).map(Duration::from_secs);
        if let Some(limit) = limit.filter(|_| status["error"]["kind"] == "timeout") {
            let took = session.step("attack")["duration_ms"].as_u64().unwrap_or(u64::MAX);
            let late = Duration::from_millis(took).checked_sub(limit);
            if late.is_none_or(|late| late > LATE) {
                return Err(format!("its limit is {limit:?}, it was stopped after {took} ms"));
            }
        }
        let peak = status["peak_memory_bytes"].as_u64().unwrap_or(u64::MAX) >> 20;
        if peak > self.peak_mib {
            return Err(format!("used {peak} MiB at its peak; {} are enough", self.peak_mib));
        }
        Ok(())
    }

    /// Checks that the harmless steps succeeded with the right number of rows.
    fn check_steps(&self, session: &Session) -> Result<(), String> {
        for id in ["bystander", "bystander-sink"] {
            let step = session.step(id);
            if step["status"] != "success" || step["rows_out"] != self.rows {
                return Err(format!("the step beside the attack suffered: {step}"));
            }
        }
        let forged = session.events.iter().filter(|event| {
            let of_the_run =
                event["event_type"].as_str().is_some_and(|name| name.starts_with("run_"));
            of_the_run && event["step_id"] == "attack" && event["event_type"] != "run_error"
        });
        match forged.count() {
            0 => Ok(()),
            count => Err(format!("{count} events of the run were forged")),
        }
    }

    /// Checks that no files exist except those from before, the bystander's output, and the
    /// victim's output if the run succeeded.
    fn check_files(&self, project: &TestProject) -> Result<(), String> {
        let mut wanted = vec!["bystander.txt"];
        wanted.extend(self.leaves.iter().map(String::as_str));
        wanted.extend([
            "data/file.txt",
            "data/link-to-file",
            "data/link-to-folder",
            "data/link-to-root",
        ]);
        wanted.extend(["osiris.yaml", "pipeline.yaml"]);
        if self.kind.is_none() && self.mode != Mode::Write {
            wanted.push("victim.txt");
        }
        if self.connection.is_some() {
            wanted.push("osiris_connections.yaml");
        }
        wanted.sort_unstable();
        let files = project.files();
        if files != wanted {
            return Err(format!("these files are there: {files:?}"));
        }
        if project.read("data/file.txt") != "mine\n" {
            return Err("a file was changed that the driver may only read".into());
        }
        let size = report::size(&project.path("logs"));
        if size > MAX_SESSION {
            return Err(format!("the session takes {size} bytes"));
        }
        Ok(())
    }
}

/// Returns whether a character is invisible or changes the direction of text. Incomplete.
fn is_invisible(character: char) -> bool {
    matches!(u32::from(character), 0xad | 0x61c | 0x115f | 0x1160 | 0x180e | 0x3164 | 0xfeff | 0xffa0
        | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfe00..=0xfe0f | 0xe0000..=0xe0fff)
}

/// Checks that a driver cannot control a terminal.
fn check_words(finished: &Finished, log: &str) -> Result<(), String> {
    for (name, text) in
        [("stdout", finished.stdout.as_str()), ("stderr", &finished.stderr), ("osiris.log", log)]
    {
        let acts = |c: &char| c.is_control() && *c != '\n' || is_invisible(*c);
        if let Some(character) = text.chars().find(acts) {
            return Err(format!("{name} has the character {character:?}"));
        }
    }
    Ok(())
}
