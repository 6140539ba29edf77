//! PostgreSQL and PgBouncer of Debian unstable, copied to where the server's account can read them.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;

use crate::Folder;
use crate::unstable::{Unstable, run};

const PACKAGES: [&str; 2] = ["postgresql-18", "pgbouncer"];
const POSTGRES: &str = "usr/lib/postgresql/18/bin";
const PGBOUNCER: &str = "usr/sbin/pgbouncer";

/// A copy of the programs that exists as long as the process.
#[derive(Debug)]
struct Copy {
    folder: Folder,
    pgbouncer: Vec<OsString>,
}

/// Returns the path of a PostgreSQL program.
///
/// # Errors
/// Returns an error if the programs cannot be downloaded or copied.
pub(crate) fn postgres(name: &str) -> Result<PathBuf> {
    with_copy(|copy| copy.folder.path().join(POSTGRES).join(name))
}

/// Returns the command of PgBouncer.
///
/// # Errors
/// Returns an error in the same cases as [`postgres`].
pub(crate) fn pgbouncer() -> Result<Vec<OsString>> {
    with_copy(|copy| copy.pgbouncer.clone())
}

/// Creates the copy on first use. The account cannot read the cache if that is in the home
/// directory of `root`.
fn with_copy<T>(take: impl FnOnce(&Copy) -> T) -> Result<T> {
    static COPY: Mutex<Option<Copy>> = Mutex::new(None);
    let mut copy = COPY.lock().unwrap_or_else(PoisonError::into_inner);
    if copy.is_none() {
        *copy = Some(make_copy()?);
    }
    copy.as_ref().map(take).ok_or_else(|| anyhow::anyhow!("there is no copy"))
}

fn make_copy() -> Result<Copy> {
    let unstable = Unstable::open("postgresql", &PACKAGES)?;
    let folder = Folder::new("osiris-postgres-programs-")?;
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
    let folders = ["usr/lib", "usr/lib64", "usr/sbin", "usr/share/postgresql"];
    let root = unstable.path("");
    let mut copy = Command::new("cp");
    run(copy.current_dir(&root).args(["-a", "--parents"]).args(folders).arg(folder.path()))?;
    // Replaces the paths in a program's command with those in the copy.
    let relocate = |name: &str| -> Vec<OsString> {
        let words = unstable.program(name).into_iter();
        words
            .map(|word| match Path::new(&word).strip_prefix(&root) {
                Ok(path) => folder.path().join(path).into(),
                Err(_) => word,
            })
            .collect()
    };
    // `initdb` starts `postgres` by its path.
    for name in ["initdb", "postgres"] {
        let name = format!("{POSTGRES}/{name}");
        let program = format!("{name}.elf");
        let script = folder.path().join(&name);
        fs::rename(&script, folder.path().join(&program))?;
        let words = relocate(&program);
        let words: Vec<_> = words.iter().map(|word| format!("'{}'", word.display())).collect();
        fs::write(&script, format!("#!/bin/sh\nexec {} \"$@\"\n", words.join(" ")))?;
        fs::set_permissions(&script, Permissions::from_mode(0o755))?;
    }
    let pgbouncer = relocate(PGBOUNCER);
    Ok(Copy { folder, pgbouncer })
}
