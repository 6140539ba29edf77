//! The worker process of a run, as seen from its machine.

use std::fs;

use osiris_tests::TestProject;
use osiris_tests::wait::wait_for;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::fixture::PATIENCE;

/// The worker's process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Worker(Pid);

impl Worker {
    /// Waits until the host of the project's last run knows the worker, and returns it.
    pub(crate) fn find(project: &TestProject) -> Self {
        wait_for("the worker's pid", PATIENCE, || {
            let logs = fs::read_dir(project.path("logs")).ok()?;
            let last = logs.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).max();
            let events = fs::read_to_string(last?.join("events.jsonl")).ok()?;
            let started = events.lines().find(|line| line.contains("e2b_worker_started"))?;
            let pid = serde_json::from_str::<Value>(started).ok()?["pid"].as_i64()?;
            Pid::from_raw(i32::try_from(pid).ok()?).map(Self)
        })
    }

    /// Kills the worker immediately.
    pub(crate) fn kill(self) {
        self.signal(Signal::KILL);
    }

    /// Suspends the worker until `thaw`.
    pub(crate) fn freeze(self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn thaw(self) {
        self.signal(Signal::CONT);
    }

    fn signal(self, signal: Signal) {
        kill_process(self.0, signal).expect("the worker lives");
    }
}
