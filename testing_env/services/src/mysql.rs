//! MySQL, which Debian has in unstable only: its packages are unpacked into a
//! cache folder of the user, and nothing of the system changes.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::mariadb::{Options, Programs, Server};

const PACKAGES: [&str; 2] = ["mysql-server-core", "mysql-client-core"];
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

/// Starts a server, whose user `root` may do all over TCP with
/// [`PASSWORD`](crate::mariadb::PASSWORD). The first start ever downloads it.
///
/// # Errors
/// It cannot be downloaded, or does not start.
pub fn start(options: &Options) -> Result<Server> {
    let cache = cache()?;
    Server::start(options, programs(&cache.join("root")), "osiris-mysql-", |folder| {
        run(Command::new("cp").arg("-a").arg(cache.join("data")).arg(folder.join("data")))
    })
}

/// The programs, with the libraries that they were built for.
fn programs(root: &Path) -> Programs {
    let program = |name: &str| -> Vec<OsString> {
        vec![
            root.join("usr/lib64/ld-linux-x86-64.so.2").into(),
            "--library-path".into(),
            root.join(LIBRARIES).into(),
            root.join(name).into(),
        ]
    };
    let option = |name: &str, path: &str| -> OsString {
        format!("--{name}={}", root.join(path).display()).into()
    };
    Programs {
        server: program("usr/sbin/mysqld"),
        arguments: vec![
            option("basedir", "usr"),
            option("lc-messages-dir", "usr/share/mysql"),
            option("plugin-dir", "usr/lib/mysql/plugin"),
            "--mysqlx=OFF".into(),
            "--secure-file-priv=".into(),
        ],
        client: program("usr/bin/mysql"),
    }
}

/// Returns the folder that has the programs in `root` and new system tables in `data`.
fn cache() -> Result<PathBuf> {
    let caches = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache")));
    let cache = caches.context("neither XDG_CACHE_HOME nor HOME is set")?;
    let cache = cache.join("osiris-services/mysql");
    fs::create_dir_all(&cache)?;
    // Other test programs wait until the first one is done.
    let lock = File::create(cache.join("lock"))?;
    lock.lock()?;
    let (root, data) = (cache.join("root"), cache.join("data"));
    if !root.exists() {
        eprintln!("Downloading MySQL for the tests into {} ...", cache.display());
        let new = empty(&cache.join("root.new"))?;
        download(&cache, &new).context("cannot download MySQL from Debian unstable")?;
        fs::rename(new, &root)?;
    }
    if !data.exists() {
        let new = cache.join("data.new");
        let _ = fs::remove_dir_all(&new);
        let Programs { server, arguments, .. } = programs(&root);
        run(Command::new(&server[0])
            .args(&server[1..])
            .args(["--no-defaults", "--user=root", "--initialize-insecure"])
            .args(arguments)
            .arg(format!("--datadir={}", new.display())))?;
        // Servers that run at the same time are not the same one.
        let _ = fs::remove_file(new.join("auto.cnf"));
        fs::rename(new, data)?;
    }
    Ok(cache)
}

/// Downloads the packages and all that they need, which apt checks against
/// Debian's keys, and unpacks them.
fn download(cache: &Path, into: &Path) -> Result<()> {
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
    get(&[&["install", "--yes", "--download-only", "--no-install-recommends"], &PACKAGES[..]]
        .concat())?;
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

fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        bail!("{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
