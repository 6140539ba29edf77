//! How a process sees its sandbox's folders at their places.

use std::path::Path;
use std::process::{Command, Stdio};

/// What processes see of their own sandbox, in the order in which it is mounted:
/// the sandbox's folder itself is below `/tmp`.
const PRIVATE: [&str; 3] = ["/home", "/usr/local", "/tmp"];

/// Mounts the folders and becomes the command, so that the pid stays. The
/// arguments are the sandbox's root, the working folder and the command.
const MOUNT: &str = r#"root=$1 cwd=$2; shift 2
for at in /home /usr/local /tmp; do mount --bind "$root$at" "$at" || exit 70; done
cd -- "$cwd" && exec nice -n 0 -- "$@""#;

/// The same without folders at their places.
const PLAIN: &str = r#"cd -- "$2" && shift 2 && exec nice -n 0 -- "$@""#;

/// How a process sees its sandbox's folders at their places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isolation {
    /// In a mount namespace, as root.
    Mounts,
    /// In a mount namespace of a user namespace.
    UserAndMounts,
    /// Not at all: this machine does not allow namespaces.
    None,
}

impl Isolation {
    /// What this machine allows.
    pub(crate) fn find() -> Self {
        let allowed = |way: &Self| {
            let (program, arguments) = way.wrapper();
            Command::new(program)
                .args(arguments)
                .args(["mount", "--bind", "/tmp", "/home"])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        };
        [Self::Mounts, Self::UserAndMounts].into_iter().find(allowed).unwrap_or(Self::None)
    }

    /// The program and first arguments that run a command with folders at `root`.
    pub(crate) fn command(self, root: &Path, cwd: &str) -> tokio::process::Command {
        let (program, arguments) = self.wrapper();
        let mut command = tokio::process::Command::new(program);
        command.args(arguments);
        if self == Self::None {
            command.args(["-c", PLAIN, "sh"]).arg(root).arg(self.seen(root, cwd));
        } else {
            command.args(["/bin/sh", "-c", MOUNT, "sh"]).arg(root).arg(cwd);
        }
        command
    }

    /// Where a process finds a folder of the sandbox.
    pub(crate) fn seen(self, root: &Path, path: &str) -> String {
        match self {
            Self::None if is_private(path) => format!("{}{path}", root.display()),
            _ => path.to_owned(),
        }
    }

    fn wrapper(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Mounts => ("unshare", &["--mount"]),
            Self::UserAndMounts => ("unshare", &["--user", "--map-root-user", "--mount"]),
            Self::None => ("/bin/sh", &[]),
        }
    }
}

/// Whether a path is in a folder that each sandbox has for itself.
pub(crate) fn is_private(path: &str) -> bool {
    PRIVATE.iter().any(|private| {
        path.strip_prefix(private).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn output(way: Isolation, root: &Path) -> String {
        let mut command = way.command(root, "/home/user");
        let output = command.args(["sh", "-c", "pwd; ls"]).output().await.expect("runs");
        String::from_utf8(output.stdout).expect("is text")
    }

    #[tokio::test]
    async fn a_process_starts_in_its_own_folder() {
        let root = tempfile::tempdir().expect("has room");
        for private in PRIVATE {
            std::fs::create_dir_all(root.path().join(&private[1..])).expect("has room");
        }
        let home = root.path().join("home/user");
        std::fs::create_dir(&home).expect("has room");
        std::fs::write(home.join("file"), "").expect("has room");
        let plain = output(Isolation::None, root.path()).await;
        assert_eq!(plain, format!("{}\nfile\n", home.display()));
        let found = Isolation::find();
        if found != Isolation::None {
            assert_eq!(output(found, root.path()).await, "/home/user\nfile\n");
        }
    }
}
