//! The namespaces and the user of a sandbox's processes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustix::process::geteuid;

/// The folders that each sandbox has for itself, in the order in which they are
/// mounted: the sandbox's folder itself is below `/tmp`.
const PRIVATE: [&str; 3] = ["/home", "/usr/local", "/tmp"];

/// Mounts the folders, and becomes the command as the user, so that the pid
/// stays. The arguments are the sandbox's root, the working folder, the folder of
/// `passwd` and `group`, the user's id and the command.
const MOUNT_AS_USER: &str = r#"root=$1 cwd=$2 etc=$3 id=$4; shift 4
for file in passwd group; do mount --bind "$etc/$file" "/etc/$file" || exit 70; done
for at in /home /usr/local /tmp; do mount --bind "$root$at" "$at" || exit 70; done
cd -- "$cwd" && exec setpriv --reuid "$id" --regid "$id" --clear-groups --no-new-privs \
    --inh-caps=-all --bounding-set=-all -- "$@""#;

/// Mounts the folders and becomes the command, so that the pid stays. The
/// arguments are the sandbox's root, the working folder and the command.
const MOUNT: &str = r#"root=$1 cwd=$2; shift 2
for at in /home /usr/local /tmp; do mount --bind "$root$at" "$at" || exit 70; done
cd -- "$cwd" && exec nice -n 0 -- "$@""#;

/// The same without folders at their places.
const PLAIN: &str = r#"cd -- "$2" && shift 2 && exec nice -n 0 -- "$@""#;

/// The namespaces and the user of a sandbox's processes, as far as this machine
/// allows them.
#[derive(Debug, Clone)]
pub(crate) enum Isolation {
    /// A mount namespace, made by root, and an unprivileged user.
    MountsAndUser(Arc<User>),
    /// A mount namespace of a user namespace. Files and processes belong to who
    /// runs the emulator.
    UserNamespace,
    /// None: this machine does not allow namespaces.
    None,
}

/// The user that E2B calls `user`.
#[derive(Debug)]
pub(crate) struct User {
    /// Also that of the group. No account of this machine has it.
    pub(crate) id: u32,
    /// The folder with `passwd` and `group` that name the user.
    etc: PathBuf,
}

impl Isolation {
    /// Finds the strongest isolation that this machine allows. `etc` is a new
    /// folder for the accounts that processes see.
    ///
    /// # Errors
    /// Returns an error if the accounts cannot be read or written.
    pub(crate) fn find(etc: PathBuf) -> io::Result<Self> {
        if geteuid().is_root() {
            let user = Self::MountsAndUser(Arc::new(User::new(etc)?));
            if user.works() {
                return Ok(user);
            }
        }
        let namespace = Self::UserNamespace;
        Ok(if namespace.works() { namespace } else { Self::None })
    }

    /// Returns whether this machine allows the isolation.
    fn works(&self) -> bool {
        let Ok(root) = tempfile::tempdir() else { return false };
        let created =
            PRIVATE.iter().all(|at| fs::create_dir_all(root.path().join(&at[1..])).is_ok());
        let words = self.command(root.path(), "/");
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).arg("true").stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        created && command.status().is_ok_and(|status| status.success())
    }

    /// The program and first arguments that run a command with folders at `root`.
    pub(crate) fn command(&self, root: &Path, cwd: &str) -> Vec<String> {
        let (before, script): (&[&str], _) = match self {
            Self::MountsAndUser(_) => (&["unshare", "--mount"], MOUNT_AS_USER),
            Self::UserNamespace => (&["unshare", "--user", "--map-root-user", "--mount"], MOUNT),
            Self::None => (&[], PLAIN),
        };
        let words = before.iter().copied().chain(["/bin/sh", "-c", script, "sh"]);
        let mut words: Vec<String> = words.map(str::to_owned).collect();
        words.extend([root.display().to_string(), self.visible_path(root, cwd)]);
        if let Self::MountsAndUser(user) = self {
            words.extend([user.etc.display().to_string(), user.id.to_string()]);
        }
        words
    }

    /// The path under which a process finds a folder of the sandbox.
    pub(crate) fn visible_path(&self, root: &Path, path: &str) -> String {
        match self {
            Self::None if is_private(path) => format!("{}{path}", root.display()),
            _ => path.to_owned(),
        }
    }

    /// The id of the user that processes run as, and that files belong to. Returns
    /// `None` if that is who runs the emulator.
    pub(crate) fn user(&self) -> Option<u32> {
        match self {
            Self::MountsAndUser(user) => Some(user.id),
            Self::UserNamespace | Self::None => None,
        }
    }
}

impl User {
    /// Makes a user beside the accounts of this machine.
    fn new(etc: PathBuf) -> io::Result<Self> {
        // Far beyond the accounts of a machine and those of its containers.
        let id = rand::random_range(1_900_000_000..2_000_000_000);
        fs::create_dir_all(&etc)?;
        let lines = [
            ("passwd", format!("user:x:{id}:{id}::/home/user:/bin/bash\n")),
            ("group", format!("user:x:{id}:\n")),
        ];
        for (file, line) in lines {
            let accounts = fs::read_to_string(Path::new("/etc").join(file))?;
            let others = accounts.lines().filter(|line| !line.starts_with("user:"));
            let others: String = others.map(|line| format!("{line}\n")).collect();
            fs::write(etc.join(file), others + &line)?;
        }
        Ok(Self { id, etc })
    }
}

/// Returns whether a path is in a folder that each sandbox has for itself.
pub(crate) fn is_private(path: &str) -> bool {
    PRIVATE.iter().any(|private| {
        path.strip_prefix(private).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(isolation: &Isolation, root: &Path, script: &str) -> String {
        let words = isolation.command(root, "/home/user");
        let output = Command::new(&words[0]).args(&words[1..]).args(["sh", "-c", script]).output();
        let output = output.expect("runs");
        String::from_utf8(output.stdout).expect("is text")
    }

    #[test]
    fn process_starts_in_its_folder() {
        let root = tempfile::tempdir().expect("has room");
        for private in PRIVATE {
            fs::create_dir_all(root.path().join(&private[1..])).expect("has room");
        }
        let home = root.path().join("home/user");
        fs::create_dir(&home).expect("has room");
        fs::write(home.join("file"), "").expect("has room");
        let plain = output(&Isolation::None, root.path(), "pwd; ls");
        assert_eq!(plain, format!("{}\nfile\n", home.display()));
        let etc = tempfile::tempdir().expect("has room");
        let isolation = Isolation::find(etc.path().join("etc")).expect("finds");
        if !matches!(isolation, Isolation::None) {
            assert_eq!(output(&isolation, root.path(), "pwd; ls"), "/home/user\nfile\n");
        }
    }

    #[test]
    fn process_started_by_root_runs_unprivileged() {
        let etc = tempfile::tempdir().expect("has room");
        let isolation = Isolation::find(etc.path().join("etc")).expect("finds");
        let Isolation::MountsAndUser(user) = &isolation else {
            assert!(!geteuid().is_root(), "root found {isolation:?}");
            return;
        };
        let root = tempfile::tempdir().expect("has room");
        for folder in ["home/user", "usr/local", "tmp"] {
            fs::create_dir_all(root.path().join(folder)).expect("has room");
        }
        let script = "id -u; id -g; id -G; whoami; grep -E 'NoNewPrivs|CapBnd' /proc/self/status";
        let id = user.id;
        assert_eq!(
            output(&isolation, root.path(), script),
            format!("{id}\n{id}\n{id}\nuser\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\n")
        );
        assert_eq!(
            output(&isolation, root.path(), "touch /etc/osiris-was-here || echo no"),
            "no\n"
        );
    }
}
