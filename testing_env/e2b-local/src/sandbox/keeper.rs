//! The process that leads a sandbox's process group, as envd does, and ends the
//! sandbox's processes should this program die.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};

/// Waits for the end of its input, which is that of this program, and then ends
/// who has the sandbox's id among their variables or its folder among their
/// mounts, and the rest of the group. While a process becomes another program it
/// has no variables. One that ends may have left a child that the list is too old
/// for, so nobody has to be found twice.
const KEEP: &str = r#"trap '' HUP INT TERM; cat > /dev/null
for pass in 1 2; do
    while found=$(grep -slzE "^E2B_SANDBOX_ID=$0\$|/$0/root/" /proc/[0-9]*/environ /proc/[0-9]*/mountinfo)
        [ -n "$found" ]
    do
        for file in $found; do one=${file#/proc/}; kill -9 "${one%/*}"; done
    done
done
kill -9 0"#;

/// The leader of a sandbox's process group.
#[derive(Debug)]
pub(crate) struct Keeper {
    group: i32,
    child: Mutex<(Child, Option<ChildStdin>)>,
}

impl Keeper {
    pub(crate) fn start(id: &str) -> Result<Self> {
        let mut child = Command::new("sh")
            .args(["-c", KEEP, id])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("cannot run sh")?;
        let input = child.stdin.take();
        Ok(Self { group: child.id().try_into()?, child: Mutex::new((child, input)) })
    }

    /// The process group of what the sandbox runs.
    pub(crate) fn group(&self) -> i32 {
        self.group
    }

    /// Ends it when there is nobody left to end.
    pub(crate) fn end(&self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        child.1 = None;
        // It may be dead already.
        let _ = child.0.kill();
        let _ = child.0.wait();
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        child.1 = None;
        // It does its work first, unless it has ended.
        let _ = child.0.wait();
    }
}
