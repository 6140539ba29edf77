//! A sandbox of the kernel around a process, in addition to that of the WebAssembly engine: a
//! driver that escaped the engine could still access only the files of the plan and connect only to
//! its ports. Uses Landlock on Linux, as far as the kernel supports it. Other systems have no such
//! sandbox, and runs work the same without it.
//!
//! A sandbox applies to the thread that enforces it and to the threads that this thread starts
//! later. So the main thread enforces it, before it starts any other thread.
//!
//! Besides the files of the plan, only the files for name look-ups and the system's libraries stay
//! readable: nothing in `/proc`, which has the environment variables of this process, nothing else
//! in `/etc`, and no home directory. Only named programs can be started, and no other process can
//! be signalled.
//!
//! Landlock has no exceptions below a directory. If an output is in the root of the project, the
//! whole project is writable inside the sandbox, and only the engine keeps a driver from the rest.
//! Landlock does not cover UDP, and covers named Unix sockets only from Linux 7.1 on.

mod prepare_dirs;
mod self_test;

use std::fmt;
#[cfg(target_os = "linux")]
use std::path::Path;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use self::prepare_dirs::OutputDirs;
pub use self::self_test::{Attempt, SelfTest, prove};

/// Rules for everything that a process can still access.
#[derive(Debug, Clone, Default)]
pub struct ProcessSandbox {
    /// Directories to read and write below.
    pub own: Vec<PathBuf>,
    /// Files and directories to read.
    pub read: Vec<PathBuf>,
    /// Directories below which empty directories can be removed.
    pub tidy: Vec<PathBuf>,
    /// Programs to start. They are sandboxed, too.
    pub programs: Vec<PathBuf>,
    /// TCP ports to connect to. `None` leaves the network unrestricted.
    pub ports: Option<Vec<u16>>,
    /// Whether even libraries and name look-ups are denied, for a process that opens no more files.
    pub sealed: bool,
}

impl fmt::Display for ProcessSandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |paths: &[PathBuf]| match paths {
            [] => "nothing".to_owned(),
            paths => {
                let paths: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
                paths.join(", ")
            }
        };
        write!(f, "writing {}; reading {}", list(&self.own), list(&self.read))?;
        match &self.ports {
            None => write!(f, "; all ports"),
            Some(ports) => write!(f, "; ports {ports:?}"),
        }
    }
}

/// Level of enforcement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Enforcement {
    /// Files and ports are restricted.
    Full,
    /// Restricted as far as this kernel supports it.
    Partial,
    /// Not restricted.
    None,
}

impl fmt::Display for Enforcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "Landlock restricts files and ports",
            Self::Partial => "Landlock is partially enforced; upgrade to Linux 6.12 for full enforcement",
            Self::None if cfg!(target_os = "linux") => {
                "Landlock is not available, only WebAssembly confines drivers; use Linux 5.13 or newer with Landlock enabled, without an emulator such as qemu-user"
            }
            Self::None if cfg!(target_os = "macos") => {
                "the process sandbox is not available on macOS; WebAssembly still confines drivers"
            }
            Self::None => {
                "the process sandbox is not available on this system; WebAssembly still confines drivers"
            }
        })
    }
}

/// Files for name look-ups. A file that is replaced during a run, for example by a change of
/// networks, cannot be read any more.
#[cfg(target_os = "linux")]
const RESOLVER_FILES: [&str; 9] = [
    "/etc/gai.conf",
    "/etc/host.conf",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/nsswitch.conf",
    "/etc/resolv.conf",
    "/etc/services",
    "/run/systemd/resolve",
];
/// Directories with Unix sockets for name look-ups.
#[cfg(target_os = "linux")]
const RESOLVERS: [&str; 2] = ["/run/systemd/resolve", "/run/nscd"];
/// Directories of the system's libraries: some libraries are loaded by the first look-up.
#[cfg(target_os = "linux")]
const LIBRARIES: [&str; 7] =
    ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store", "/gnu/store"];
#[cfg(target_os = "linux")]
const DEVICES: [&str; 3] = ["/dev/null", "/dev/random", "/dev/urandom"];
/// Port for name look-ups over TCP, used for long answers.
#[cfg(target_os = "linux")]
const DNS: u16 = 53;

impl ProcessSandbox {
    /// Denies everything, for a process that has opened all the files that it needs.
    pub fn deny_all() -> Self {
        Self { ports: Some(Vec::new()), sealed: true, ..Self::default() }
    }

    /// Enforces the rules for this thread and all threads and processes that it starts from now on.
    /// Cannot be undone.
    #[cfg(target_os = "linux")]
    pub fn enforce(&self) -> Enforcement {
        use landlock::{ABI, LandlockStatus, RulesetStatus};
        let strength = match self.restrict() {
            Ok(status) => match (status.ruleset, status.landlock) {
                (RulesetStatus::NotEnforced, _) => Enforcement::None,
                // Later Landlock features are welcome but not promised.
                (_, LandlockStatus::Available { effective_abi, .. })
                    if effective_abi >= ABI::V6 =>
                {
                    Enforcement::Full
                }
                _ => Enforcement::Partial,
            },
            Err(error) => {
                tracing::debug!("Landlock: {error}");
                Enforcement::None
            }
        };
        tracing::debug!("{strength}; allowed: {self}");
        strength
    }

    /// Not supported on this system.
    #[cfg(not(target_os = "linux"))]
    pub fn enforce(&self) -> Enforcement {
        Enforcement::None
    }

    #[cfg(target_os = "linux")]
    fn restrict(&self) -> Result<landlock::RestrictionStatus, landlock::RulesetError> {
        use landlock::{
            ABI, Access, AccessFs, AccessNet, NetPort, Ruleset, RulesetAttr, RulesetCreatedAttr,
            Scope, path_beneath_rules,
        };
        // The latest version whose rights are all used here: it adds sockets with a path.
        let abi = ABI::V9;
        // Excludes execution, so that no program of the project can be started.
        let read = AccessFs::from_read(abi) & !AccessFs::Execute;
        let own = AccessFs::from_all(abi) & !AccessFs::Execute;
        let system = RESOLVER_FILES.iter().chain(&LIBRARIES).chain(&DEVICES).map(Path::new);
        let system = system.filter(|_| !self.sealed);
        let resolvers = RESOLVERS.iter().filter(|_| !self.sealed);
        let read_only = self.read.iter().map(PathBuf::as_path).chain(system);
        // A program needs its loader, an executable among the libraries.
        let loaders = LIBRARIES.iter().map(Path::new).filter(|_| !self.programs.is_empty());
        let programs = self.programs.iter().map(PathBuf::as_path).chain(loaders);
        let mut rules = Ruleset::default()
            .handle_access(AccessFs::from_all(abi))?
            // Signals to other processes, and abstract Unix sockets.
            .scope(Scope::from_all(abi))?;
        if self.ports.is_some() {
            rules = rules.handle_access(AccessNet::from_all(abi))?;
        }
        let dns = self.ports.is_some() && !self.sealed;
        let ports = self.ports.iter().flatten().copied().chain(dns.then_some(DNS));
        let ports = ports.map(|port| Ok(NetPort::new(port, AccessNet::ConnectTcp)));
        rules
            .create()?
            // Paths that do not exist are skipped.
            .add_rules(path_beneath_rules(&self.own, own))?
            .add_rules(path_beneath_rules(read_only, read))?
            .add_rules(path_beneath_rules(&self.tidy, AccessFs::RemoveDir))?
            .add_rules(path_beneath_rules(resolvers, AccessFs::ResolveUnix))?
            .add_rules(path_beneath_rules(programs, AccessFs::Execute | AccessFs::ReadFile))?
            .add_rules(ports.collect::<Vec<Result<_, landlock::RulesetError>>>())?
            .restrict_self()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;
    use std::io::ErrorKind;
    use std::net::{TcpListener, TcpStream, ToSocketAddrs};
    use std::process::Command;

    use rustix::process::{getppid, test_kill_process};

    use super::*;

    #[test]
    fn process_sandbox_allows_only_named_paths_and_ports() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["own", "read", "other"] {
            fs::create_dir(path(name)).unwrap();
            fs::write(path(name).join("file"), name).unwrap();
        }
        let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let ports = listeners.each_ref().map(|listener| listener.local_addr().unwrap().port());
        let sandbox = ProcessSandbox {
            own: vec![path("own")],
            read: vec![path("read")],
            ports: Some(vec![ports[0]]),
            ..ProcessSandbox::default()
        };
        // Only this thread is sandboxed.
        let (strength, results) = std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    let strength = sandbox.enforce();
                    let kind = |result: std::io::Result<()>| result.err().map(|error| error.kind());
                    let results = [
                        kind(fs::write(path("own/new"), "")),
                        kind(fs::read(path("read/file")).map(drop)),
                        kind(fs::write(path("read/file"), "")),
                        kind(fs::read(path("other/file")).map(drop)),
                        kind(fs::rename(path("own/file"), path("other/moved"))),
                        kind(std::os::unix::fs::symlink(path("other"), path("own/link"))),
                        kind(fs::read(path("own/link/file")).map(drop)),
                        kind(TcpStream::connect(("127.0.0.1", ports[0])).map(drop)),
                        kind(TcpStream::connect(("127.0.0.1", ports[1])).map(drop)),
                        kind(TcpListener::bind("127.0.0.1:0").map(drop)),
                    ];
                    (strength, results)
                })
                .join()
                .unwrap()
        });
        assert_eq!(strength, Enforcement::Full, "the tests need Linux 6.12 or newer with Landlock");
        let denied = Some(ErrorKind::PermissionDenied);
        assert_eq!(results[..4], [None, None, denied, denied]);
        // A move between directories with different rules fails like a move between file systems.
        assert!(results[4].is_some());
        assert_eq!(results[5..], [None, denied, None, denied, denied]);
    }

    #[test]
    fn deny_all_sandbox_allows_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut open = fs::File::create(folder.path().join("open")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let results = std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    ProcessSandbox::deny_all().enforce();
                    let kind = |result: std::io::Result<()>| result.err().map(|error| error.kind());
                    let denied = [
                        kind(fs::read("/etc/hosts").map(drop)),
                        kind(fs::read_dir("/usr/lib").map(drop)),
                        kind(fs::read("/dev/null").map(drop)),
                        kind(fs::read_dir(folder.path()).map(drop)),
                        kind(fs::write(folder.path().join("new"), "")),
                        kind(Command::new("/bin/true").status().map(drop)),
                        kind(TcpStream::connect(("127.0.0.1", port)).map(drop)),
                        kind(TcpStream::connect(("127.0.0.1", DNS)).map(drop)),
                    ];
                    // Files that are already open stay usable.
                    (denied, kind(std::io::Write::write_all(&mut open, b"code")))
                })
                .join()
                .unwrap()
        });
        assert_eq!(results, ([Some(ErrorKind::PermissionDenied); 8], None));
    }

    #[test]
    fn process_sandbox_keeps_only_resolver_files_and_libraries() {
        let results = std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    ProcessSandbox::default().enforce();
                    let above = getppid().unwrap();
                    let kind = |result: std::io::Result<()>| result.err().map(|error| error.kind());
                    let reads = |path: &str| kind(fs::read(path).map(drop));
                    let denied = [
                        reads("/proc/self/environ"),
                        reads("/proc/self/maps"),
                        reads("/proc/1/cmdline"),
                        reads("/etc/passwd"),
                        kind(fs::read_dir("/etc").map(drop)),
                        kind(fs::read_dir("/proc").map(drop)),
                        kind(fs::read_dir("/").map(drop)),
                        kind(Command::new("/bin/true").status().map(drop)),
                        kind(Command::new("/usr/bin/env").status().map(drop)),
                        kind(test_kill_process(above).map_err(Into::into)),
                    ];
                    let allowed = [
                        reads("/etc/hosts"),
                        reads("/dev/null"),
                        kind(("localhost", 1).to_socket_addrs().map(drop)),
                    ];
                    (denied, allowed)
                })
                .join()
                .unwrap()
        });
        assert_eq!(results, ([Some(ErrorKind::PermissionDenied); 10], [None; 3]));
    }
}
