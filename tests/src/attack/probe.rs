//! Attacks where a driver is only asked something: how a connection is, and
//! what there is to be read.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::{LATE, check_words, pipeline, secret};
use crate::secret::SECRET;
use crate::{Finished, Sandbox, snapshot};

/// How long a driver may take to answer.
const LIMIT: Duration = Duration::from_secs(3);
/// The most that a command may print of a stranger's words.
const MAX_SAID: usize = 128 << 20;
/// What the host needs besides: it starts, and loads compiled code.
const START: Duration = Duration::from_secs(3);

/// A line of `probes.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// What the driver is asked.
    ask: Ask,
    /// What it does then.
    attack: String,
    /// What the command exits with.
    exit: i32,
    /// The most memory that host and driver may use together.
    #[serde(default = "half_a_gibibyte")]
    peak_mib: u64,
}

fn half_a_gibibyte() -> u64 {
    512
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Ask {
    Discover,
    Doctor,
    Samples,
}

/// Reads the list.
///
/// # Panics
/// It is not what it has to be.
pub fn list(path: &Path) -> Vec<Probe> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{error}"));
    serde_yaml_ng::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Probe {
    /// Its name, and that of its snapshot.
    pub fn name(&self) -> String {
        let ask = match self.ask {
            Ask::Discover => "discover",
            Ask::Doctor => "doctor",
            Ask::Samples => "samples",
        };
        match self.attack.starts_with(ask) {
            true => self.attack.clone(),
            false => format!("{ask}-{}", self.attack),
        }
    }

    /// Asks twice, for a person and for a program, and compares both answers
    /// with `<folder>/<name>.txt`.
    ///
    /// # Errors
    /// Says what the host let through.
    pub fn run(&self, folder: &Path) -> Result<(), String> {
        let sandbox = Sandbox::new();
        let limits = json!({"seconds": LIMIT.as_secs(), "memory": "256MiB"});
        sandbox.write("osiris.yaml", json!({"version": 1, "limits": limits}).to_string());
        pipeline::surround(&sandbox);
        pipeline::connect(&sandbox, "127.0.0.1", &self.attack);
        let before = sandbox.files();
        let ((text, peak), (json, other)) =
            (self.execute(&sandbox, &[]), self.execute(&sandbox, &["--json"]));
        let peak = peak.max(other) >> 20;
        if peak > self.peak_mib {
            return Err(format!("used {peak} MiB at its peak; {} are enough", self.peak_mib));
        }
        for finished in [&text, &json] {
            let bytes = finished.stdout.len() + finished.stderr.len();
            if bytes > MAX_SAID {
                return Err(format!("said {bytes} bytes"));
            }
        }
        let mut report = String::new();
        for Finished { stdout, stderr, .. } in [&text, &json] {
            // Before the cut, or the length of a time would move it.
            let [stdout, stderr] =
                [stdout, stderr].map(|text| cut(&snapshot::normalise(text, &sandbox)));
            report.push_str(&format!("--- stdout\n{stdout}--- stderr\n{stderr}"));
        }
        snapshot::compare(&folder.join(format!("{}.txt", self.name())), &report)?;
        // A program's answer is one document.
        drop(json.json());
        for finished in [&text, &json] {
            if finished.code() != Some(self.exit) {
                return Err(format!("ended with {}: {}", finished.status, finished.stderr));
            }
            if finished.took > LIMIT + LATE + START {
                return Err(format!("took {:?}", finished.took));
            }
            secret::check(&sandbox, finished)?;
            check_words(finished, "")?;
        }
        if sandbox.files() != before || sandbox.read("data/file.txt") != "mine\n" {
            return Err(format!("these files are there: {:?}", sandbox.files()));
        }
        pipeline::check_outside(&sandbox)
    }

    /// Asks, and tells the most memory that was used.
    fn execute(&self, sandbox: &Sandbox, more: &[&str]) -> (Finished, u64) {
        let limit = LIMIT.as_secs().to_string();
        let arguments = match self.ask {
            Ask::Discover => vec!["discover", "@test.main"],
            Ask::Samples => vec!["discover", "@test.main", "--refresh", "--samples", "1000"],
            Ask::Doctor => vec!["connections", "doctor", "--timeout", &limit],
        };
        let arguments = arguments.iter().chain(more);
        let mut running = sandbox.osiris(arguments).guests().env("SECRET", SECRET).start();
        let peak = running.peak();
        (running.finish(), peak)
    }
}

/// The beginning of a text: that there is more is enough to see.
fn cut(text: &str) -> String {
    const SHOWN: usize = 3000;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} (and more)\n", &text[..end]),
        None => text.to_owned(),
    }
}
