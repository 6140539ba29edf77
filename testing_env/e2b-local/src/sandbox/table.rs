//! The processes that envd knows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Process;

/// The processes that envd knows, by pid: those that run and those that ended a little ago.
#[derive(Debug, Default)]
pub(crate) struct Table(Mutex<BTreeMap<u32, Arc<Process>>>);

impl Table {
    pub(crate) fn insert(&self, process: Arc<Process>) {
        self.lock().insert(process.pid, process);
    }

    /// Forgets this process, unless another one has its pid by now.
    pub(crate) fn remove(&self, process: &Arc<Process>) {
        let mut table = self.lock();
        if table.get(&process.pid).is_some_and(|other| Arc::ptr_eq(other, process)) {
            table.remove(&process.pid);
        }
    }

    /// A process that runs or ended a little ago.
    pub(crate) fn get(&self, pid: u32) -> Option<Arc<Process>> {
        self.lock().get(&pid).cloned()
    }

    /// Those that run.
    pub(crate) fn running(&self) -> Vec<Arc<Process>> {
        self.lock().values().filter(|process| process.ended().is_none()).cloned().collect()
    }

    /// The pids of those that run.
    pub(crate) fn pids(&self) -> Vec<i32> {
        self.running().iter().filter_map(|process| process.pid.try_into().ok()).collect()
    }

    /// Forgets all of them, and breaks the streams of those who listen.
    pub(crate) fn forget(&self) {
        for process in std::mem::take(&mut *self.lock()).values() {
            process.break_streams();
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, Arc<Process>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
