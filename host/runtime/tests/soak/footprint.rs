//! The resources that this process holds.

use std::fmt;
use std::fs;
use std::time::Duration;

use osiris_tests::wait::wait_for;

/// A snapshot of the resources that this process holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Footprint {
    /// Resident memory in bytes.
    pub(crate) memory: u64,
    /// Open file descriptors.
    pub(crate) files: usize,
    pub(crate) threads: usize,
}

impl Footprint {
    fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
        let memory = status.lines().find_map(|line| {
            line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok()
        });
        let count = |folder: &str| fs::read_dir(folder).expect("Linux has it").count();
        Self {
            memory: memory.expect("it is in KiB") << 10,
            files: count("/proc/self/fd"),
            threads: count("/proc/self/task"),
        }
    }

    /// Waits until the threads of the last run have ended, and returns the footprint.
    pub(crate) fn when_idle(before: Option<&Self>) -> Self {
        let max_threads = before.map(|before| before.threads);
        wait_for(
            "the threads of the runs end, and those that wait for more work",
            Duration::from_secs(30),
            || {
                let now = Self::now();
                match max_threads {
                    Some(max_threads) => (now.threads <= max_threads).then_some(now),
                    // The epoch threads of engines end by themselves.
                    None => (!names().any(|name| name.starts_with("osiris-epoch"))).then(Self::now),
                }
            },
        )
    }
}

/// Returns the names of all threads.
fn names() -> impl Iterator<Item = String> {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux has it").flatten();
    // A thread can end before its name is read.
    tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok())
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>10}  {:>5}  {:>7}", self.memory >> 10, self.files, self.threads)
    }
}
