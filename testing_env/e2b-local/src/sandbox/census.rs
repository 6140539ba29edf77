//! The processes that belong to a sandbox.

use std::collections::BTreeSet;
use std::time::Duration;

use procfs::process::{Process, Stat, all_processes};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::Instant;

use super::Sandbox;

/// The resources that the processes of a sandbox used at the last look.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// Resident bytes.
    pub(crate) memory: u64,
    /// Percent of one processor.
    pub(crate) processor: f64,
}

/// The processes that belong to a sandbox: those of its group, those that it
/// started, and their descendants. `previous` are some that were found before.
/// Finds those in another session, without parents, if `thorough`.
pub(super) fn members(sandbox: &Sandbox, previous: &BTreeSet<i32>, thorough: bool) -> Vec<Stat> {
    let mut all: Vec<Stat> = all_processes()
        .into_iter()
        .flatten()
        .filter_map(|process| process.ok()?.stat().ok())
        .filter(|stat| !matches!(stat.state, 'Z' | 'X'))
        .collect();
    let started = sandbox.processes.pids();
    let group = sandbox.keeper.group();
    let mut found = BTreeSet::new();
    let mut members = Vec::new();
    loop {
        let before = members.len();
        all.retain(|stat| {
            let belongs = stat.pgrp == group
                || started.contains(&stat.pid)
                || previous.contains(&stat.pid)
                || found.contains(&stat.ppid)
                || (before == 0 && thorough && has_mark(sandbox, stat.pid));
            if belongs {
                found.insert(stat.pid);
                members.push(stat.clone());
            }
            !belongs
        });
        if members.len() == before {
            members.retain(|stat| stat.pid != group && stat.ppid != group);
            return members;
        }
    }
}

/// Returns whether a process carries the mark of a sandbox: a variable, a mount of its
/// folder, or a place in it.
fn has_mark(sandbox: &Sandbox, pid: i32) -> bool {
    let Ok(process) = Process::new(pid) else { return false };
    let variable = || {
        let variables = process.environ().ok()?;
        Some(variables.get("E2B_SANDBOX_ID".as_ref() as &std::ffi::OsStr)?.to_str()? == sandbox.id)
    };
    let mount = || {
        let mounts = process.mountinfo().ok()?;
        Some(mounts.into_iter().any(|mount| mount.root.contains(&sandbox.id)))
    };
    let inside = || process.cwd().ok().map(|cwd| cwd.starts_with(&sandbox.folder));
    [variable(), mount(), inside()].contains(&Some(true))
}

/// Ends all processes of a sandbox, until nobody is found twice in a row: one that
/// ends while it is looked for may have left a child that the list is too old for.
pub(super) async fn kill_all(sandbox: &Sandbox) {
    let started = Instant::now();
    let mut empty_rounds = 0;
    // A process that cannot be killed, in an uninterruptible wait, must not stop the others.
    while empty_rounds < 2 && started.elapsed() < Duration::from_secs(10) {
        let members = members(sandbox, &BTreeSet::new(), true);
        empty_rounds = if members.is_empty() { empty_rounds + 1 } else { 0 };
        members.iter().for_each(|member| kill(member.pid));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Ends a process, if it is still there.
pub(super) fn kill(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = kill_process(pid, Signal::KILL);
    }
}
