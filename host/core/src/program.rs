//! The path of this program, which starts itself again for work that needs a separate process.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Set in a process that runs the `osiris` program.
static IS_OSIRIS: OnceLock<()> = OnceLock::new();

/// Declares that this process runs `osiris`, so that its program can be started again.
pub fn declare() {
    // A second call changes nothing.
    IS_OSIRIS.set(()).ok();
}

/// Returns the path of this process's program. On Linux, the path names the running file even
/// after another version has replaced it.
pub fn path() -> PathBuf {
    if cfg!(target_os = "linux") {
        return PathBuf::from("/proc/self/exe");
    }
    std::env::current_exe().unwrap_or_default()
}

/// Returns the path of the `osiris` program: this process's own if it runs `osiris`, otherwise
/// the one that cargo built next to it. Returns `None` if neither exists.
pub fn osiris() -> Option<PathBuf> {
    if IS_OSIRIS.get().is_some() {
        return Some(path());
    }
    let program = std::env::current_exe().ok()?;
    let mut folders = program.ancestors().skip(1).take(2);
    let name = PathBuf::from("osiris").with_extension(std::env::consts::EXE_EXTENSION);
    folders.find_map(|folder| Some(folder.join(&name)).filter(|path| path.is_file()))
}

/// Creates a command that runs `osiris` in a separate process with an empty environment.
pub fn command(program: &std::path::Path, name: &str) -> Command {
    let mut command = Command::new(program);
    command.arg(name).env_clear().stdin(Stdio::null()).stderr(Stdio::piped());
    // Makes the command independent of the user's current directory.
    if cfg!(unix) {
        command.current_dir("/");
    }
    command
}
