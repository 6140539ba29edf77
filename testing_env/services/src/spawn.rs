//! Starts programs that end with this process.

use std::process::{Child, Command};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::{io, thread};

use anyhow::{Context, Result};

type Request = (Command, Sender<io::Result<Child>>);

/// Thread that starts all children. The kernel kills a child when the *thread* that started it
/// ends, so this thread never ends.
static SPAWNER: LazyLock<Sender<Request>> = LazyLock::new(|| {
    let (sender, receiver): (_, Receiver<Request>) = channel();
    thread::spawn(move || {
        for (mut command, reply) in receiver {
            // The requester may have ended.
            let _ = reply.send(command.spawn());
        }
    });
    sender
});

/// Starts a program, which must set its parent-death signal itself, for example through
/// `setpriv --pdeathsig KILL`.
///
/// # Errors
/// Returns an error if the program cannot be started.
pub fn spawn(command: Command) -> Result<Child> {
    let program = command.get_program().to_owned();
    let (reply, receiver) = channel();
    SPAWNER.send((command, reply)).context("the thread that starts programs is gone")?;
    let result = receiver.recv().context("the thread that starts programs is gone")?;
    result.with_context(|| format!("cannot start {}", program.display()))
}
