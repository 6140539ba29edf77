//! Servers that only Debian unstable has. Their packages are unpacked into a cache directory of
//! the user; the system itself does not change.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

/// A cache directory with the programs of some packages. Other test programs wait for the directory
/// until this value is dropped.
pub(crate) struct Unstable {
    folder: PathBuf,
    _lock: File,
}

impl Unstable {
    /// Opens the directory of this name. Downloads the packages on first use.
    ///
    /// # Errors
    /// Returns an error if the packages cannot be downloaded.
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
            eprintln!("Downloading {name} for the tests into {} ...", folder.display());
            let new = create_empty(&folder.join("root.new"))?;
            download(&folder, &new, packages)
                .with_context(|| format!("cannot download {name} from Debian unstable"))?;
            fs::rename(new, &root)?;
        }
        Ok(Self { folder, _lock: lock })
    }

    /// Returns the path of a file in the packages.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join("root").join(name)
    }

    /// Returns the command of a program, with the libraries that the program was built for.
    pub(crate) fn program(&self, name: &str) -> Vec<OsString> {
        vec![
            self.path("usr/lib64/ld-linux-x86-64.so.2").into(),
            "--library-path".into(),
            self.path(LIBRARIES).into(),
            self.path(name).into(),
        ]
    }

    /// Returns an argument `--name=path` with a path in the packages.
    pub(crate) fn option(&self, name: &str, path: &str) -> OsString {
        format!("--{name}={}", self.path(path).display()).into()
    }

    /// Returns the directory of fresh system tables, which `make` creates on first use.
    ///
    /// # Errors
    /// Returns the error of `make`.
    pub(crate) fn data(&self, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let data = self.folder.join("data");
        if !data.exists() {
            let new = self.folder.join("data.new");
            let _ = fs::remove_dir_all(&new);
            make(&new)?;
            fs::rename(new, &data)?;
        }
        Ok(data)
    }
}

/// Downloads and unpacks the packages and their dependencies, which apt verifies with Debian's
/// keys.
fn download(cache: &Path, into: &Path, packages: &[&str]) -> Result<()> {
    let apt = create_empty(&cache.join("apt"))?;
    for folder in ["etc/preferences.d", "etc/trusted.gpg.d", "state/lists/partial"] {
        fs::create_dir_all(apt.join(folder))?;
    }
    let archives = apt.join("cache/archives");
    fs::create_dir_all(archives.join("partial"))?;
    // With no package marked as installed, apt downloads every library.
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
    let apt_get = |arguments: &[&str]| {
        run(Command::new("apt-get").env("APT_CONFIG", apt.join("apt.conf")).args(arguments))
    };
    apt_get(&["update"])?;
    apt_get(
        &[&["install", "--yes", "--download-only", "--no-install-recommends"], packages].concat(),
    )?;
    for file in fs::read_dir(&archives)? {
        let file = file?.path();
        if file.extension().is_some_and(|extension| extension == "deb") {
            run(Command::new("dpkg-deb").arg("-x").arg(file).arg(into))?;
        }
    }
    fs::remove_dir_all(&apt)?;
    Ok(())
}

fn create_empty(folder: &Path) -> Result<PathBuf> {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder)?;
    Ok(folder.to_owned())
}

/// Runs a command and waits for its end. Returns an error if the command fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        bail!("{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
