//! CPU time of this process.

use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// Returns the CPU time of all threads of this process so far. Unlike wall-clock time, unaffected
/// by other processes.
pub fn time() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("usage is known");
    part(usage.user_time()) + part(usage.system_time())
}

fn part(time: TimeVal) -> Duration {
    Duration::from_secs(time.tv_sec().unsigned_abs())
        + Duration::from_micros(time.tv_usec().unsigned_abs())
}
