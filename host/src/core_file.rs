//! Core files, into which the system writes a process's memory when it crashes.

/// Keeps what is in memory out of core files, from now on. Called before anything secret
/// is read.
pub(crate) fn disable() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // A kernel that refuses keeps its old ways; there is nothing else to do.
        set_dumpable_behavior(DumpableBehavior::NotDumpable).ok();
    }
}
