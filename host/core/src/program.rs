//! The path of this program, which starts itself again for work that needs a separate process.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Path of the program, in a process that runs `osiris`.
static OSIRIS: OnceLock<PathBuf> = OnceLock::new();

/// Declares that this process runs `osiris`, so that its program can be started again. Called
/// before the process changes its directory or enters a sandbox.
pub fn declare() {
    // A second call changes nothing.
    OSIRIS.set(find()).ok();
}

/// Returns the path of this process's program. On Linux, the path names the running file even
/// after another version has replaced it.
pub fn path() -> PathBuf {
    OSIRIS.get().cloned().unwrap_or_else(find)
}

fn find() -> PathBuf {
    let running = Path::new("/proc/self/exe");
    if cfg!(target_os = "linux") && running.symlink_metadata().is_ok() {
        return running.to_owned();
    }
    // Without /proc, as in an empty root directory, only the first argument names the program.
    let argument = || Path::new(&std::env::args_os().next()?).canonicalize().ok();
    std::env::current_exe().ok().or_else(argument).unwrap_or_default()
}

/// Returns the path of the `osiris` program: this process's own if it runs `osiris`, otherwise
/// the one that cargo built next to it. Returns `None` if neither exists.
pub fn osiris() -> Option<PathBuf> {
    if let Some(path) = OSIRIS.get() {
        return Some(path.clone()).filter(|path| !path.as_os_str().is_empty());
    }
    let program = std::env::current_exe().ok()?;
    let mut folders = program.ancestors().skip(1).take(2);
    let name = PathBuf::from("osiris").with_extension(std::env::consts::EXE_EXTENSION);
    folders.find_map(|folder| Some(folder.join(&name)).filter(|path| path.is_file()))
}

/// Creates a command that runs `osiris` in a separate process with an empty environment.
pub fn command(program: &Path, name: &str) -> Command {
    let mut command = Command::new(program);
    command.arg(name).env_clear().stdin(Stdio::null()).stderr(Stdio::piped());
    // Makes the command independent of the user's current directory.
    if cfg!(unix) {
        command.current_dir("/");
    }
    command
}
