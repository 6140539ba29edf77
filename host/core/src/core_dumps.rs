//! Core files, into which the system writes a process's memory after a crash.

/// Keeps this process's memory out of core files. Called before any secret is read.
pub fn disable() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // A kernel that refuses keeps writing core files; there is no other way to prevent it.
        set_dumpable_behavior(DumpableBehavior::NotDumpable).ok();
    }
}
