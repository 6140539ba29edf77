//! The limit of a sandbox's memory.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use super::{Sandbox, Usage, census};

/// The pause between two looks at the memory.
const INTERVAL: Duration = Duration::from_millis(100);

impl Sandbox {
    /// Begins to look at the memory of its processes: beyond the limit, the
    /// largest is killed, as the kernel would.
    pub(crate) fn watch_memory(self: &Arc<Self>) {
        tokio::spawn(watch(Arc::downgrade(self)));
    }
}

async fn watch(sandbox: Weak<Sandbox>) {
    let page = procfs::page_size();
    let ticks = procfs::ticks_per_second();
    let mut pids = BTreeSet::new();
    let mut before = (Instant::now(), 0);
    loop {
        tokio::time::sleep(INTERVAL).await;
        let Some(sandbox) = sandbox.upgrade() else { return };
        if sandbox.processes.pids().is_empty() && pids.is_empty() {
            continue;
        }
        let members = census::members(&sandbox, &pids, false);
        let memory = members.iter().map(|stat| stat.rss * page).sum();
        if memory > sandbox.memory
            && let Some(largest) = members.iter().max_by_key(|stat| stat.rss)
        {
            census::kill(largest.pid);
        }
        let spent: u64 = members.iter().map(|stat| stat.utime + stat.stime).sum();
        let now = (Instant::now(), spent);
        let spent = now.1.saturating_sub(before.1) as f64 / ticks as f64;
        let processor = 100.0 * spent / now.0.duration_since(before.0).as_secs_f64();
        *sandbox.usage.lock().unwrap_or_else(PoisonError::into_inner) = Usage { memory, processor };
        before = now;
        pids = members.iter().map(|stat| stat.pid).collect();
    }
}
