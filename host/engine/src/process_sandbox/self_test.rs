//! Tries operations that a sandbox should deny, from inside it.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use super::{Enforcement, ProcessSandbox};

/// Results of the attempts in a sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelfTest {
    /// Level of enforcement.
    pub strength: Enforcement,
    /// The attempted operations.
    pub attempts: Vec<Attempt>,
}

/// An operation that was tried by the thread that enforced the sandbox and by a thread that it
/// started afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// A short name.
    pub name: String,
    /// A description for display.
    pub action: String,
    /// Whether the sandbox allows the operation.
    pub granted: bool,
    /// Whether the operation was denied in the main thread.
    pub main: bool,
    /// Whether the operation was denied in the other thread.
    pub second: bool,
}

impl Attempt {
    /// Returns whether both threads got the expected result.
    pub fn holds(&self) -> bool {
        self.main != self.granted && self.second != self.granted
    }
}

/// Operations: a name, a description for display, and whether the sandbox allows the operation.
const ATTEMPTS: [(&str, &str, bool); 8] = [
    ("own", "writing in an allowed directory", true),
    ("read", "reading a file in another directory", false),
    ("list", "listing the project", false),
    ("write", "creating a file in the project", false),
    ("port", "connecting to an allowed port", true),
    ("dial", "connecting to another port", false),
    ("start", "starting a program", false),
    ("signal", "signaling another process", false),
];

/// Permanently sandboxes this process, and tries the operations. `folder` contains a directory
/// `own` and a file `elsewhere`. Both `ports` must listen; the first is allowed.
///
/// # Errors
/// Returns an error if no thread can be started.
pub fn prove(folder: &Path, project: &Path, ports: [u16; 2]) -> io::Result<SelfTest> {
    let own = folder.join("own");
    let sandbox =
        ProcessSandbox { own: vec![own], ports: Some(vec![ports[0]]), ..ProcessSandbox::default() };
    let strength = sandbox.enforce();
    let attempt =
        |thread: &str| ATTEMPTS.map(|(name, ..)| is_refused(name, thread, folder, project, ports));
    let main = attempt("main");
    let second = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().spawn_scoped(scope, || attempt("second"))?;
        thread.join().map_err(|_| io::Error::other("a thread panicked"))
    })?;
    let attempts = ATTEMPTS.iter().zip(main.into_iter().zip(second));
    let attempts = attempts.map(|((name, action, granted), (main, second))| Attempt {
        name: (*name).to_owned(),
        action: (*action).to_owned(),
        granted: *granted,
        main,
        second,
    });
    Ok(SelfTest { strength, attempts: attempts.collect() })
}

fn is_refused(name: &str, thread: &str, folder: &Path, project: &Path, ports: [u16; 2]) -> bool {
    let dial = |port: u16| TcpStream::connect(("127.0.0.1", port)).map(drop);
    let make = |folder: &Path| {
        let path = folder.join(format!(".osiris-landlock-{}-{thread}", std::process::id()));
        OpenOptions::new().write(true).create_new(true).open(&path)?;
        fs::remove_file(path)
    };
    let result = match name {
        "own" => make(&folder.join("own")),
        "read" => fs::read(folder.join("elsewhere")).map(drop),
        "list" => fs::read_dir(project).map(drop),
        "write" => make(project),
        "port" => dial(ports[0]),
        "dial" => dial(ports[1]),
        "start" => start(),
        _ => signal(),
    };
    result.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

fn start() -> io::Result<()> {
    let mut program = Command::new(osiris_core::program::path());
    let program = program.arg("--version").env_clear().stdin(Stdio::null());
    program.stdout(Stdio::null()).stderr(Stdio::null()).status().map(drop)
}

/// Checks whether this process could signal its parent.
#[cfg(unix)]
fn signal() -> io::Result<()> {
    let above = rustix::process::getppid().ok_or(ErrorKind::NotFound)?;
    Ok(rustix::process::test_kill_process(above)?)
}

#[cfg(not(unix))]
fn signal() -> io::Result<()> {
    Ok(())
}
