//! What a hostile driver tries, and what must come of it.
//!
//! Every attack runs beside steps that do no harm: `bystander` and its sink
//! have to end well before, and the `victim` reads what the attacker makes.

mod report;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Once;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::session::Session;
use crate::{Finished, Sandbox, snapshot};

/// What no attack may take longer than, beyond its own time limit.
const PATIENCE: Duration = Duration::from_secs(20);
/// What all attacks together with their sessions may take of the disk.
const MAX_SESSION: u64 = 64 << 20;

/// A line of `attacks.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attack {
    /// Its name, as `tests/drivers/hostile` knows it.
    pub attack: String,
    /// Where in the pipeline the attacker sits.
    #[serde(default)]
    mode: Mode,
    /// The `limits` of the project.
    #[serde(default)]
    limits: Map<String, Value>,
    /// The kind of failure; none if the run has to end well.
    kind: Option<String>,
    /// How many rows the bystander makes, one in each batch.
    #[serde(default = "three")]
    rows: u64,
    /// Whether a reader lags behind the attacker by all that it makes.
    #[serde(default)]
    lagging: bool,
    /// The most memory that host and drivers may use together.
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

fn three() -> u64 {
    3
}

fn half_a_gibibyte() -> u64 {
    512
}

/// Reads the list.
///
/// # Panics
/// It is not what it has to be.
pub fn list(path: &Path) -> Vec<Attack> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{error}"));
    serde_yaml_ng::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Attack {
    /// Runs it and compares all that came of it with `<folder>/<attack>.txt`.
    ///
    /// # Errors
    /// Says what the host let through.
    pub fn run(&self, folder: &Path) -> Result<(), String> {
        // Compile the attacker once, not in every test at the same time.
        static WARM: Once = Once::new();
        WARM.call_once(|| drop(self.execute(&Sandbox::new())));
        let sandbox = Sandbox::new();
        let finished = self.execute(&sandbox);
        let session = match Session::all(&sandbox)?.pop() {
            Some(session) => session,
            None => return Err(format!("there is no session: {}", finished.stderr)),
        };
        let report = report::of(&finished, &session, &sandbox);
        snapshot::compare(&folder.join(format!("{}.txt", self.attack)), &report)?;
        self.check_end(&finished, &session)?;
        self.check_steps(&session)?;
        self.check_files(&sandbox)?;
        check_words(&finished, &session)
    }

    fn execute(&self, sandbox: &Sandbox) -> Finished {
        let settings = json!({"version": 1, "limits": self.limits});
        sandbox.write("osiris.yaml", settings.to_string());
        sandbox.write("pipeline.yaml", self.pipeline().to_string());
        sandbox.write("data/file.txt", "mine\n");
        fs::write(sandbox.outside().join("secret.txt"), "not for drivers\n")
            .expect("the sandbox can be written");
        for (name, target) in [
            ("link-to-file", "../../secret.txt"),
            ("link-to-folder", "../.."),
            ("link-to-root", "/"),
        ] {
            symlink(target, sandbox.path("data").join(name)).expect("links can be made");
        }
        sandbox.osiris(["run", "pipeline.yaml"]).guests().run()
    }

    fn pipeline(&self) -> Value {
        let (mode, mut needs) = match self.mode {
            Mode::Read => ("read", vec![]),
            Mode::Transform => ("transform", vec!["bystander"]),
            Mode::Write => ("write", vec!["bystander"]),
        };
        needs.push("bystander-sink");
        let mut steps = vec![
            json!({
                "id": "bystander", "component": "test.source", "mode": "read",
                "config": {"rows": self.rows, "batch": 1},
            }),
            json!({
                "id": "bystander-sink", "component": "test.sink", "mode": "write",
                "needs": ["bystander"], "config": {"path": "bystander.txt"},
            }),
            json!({
                "id": "attack", "component": "test.hostile", "mode": mode, "needs": needs,
                "config": {"attack": self.attack},
            }),
        ];
        let mut end = "attack";
        if self.lagging {
            let forward = |id: &str, needs: &[&str]| json!({"id": id, "component": "test.passthrough", "mode": "transform", "needs": needs});
            steps.extend([forward("fast", &["attack"]), forward("lagging", &["fast", "attack"])]);
            end = "lagging";
        }
        if self.mode != Mode::Write {
            steps.push(json!({
                "id": "victim", "component": "test.sink", "mode": "write",
                "needs": [end], "config": {"path": "victim.txt"},
            }));
        }
        json!({"oml_version": "0.1.0", "name": "attack", "steps": steps})
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
        let peak = status["peak_memory_bytes"].as_u64().unwrap_or(u64::MAX) >> 20;
        if peak > self.peak_mib {
            return Err(format!("used {peak} MiB at its peak; {} are enough", self.peak_mib));
        }
        Ok(())
    }

    /// What does no harm must have ended well, and with its own numbers.
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

    /// Nothing may be there but what was, what the bystander wrote, and what
    /// the victim wrote if all went well.
    fn check_files(&self, sandbox: &Sandbox) -> Result<(), String> {
        let mut wanted = vec!["bystander.txt"];
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
        let files = sandbox.files();
        if files != wanted {
            return Err(format!("these files are there: {files:?}"));
        }
        if sandbox.read("data/file.txt") != "mine\n" {
            return Err("a file was changed that the driver may only read".into());
        }
        let size = report::size(&sandbox.path("logs"));
        if size > MAX_SESSION {
            return Err(format!("the session takes {size} bytes"));
        }
        Ok(())
    }
}

/// A driver must not draw on anybody's terminal.
fn check_words(finished: &Finished, session: &Session) -> Result<(), String> {
    for (name, text) in
        [("stdout", &finished.stdout), ("stderr", &finished.stderr), ("osiris.log", &session.log)]
    {
        let control = |c: &char| c.is_control() && *c != '\n';
        if let Some(character) = text.chars().find(control) {
            return Err(format!("{name} has the control character {character:?}"));
        }
    }
    Ok(())
}
