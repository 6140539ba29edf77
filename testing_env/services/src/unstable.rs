//! Programs of Debian unstable, unpacked into a cache folder of the user: nothing of the system
//! changes.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const LOADER: &str = "usr/lib64/ld-linux-x86-64.so.2";
const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

/// The cache folder of a program, held by this process alone.
#[derive(Debug)]
pub(crate) struct Cache {
    /// The folder, which may hold more than the packages.
    pub(crate) folder: PathBuf,
    /// Other processes wait until the file is closed.
    _lock: File,
}

impl Cache {
    /// Waits for the folder and unpacks the packages into it, with all that they need, unless
    /// that is done already.
    ///
    /// # Errors
    /// The folder cannot be written, or the packages cannot be downloaded.
    pub(crate) fn open(name: &str, packages: &[&str]) -> Result<Self> {
        let caches = std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache")));
        let caches = caches.context("neither XDG_CACHE_HOME nor HOME is set")?;
        let folder = caches.join("osiris-services").join(name);
        fs::create_dir_all(&folder)?;
        let lock = File::create(folder.join("lock"))?;
        lock.lock()?;
        let root = folder.join("root");
        if !root.exists() {
            eprintln!("Downloading {packages:?} for the tests into {} ...", folder.display());
            let new = empty(&folder.join("root.new"))?;
            download(packages, &folder, &new)
                .with_context(|| format!("cannot download {packages:?} from Debian unstable"))?;
            fs::rename(new, &root)?;
        }
        Ok(Self { folder, _lock: lock })
    }

    /// Returns the unpacked packages.
    pub(crate) fn root(&self) -> Root {
        Root(self.folder.join("root"))
    }
}

/// A folder of unpacked packages.
#[derive(Debug, Clone)]
pub(crate) struct Root(PathBuf);

impl Root {
    /// Returns the path of a file in it.
    pub(crate) fn join(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    /// Returns the command that runs a program with the libraries that it was built for.
    pub(crate) fn program(&self, path: &str) -> Vec<OsString> {
        let libraries = self.join(LIBRARIES);
        let [loader, program] = [LOADER, path].map(|path| self.join(path).into());
        vec![loader, "--library-path".into(), libraries.into(), program]
    }

    /// Copies the loader, the libraries and some `folders` of programs, for an account that cannot
    /// look into the cache.
    ///
    /// # Errors
    /// There is no room for them.
    pub(crate) fn copy(&self, folders: &[&str], into: &Path) -> Result<Self> {
        let folders = folders.iter().chain(&["usr/lib64", LIBRARIES]);
        let mut copy = Command::new("cp");
        run(copy.current_dir(&self.0).args(["-a", "--parents"]).args(folders).arg(into))?;
        Ok(Self(into.to_owned()))
    }

    /// Puts a script in the place of a program, for others that start it by its path.
    ///
    /// # Errors
    /// The files cannot be written.
    pub(crate) fn wrap(&self, path: &str) -> Result<()> {
        let (script, program) = (self.join(path), format!("{path}.elf"));
        fs::rename(&script, self.join(&program))?;
        let words: Vec<_> = self
            .program(&program)
            .iter()
            .map(|word| format!("'{}'", word.display().to_string().replace('\'', "'\\''")))
            .collect();
        fs::write(&script, format!("#!/bin/sh\nexec {} \"$@\"\n", words.join(" ")))?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
        Ok(())
    }
}

/// Downloads the packages and all that they need, which apt checks against Debian's keys, and
/// unpacks them.
fn download(packages: &[&str], cache: &Path, into: &Path) -> Result<()> {
    let apt = empty(&cache.join("apt"))?;
    for folder in ["etc/preferences.d", "etc/trusted.gpg.d", "state/lists/partial"] {
        fs::create_dir_all(apt.join(folder))?;
    }
    let archives = apt.join("cache/archives");
    fs::create_dir_all(archives.join("partial"))?;
    // Nothing is installed, so that every library comes along.
    fs::write(apt.join("state/status"), "")?;
    fs::write(
        apt.join("etc/sources.list"),
        format!("deb [signed-by={KEYRING}] http://deb.debian.org/debian unstable main\n"),
    )?;
    let folder = apt.display();
    fs::write(
        apt.join("apt.conf"),
        format!(
            "Dir::Etc \"{folder}/etc\";\nDir::Etc::trustedparts \"{folder}/etc/trusted.gpg.d\";\n\
             Dir::State \"{folder}/state\";\nDir::State::status \"{folder}/state/status\";\n\
             Dir::Cache \"{folder}/cache\";\nAPT::Sandbox::User \"root\";\n\
             Acquire::Check-Valid-Until \"false\";\nAcquire::Languages \"none\";\n"
        ),
    )?;
    let get = |arguments: &[&str]| {
        run(Command::new("apt-get").env("APT_CONFIG", apt.join("apt.conf")).args(arguments))
    };
    get(&["update"])?;
    get(&[&["install", "--yes", "--download-only", "--no-install-recommends"], packages].concat())?;
    for file in fs::read_dir(&archives)? {
        let file = file?.path();
        if file.extension().is_some_and(|end| end == "deb") {
            run(Command::new("dpkg-deb").arg("-x").arg(file).arg(into))?;
        }
    }
    fs::remove_dir_all(&apt)?;
    Ok(())
}

fn empty(folder: &Path) -> Result<PathBuf> {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder)?;
    Ok(folder.to_owned())
}

/// Runs a command to its end.
///
/// # Errors
/// The command fails; the error has what it says.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        bail!("{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
