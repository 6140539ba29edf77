//! This program, which starts itself again for what belongs into a process apart.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Set by a process that is `osiris`.
static IS_OSIRIS: OnceLock<()> = OnceLock::new();

/// Says that this process is `osiris`, and so can be started again as one.
pub(crate) fn declare() {
    // The second time says the same.
    IS_OSIRIS.set(()).ok();
}

/// The program of this process. On Linux, that is the very file which runs, also once
/// another version has taken its place.
pub(crate) fn path() -> PathBuf {
    if cfg!(target_os = "linux") {
        return PathBuf::from("/proc/self/exe");
    }
    std::env::current_exe().unwrap_or_default()
}

/// The `osiris` program: this one if it is that, else one where cargo puts it, beside
/// what it builds.
pub(crate) fn osiris() -> Option<PathBuf> {
    if IS_OSIRIS.get().is_some() {
        return Some(path());
    }
    let program = std::env::current_exe().ok()?;
    let mut folders = program.ancestors().skip(1).take(2);
    let name = PathBuf::from("osiris").with_extension(std::env::consts::EXE_EXTENSION);
    folders.find_map(|folder| Some(folder.join(&name)).filter(|path| path.is_file()))
}

/// A command of `osiris` in a process apart, with nothing of this one's environment.
pub(crate) fn command(program: &std::path::Path, name: &str) -> Command {
    let mut command = Command::new(program);
    command.arg(name).env_clear().stdin(Stdio::null()).stderr(Stdio::piped());
    // Where it is no matter which folder the user is in.
    if cfg!(unix) {
        command.current_dir("/");
    }
    command
}
