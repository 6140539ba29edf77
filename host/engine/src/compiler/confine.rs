//! Confines the process that compiles: closes files, sets limits, and denies access to files.

use std::io;

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, Signal, getppid, getrlimit, set_dumpable_behavior,
    set_parent_process_death_signal, setrlimit,
};

use super::budget::Budget;
use super::service::Order;
use crate::process_sandbox::ProcessSandbox;

/// Processor seconds for the process to end after its soft limit.
const LAST_SECONDS: u64 = 2;

/// Closes the files that this process inherited besides its standard streams, from a shell or
/// another ancestor.
pub(super) fn close_inherited() {
    // Not readable inside the sandbox of an E2B worker, but there are no inherited files there.
    let Ok(open) = std::fs::read_dir("/proc/self/fd") else { return };
    let numbers = open.flatten().filter_map(|file| file.file_name().to_str()?.parse().ok());
    let numbers: Vec<i32> = numbers.filter(|number| *number > 2).collect();
    for number in numbers {
        // The directory stream itself is already closed.
        if std::fs::symlink_metadata(format!("/proc/self/fd/{number}")).is_ok() {
            #[expect(unsafe_code, reason = "nobody owns what another process left open")]
            // SAFETY: the descriptor is open, as just checked, and nothing in this process owns it:
            // this is the first operation of the process, which has no other thread.
            unsafe {
                rustix::io::close(number);
            }
        }
    }
}

/// Drops all access that this process does not need.
pub(super) fn confine(order: &Order) -> io::Result<()> {
    // Nothing else ends this process if its parent is killed.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let parent = getppid().map(|pid| pid.as_raw_nonzero().get().cast_unsigned());
    if parent != Some(order.parent) {
        return Err(io::Error::other("the parent process has ended"));
    }
    set_dumpable_behavior(DumpableBehavior::NotDumpable).ok();
    let budget = Budget::of(order.size);
    for (resource, soft) in [
        (Resource::Core, 0),
        (Resource::Nofile, 16),
        (Resource::Fsize, budget.code),
        (Resource::Cpu, budget.seconds),
        (Resource::Data, budget.memory),
        (Resource::As, budget.addresses),
    ] {
        let before = getrlimit(resource).maximum;
        let soft = before.map_or(soft, |before| before.min(soft));
        // At the hard limit the kernel kills the process without a reason.
        let hard = if resource == Resource::Cpu { soft + LAST_SECONDS } else { soft };
        let hard = before.map_or(hard, |before| before.min(hard));
        setrlimit(resource, Rlimit { current: Some(soft), maximum: Some(hard) })?;
    }
    ProcessSandbox::deny_all().enforce();
    Ok(())
}
