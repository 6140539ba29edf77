//! The host's side of a conversation with a worker, with every line checked against the schema.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use jsonschema::Validator;
use osiris_tests::wait::wait_for;
use osiris_tests::{TestProject, built};
use serde_json::{Value, json};

/// Maximum time for any answer of the worker.
const PATIENCE: Duration = Duration::from_secs(30);

/// The drivers of the run.
const DRIVERS: [&str; 2] = ["test.source", "test.sink"];

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/e2b/src/protocol.schema.json");
    let text = fs::read_to_string(path).expect("the schema is there");
    let schema = serde_json::from_str(&text).expect("the schema is JSON");
    jsonschema::draft202012::new(&schema).expect("it is one of 2020-12")
});

#[track_caller]
fn check(line: &Value) {
    if let Err(error) = SCHEMA.validate(line) {
        panic!("{error} at `{}`: {line}", error.instance_path());
    }
}

/// A worker and the files it was sent.
pub(crate) struct Talk {
    project: TestProject,
    child: Child,
    pub(crate) input: Option<ChildStdin>,
    lines: Receiver<String>,
    sent: u64,
    /// Every line received.
    pub(crate) heard: String,
    last: u64,
}

impl Talk {
    /// Starts a worker and sends the files of a run with this source.
    pub(crate) fn start(source: &Value) -> Self {
        Self::begin(source, true)
    }

    /// Like [`Talk::start`], but without reading the worker's output.
    pub(crate) fn start_unheard(source: &Value) -> Self {
        Self::begin(source, false)
    }

    fn begin(source: &Value, listening: bool) -> Self {
        let project = TestProject::new();
        let folder = project.outside().join("worker");
        let base = project.outside().join("base");
        for folder in [&folder, &base] {
            fs::create_dir(folder).expect("the folder is empty");
        }
        for driver in DRIVERS {
            // The worker may only read files next to its directory.
            let to = project.outside().join(driver);
            fs::copy(built::test_driver(driver), to).expect("a driver can be copied");
        }
        let mut child = Command::new(built::osiris())
            .args(["worker", "--folder"])
            .arg(&folder)
            .arg("--base")
            .arg(&base)
            .env("OSIRIS_CACHE", project.outside().join("cache"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("osiris starts");
        let (sender, lines) = channel();
        let output = child.stdout.take().filter(|_| listening);
        thread::spawn(move || {
            let lines = output.into_iter().flat_map(|output| BufReader::new(output).lines());
            // The test may have ended.
            lines.map_while(Result::ok).all(|line| sender.send(line).is_ok());
        });
        let input = child.stdin.take();
        let talk = Self { project, child, input, lines, sent: 0, heard: String::new(), last: 0 };
        talk.ship(source);
        talk
    }

    /// Writes the plan and the secrets.
    pub(crate) fn ship(&self, source: &Value) {
        let pipeline = json!({"oml_version": "0.1.0", "name": "work", "steps": [
            {"id": "source", "component": "test.source", "mode": "read", "config": source},
            {"id": "write", "component": "test.sink", "mode": "write", "config": {"path": "ids.txt"}},
        ]});
        self.project.write("pipeline.yaml", pipeline.to_string());
        let compile = ["compile", "pipeline.yaml", "--json"];
        self.project.osiris(compile).test_drivers().run().expect(0);
        let build = self.build();
        let config = |step: &str| -> Value {
            let text =
                fs::read_to_string(build.join(format!("cfg/{step}.json"))).expect("compiled");
            serde_json::from_str(&text).expect("it is JSON")
        };
        let plan = json!({
            "session_id": "20260101T000000000Z-00000000",
            "base": self.base(),
            "manifest": fs::read_to_string(build.join("manifest.yaml")).expect("compiled"),
            "limits": {"seconds": {"value": 60, "by": "project"}},
            "drivers": DRIVERS.map(|driver| self.project.outside().join(driver)),
            "compiled": {}, "inputs": {}, "folders": [], "states": {},
        });
        fs::write(self.file("plan.json"), plan.to_string()).expect("it can be written");
        let configs = json!({"configs": {"source": config("source"), "write": config("write")}});
        fs::write(self.file("confidential.json"), configs.to_string()).expect("it can be written");
        fs::set_permissions(self.file("confidential.json"), Permissions::from_mode(0o600))
            .expect("it is ours");
    }

    fn build(&self) -> PathBuf {
        let folder = self.project.path(".osiris/build/work");
        let builds = fs::read_dir(folder).expect("it is compiled").flatten();
        let newest =
            builds.max_by_key(|entry| entry.metadata().and_then(|about| about.modified()).ok());
        newest.expect("a build").path()
    }

    /// Returns the path of a file in the worker's directory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.project.outside().join("worker").join(name)
    }

    /// Returns the base path of the run.
    pub(crate) fn base(&self) -> PathBuf {
        self.project.outside().join("base")
    }

    /// Sends a command and returns its number.
    pub(crate) fn command(&mut self, mut body: Value) -> u64 {
        self.sent += 1;
        body["n"] = self.sent.into();
        check(&body);
        self.write(&format!("{body}\n"));
        self.sent
    }

    /// Writes text to the worker's input unchanged.
    pub(crate) fn write(&mut self, text: &str) {
        let input = self.input.as_mut().expect("it is open");
        input.write_all(text.as_bytes()).expect("the worker reads");
    }

    /// Sends `prepare` for the plan.
    pub(crate) fn prepare(&mut self) -> u64 {
        let hash = sha256(&self.file("plan.json"));
        self.prepare_as(&hash)
    }

    /// Sends `prepare` with this hash of the plan.
    pub(crate) fn prepare_as(&mut self, hash: &str) -> u64 {
        let (plan, confidential) = (self.file("plan.json"), self.file("confidential.json"));
        self.command(json!({
            "cmd": "prepare", "plan": plan, "plan_sha256": hash, "confidential": confidential,
        }))
    }

    /// Returns the next line.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Value {
        let line = self.lines.recv_timeout(PATIENCE).expect("the worker says something");
        self.heard.push_str(&line);
        self.heard.push('\n');
        let line: Value = serde_json::from_str(&line).unwrap_or_else(|why| panic!("{why}: {line}"));
        check(&line);
        self.last += 1;
        assert_eq!(line["n"], self.last, "{line}");
        line
    }

    /// Returns the next line of this type, skipping progress, records and compilation.
    #[track_caller]
    pub(crate) fn until(&mut self, kind: &str) -> Value {
        loop {
            let line = self.next();
            if line["type"] == kind {
                return line;
            }
            let told = line["type"].as_str().unwrap_or_default();
            assert!(["progress", "record", "compiling"].contains(&told), "no {kind}, but {line}");
        }
    }

    /// Prepares the run.
    #[track_caller]
    pub(crate) fn ready(&mut self) {
        self.until("hello");
        let n = self.prepare();
        assert_eq!(self.until("ready")["re"], n);
    }

    /// Returns the worker's own copy of its messages.
    pub(crate) fn copy(&self) -> String {
        fs::read_to_string(self.file("stream.jsonl")).unwrap_or_default()
    }

    /// Waits for the worker to exit.
    #[track_caller]
    pub(crate) fn end(&mut self) -> ExitStatus {
        wait_for("the worker's end", PATIENCE, || self.child.try_wait().expect("it is ours"))
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the hash of a file, according to another program.
pub(crate) fn sha256(path: &Path) -> String {
    let told = Command::new("sha256sum").arg(path).output().expect("sha256sum is there");
    String::from_utf8_lossy(&told.stdout).split(' ').next().unwrap_or_default().to_owned()
}
