//! Attacks in `doctor` and `discover` calls.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::{LATE, check_words, pipeline, secret};
use crate::secret::SECRET;
use crate::{Finished, TestProject, snapshot};

/// Time limit for a driver's answer.
const LIMIT: Duration = Duration::from_secs(3);
/// Maximum output of a command in bytes, however much an untrusted driver returns.
const MAX_SAID: usize = 128 << 20;
/// Extra time for the host to start and load compiled code.
const START: Duration = Duration::from_secs(3);

/// An entry of `probes.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// The call to the driver.
    ask: Ask,
    /// The attack during the call.
    attack: String,
    /// Exit code of the command.
    exit: i32,
    /// Maximum memory of host and drivers together, in MiB.
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

/// Reads the list of probes.
///
/// # Panics
/// Panics if the file is invalid.
pub fn list(path: &Path) -> Vec<Probe> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{error}"));
    serde_yaml_ng::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Probe {
    /// Returns the name of the probe and its snapshot.
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

    /// Runs the command with text and with JSON output, and compares both with
    /// `<folder>/<name>.txt`.
    ///
    /// # Errors
    /// Returns a description of what the host failed to prevent.
    pub fn run(&self, folder: &Path) -> Result<(), String> {
        let project = TestProject::new();
        let limits = json!({"seconds": LIMIT.as_secs(), "memory": "256MiB"});
        project.write("osiris.yaml", json!({"version": 1, "limits": limits}).to_string());
        pipeline::surround(&project);
        pipeline::connect(&project, "127.0.0.1", &self.attack);
        let before = project.files();
        let ((text, peak), (json, other)) =
            (self.execute(&project, &[]), self.execute(&project, &["--json"]));
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
            // Normalise before cutting, since durations vary in length.
            let [stdout, stderr] =
                [stdout, stderr].map(|text| cut(&snapshot::normalise(text, &project)));
            report.push_str(&format!("--- stdout\n{stdout}--- stderr\n{stderr}"));
        }
        snapshot::compare(&folder.join(format!("{}.txt", self.name())), &report)?;
        // JSON output must be one document.
        drop(json.json());
        for finished in [&text, &json] {
            if finished.code() != Some(self.exit) {
                return Err(format!("ended with {}: {}", finished.status, finished.stderr));
            }
            if finished.took > LIMIT + LATE + START {
                return Err(format!("took {:?}", finished.took));
            }
            secret::check(&project, finished)?;
            check_words(finished, "")?;
        }
        if project.files() != before || project.read("data/file.txt") != "mine\n" {
            return Err(format!("these files are there: {:?}", project.files()));
        }
        pipeline::check_outside(&project)
    }

    /// Runs the command and returns its peak memory in bytes too.
    fn execute(&self, project: &TestProject, more: &[&str]) -> (Finished, u64) {
        let limit = LIMIT.as_secs().to_string();
        let arguments = match self.ask {
            Ask::Discover => vec!["discover", "@test.main"],
            Ask::Samples => vec!["discover", "@test.main", "--refresh", "--samples", "1000"],
            Ask::Doctor => vec!["connections", "doctor", "--timeout", &limit],
        };
        let arguments = arguments.iter().chain(more);
        let mut running = project.osiris(arguments).test_drivers().env("SECRET", SECRET).start();
        let peak = running.peak();
        (running.finish(), peak)
    }
}

/// Returns the beginning of a text, with a note if there is more.
fn cut(text: &str) -> String {
    const SHOWN: usize = 3000;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} (and more)\n", &text[..end]),
        None => text.to_owned(),
    }
}
