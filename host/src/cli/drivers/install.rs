//! How every driver is finished, whatever made its component: packed, checked
//! as a run checks it, and put where pipelines find it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::super::render::{DIM, GOOD, STRONG, bytes, paint};
use super::super::shell::{Shell, shown};
use crate::atomic;
use crate::driver::spec::Spec;
use crate::driver::{DriverFile, Engine, pack};
use crate::problem::{Error, Problem, Result};
use crate::sanitize::escape_control;

/// From this size on, in bytes, compiling takes long enough to say so: a driver with
/// an interpreter in it takes seconds.
const LARGE: usize = 4 << 20;

/// A component that becomes a driver.
pub(super) struct Component<'a> {
    /// Where it is, for messages.
    pub(super) file: &'a Path,
    pub(super) bytes: &'a [u8],
    /// The spec that it gets; without one, it has its own.
    pub(super) spec: Option<&'a Path>,
    /// Whether the names of its functions stay.
    pub(super) keep_names: bool,
}

/// Packs a component, checks that it fits this host, and writes it, whole or
/// not at all, to a path that depends on its name.
///
/// # Errors
/// It is no component, its spec is missing or invalid, it does not fit the
/// world, or it cannot be written.
pub(super) fn install(
    component: &Component<'_>,
    shell: &Shell,
    path: impl FnOnce(&str) -> PathBuf,
) -> Result<DriverFile> {
    let file = component.file;
    let spec = component.spec.map(read_spec).transpose()?;
    let packed = pack::pack(component.bytes, spec.as_deref(), component.keep_names);
    let packed = packed.map_err(|problem| Error::invalid(problem.in_file(file)))?;
    let driver = DriverFile::of(&packed, file)?;
    check(&driver, &packed, shell)?;
    let path = path(&driver.spec.name);
    let write = || {
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        atomic::write(&path, &packed)
    };
    write().map_err(|error| {
        let message = format!("cannot put the driver `{}` here: {error}", driver.spec.name);
        Error::environment(Problem::new("driver_write", message).in_file(&path))
    })?;
    DriverFile::of(&packed, &path)
}

/// Reads a spec and sees that it is sound, so that what is wrong is said of the
/// file that the author wrote.
pub(super) fn read_spec(path: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(path).map_err(|error| {
        let message = format!("the driver's spec cannot be read: {error}");
        let help = "every driver has one: its name, its modes and its configSchema; \
                    `osiris drivers new` makes an example";
        Error::invalid(Problem::new("spec_unreadable", message).in_file(path).help(help))
    })?;
    Spec::parse(&bytes, path)?;
    Ok(bytes)
}

/// Compiles the driver, as its first run would: then that run finds it compiled.
fn check(driver: &DriverFile, packed: &[u8], shell: &Shell) -> Result<()> {
    let compiling = || {
        if shell.verbose || packed.len() > LARGE {
            shell.note(&format!(
                "Compiling {} for this machine ...",
                escape_control(&driver.spec.name)
            ));
        }
    };
    Engine::new()?.code(driver, packed, crate::canonical::sha256(packed), compiling)?;
    Ok(())
}

/// What is told of an installed driver, as JSON and as a line.
pub(super) fn told(driver: &DriverFile) -> Result<(Value, String)> {
    let (spec, sha256) = (&driver.spec, driver.sha256()?);
    let line = format!(
        "{} {} {}  {}  {}\n",
        paint(GOOD, "✓"),
        paint(STRONG, &escape_control(&spec.name)),
        escape_control(&spec.version),
        bytes(driver.size),
        paint(DIM, &format!("{}  sha256 {sha256}", shown(&driver.path))),
    );
    let json = json!({
        "name": spec.name, "version": spec.version, "file": driver.path,
        "size": driver.size, "sha256": sha256,
    });
    Ok((json, line))
}
