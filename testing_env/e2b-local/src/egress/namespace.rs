//! Network namespaces.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use nix::sched::{CloneFlags, setns, unshare};

/// A network namespace without a name. It ends with the last of these values and
/// of the processes inside.
#[derive(Debug, Clone)]
pub(crate) struct Namespace(Arc<File>);

impl Namespace {
    /// Makes a namespace that has a loopback only, and does something inside.
    ///
    /// # Errors
    /// Returns an error if this machine does not allow namespaces, or `inside` fails.
    pub(crate) fn make<T: Send>(inside: impl FnOnce() -> Result<T> + Send) -> Result<(Self, T)> {
        in_thread(|| {
            unshare(CloneFlags::CLONE_NEWNET).context("cannot make a network namespace")?;
            let file = File::open("/proc/thread-self/ns/net")?;
            shell("exec ip link set lo up", "")?;
            Ok((Self(Arc::new(file)), inside()?))
        })
    }

    /// Does something inside.
    ///
    /// # Errors
    /// Returns an error if the namespace cannot be entered, or `inside` fails.
    pub(crate) fn enter<T: Send>(&self, inside: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        in_thread(|| {
            setns(&*self.0, CloneFlags::CLONE_NEWNET)
                .context("cannot enter the network namespace")?;
            inside()
        })
    }

    /// The program and arguments that run a command inside, as long as this value lives.
    pub(crate) fn command(&self) -> [String; 2] {
        let file = format!("/proc/{}/fd/{}", std::process::id(), self.0.as_raw_fd());
        ["nsenter".to_owned(), format!("--net={file}")]
    }
}

/// Does something in a thread that ends then: only threads change namespaces here.
fn in_thread<T: Send>(inside: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    std::thread::scope(|scope| match scope.spawn(inside).join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// Runs a shell script in the namespace of this thread.
///
/// # Errors
/// Returns an error with the script's words if it fails.
pub(super) fn shell(script: &str, input: &str) -> Result<()> {
    let mut child = Command::new("/bin/sh")
        .args(["-c", script])
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run `/bin/sh`")?;
    if let Some(mut pipe) = child.stdin.take() {
        // A script that ends early says why.
        let _ = pipe.write_all(input.as_bytes());
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("`{script}` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
