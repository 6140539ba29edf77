//! The kernel's own fence around a process, under that of the WebAssembly engine: a
//! driver that broke out of the engine would still reach no file but those of the
//! plan and dial no other port. Linux's Landlock, as much of it as the kernel
//! has; elsewhere there is none, and a run is the same without it.
//!
//! A fence holds for the thread that raises it and for those that this thread starts
//! from then on. So it is raised by the main thread, before any other is there.
//!
//! What stays readable beside the plan's files is what the look-up of a name needs
//! and the system's libraries: nothing of `/proc`, where the variables of this
//! process are, nothing else of `/etc`, nobody's home. No program can be started,
//! and no other process gets a signal.
//!
//! Landlock knows no exception below a folder. Where an output lies in the project's
//! own folder, all of the project is writable behind the fence, and only the engine
//! keeps a driver from the rest. Landlock covers no UDP, and named Unix sockets only
//! from Linux 7.1 on.

mod ground;
mod proof;

use std::fmt;
#[cfg(target_os = "linux")]
use std::path::Path;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use self::ground::Ground;
pub use self::proof::{Attempt, Proof, prove};

/// Rules for everything that a process may still reach.
#[derive(Debug, Clone, Default)]
pub struct Fence {
    /// Folders to read and write below.
    pub own: Vec<PathBuf>,
    /// Files and folders to read.
    pub read: Vec<PathBuf>,
    /// Folders below which empty folders can be removed.
    pub tidy: Vec<PathBuf>,
    /// Programs to start. They are fenced in, too.
    pub programs: Vec<PathBuf>,
    /// TCP ports to dial; none leaves the network to others.
    pub ports: Option<Vec<u16>>,
    /// Whether even libraries and names are out of reach, for a process that opens
    /// nothing any more.
    pub sealed: bool,
}

impl fmt::Display for Fence {
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
            None => write!(f, "; every port"),
            Some(ports) => write!(f, "; the ports {ports:?}"),
        }
    }
}

/// Level of enforcement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// Around files and ports.
    Full,
    /// As far as this kernel knows how.
    Partial,
    /// None.
    None,
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "Landlock fences files and ports",
            Self::Partial => "Landlock fences what this kernel knows to; a newer one does more",
            Self::None => {
                "no Landlock: only the engine fences drivers in, so use Linux 5.13 or newer"
            }
        })
    }
}

/// What looking up a name reads. A file that is replaced while a run goes on, as
/// by a change of networks, cannot be read from then on.
#[cfg(target_os = "linux")]
const NAMES: [&str; 9] = [
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
/// Folders with Unix sockets through which names are looked up.
#[cfg(target_os = "linux")]
const RESOLVERS: [&str; 2] = ["/run/systemd/resolve", "/run/nscd"];
/// Where the system's libraries are: some are loaded with the first look-up.
#[cfg(target_os = "linux")]
const LIBRARIES: [&str; 7] =
    ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store", "/gnu/store"];
#[cfg(target_os = "linux")]
const DEVICES: [&str; 3] = ["/dev/null", "/dev/random", "/dev/urandom"];
/// Where names are looked up when the answer is long.
#[cfg(target_os = "linux")]
const DNS: u16 = 53;

impl Fence {
    /// A fence with nothing within, for a process that has opened all that it needs.
    pub fn sealed() -> Self {
        Self { ports: Some(Vec::new()), sealed: true, ..Self::default() }
    }

    /// Raises it around this thread and all that it starts from now on. It cannot be
    /// taken down again.
    #[cfg(target_os = "linux")]
    pub fn raise(&self) -> Strength {
        use landlock::{ABI, LandlockStatus, RulesetStatus};
        let strength = match self.restrict() {
            Ok(status) => match (status.ruleset, status.landlock) {
                (RulesetStatus::NotEnforced, _) => Strength::None,
                // What came later is a help and no part of the promise.
                (_, LandlockStatus::Available { effective_abi, .. })
                    if effective_abi >= ABI::V6 =>
                {
                    Strength::Full
                }
                _ => Strength::Partial,
            },
            Err(error) => {
                tracing::debug!("Landlock: {error}");
                Strength::None
            }
        };
        tracing::debug!("{strength}; within: {self}");
        strength
    }

    /// There is none on this system.
    #[cfg(not(target_os = "linux"))]
    pub fn raise(&self) -> Strength {
        Strength::None
    }

    #[cfg(target_os = "linux")]
    fn restrict(&self) -> Result<landlock::RestrictionStatus, landlock::RulesetError> {
        use landlock::{
            ABI, Access, AccessFs, AccessNet, NetPort, Ruleset, RulesetAttr, RulesetCreatedAttr,
            Scope, path_beneath_rules,
        };
        // The newest of which every right is used here: with it, sockets that have a path.
        let abi = ABI::V9;
        // Nothing is started, not even from the project.
        let read = AccessFs::from_read(abi) & !AccessFs::Execute;
        let own = AccessFs::from_all(abi) & !AccessFs::Execute;
        let system = NAMES.iter().chain(&LIBRARIES).chain(&DEVICES).map(Path::new);
        let system = system.filter(|_| !self.sealed);
        let resolvers = RESOLVERS.iter().filter(|_| !self.sealed);
        let read_only = self.read.iter().map(PathBuf::as_path).chain(system);
        // A program comes with the loader, which is a program among the libraries.
        let loaders = LIBRARIES.iter().map(Path::new).filter(|_| !self.programs.is_empty());
        let programs = self.programs.iter().map(PathBuf::as_path).chain(loaders);
        let mut rules = Ruleset::default()
            .handle_access(AccessFs::from_all(abi))?
            // Signals to other processes, and sockets that no file stands for.
            .scope(Scope::from_all(abi))?;
        if self.ports.is_some() {
            rules = rules.handle_access(AccessNet::from_all(abi))?;
        }
        let dns = self.ports.is_some() && !self.sealed;
        let ports = self.ports.iter().flatten().copied().chain(dns.then_some(DNS));
        let ports = ports.map(|port| Ok(NetPort::new(port, AccessNet::ConnectTcp)));
        rules
            .create()?
            // A path that is not there is left out.
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
    fn behind_the_fence_there_is_only_what_was_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["own", "read", "other"] {
            fs::create_dir(path(name)).unwrap();
            fs::write(path(name).join("file"), name).unwrap();
        }
        let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let ports = listeners.each_ref().map(|listener| listener.local_addr().unwrap().port());
        let fence = Fence {
            own: vec![path("own")],
            read: vec![path("read")],
            ports: Some(vec![ports[0]]),
            ..Fence::default()
        };
        // Only this thread is behind it.
        let tried = std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    let strength = fence.raise();
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
        let (strength, results) = tried;
        assert_eq!(strength, Strength::Full, "the tests need Linux 6.12 or newer with Landlock");
        let denied = Some(ErrorKind::PermissionDenied);
        assert_eq!(results[..4], [None, None, denied, denied]);
        // A move across folders that the fence tells apart is refused as one across disks.
        assert!(results[4].is_some());
        assert_eq!(results[5..], [None, denied, None, denied, denied]);
    }

    #[test]
    fn behind_a_sealed_fence_there_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut open = fs::File::create(folder.path().join("open")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let tried = std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    Fence::sealed().raise();
                    let kind = |result: std::io::Result<()>| result.err().map(|error| error.kind());
                    let refused = [
                        kind(fs::read("/etc/hosts").map(drop)),
                        kind(fs::read_dir("/usr/lib").map(drop)),
                        kind(fs::read("/dev/null").map(drop)),
                        kind(fs::read_dir(folder.path()).map(drop)),
                        kind(fs::write(folder.path().join("new"), "")),
                        kind(Command::new("/bin/true").status().map(drop)),
                        kind(TcpStream::connect(("127.0.0.1", port)).map(drop)),
                        kind(TcpStream::connect(("127.0.0.1", DNS)).map(drop)),
                    ];
                    // What is open already stays.
                    (refused, kind(std::io::Write::write_all(&mut open, b"code")))
                })
                .join()
                .unwrap()
        });
        assert_eq!(tried, ([Some(ErrorKind::PermissionDenied); 8], None));
    }

    #[test]
    fn of_the_system_only_names_and_libraries_stay() {
        let tried = std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    Fence::default().raise();
                    let above = getppid().unwrap();
                    let kind = |result: std::io::Result<()>| result.err().map(|error| error.kind());
                    let reads = |path: &str| kind(fs::read(path).map(drop));
                    let refused = [
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
                    let kept = [
                        reads("/etc/hosts"),
                        reads("/dev/null"),
                        kind(("localhost", 1).to_socket_addrs().map(drop)),
                    ];
                    (refused, kept)
                })
                .join()
                .unwrap()
        });
        assert_eq!(tried, ([Some(ErrorKind::PermissionDenied); 10], [None; 3]));
    }
}
