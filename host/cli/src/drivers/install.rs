//! The last steps for every driver, regardless of the build tool: packing, the checks of a
//! run, and placing where pipelines find the driver.

use std::fs;
use std::path::{Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::spec::Spec;
use osiris_core::driver::{Content, DriverFile, pack};
use osiris_core::fs::atomic;
use osiris_core::sanitize::escape_control;
use osiris_engine::Engine;
use osiris_registry::trust;
use serde_json::{Value, json};

use super::super::render::{BOLD, DIM, SUCCESS, format_bytes, paint};
use super::super::shell::{Shell, display_path};

/// Size in bytes from which compiling is announced: a driver with an embedded interpreter takes
/// seconds.
const LARGE: usize = 4 << 20;

/// A component that becomes a driver.
pub(super) struct Component<'a> {
    /// Path of the component, for messages.
    pub(super) file: &'a Path,
    pub(super) bytes: &'a [u8],
    /// The spec to embed; without one, the component must contain a spec.
    pub(super) spec: Option<&'a Path>,
    /// Whether to keep function names.
    pub(super) keep_names: bool,
}

/// Packs a component, checks that it is compatible with this host, and writes it atomically to a
/// path that depends on the driver's name.
///
/// # Errors
/// Returns an error if the file is not a component, the spec is missing or invalid, the component
/// does not match the world, or the driver cannot be written.
pub(super) fn install(
    component: &Component<'_>,
    shell: &Shell,
    path: impl FnOnce(&str) -> PathBuf,
) -> Result<DriverFile> {
    let file = component.file;
    let spec = component.spec.map(read_spec).transpose()?;
    let bytes = trust::unsigned(component.bytes);
    let packed = pack::pack(bytes, spec.as_deref(), component.keep_names);
    let packed = packed.map_err(|problem| Error::invalid(problem.in_file(file)))?;
    let driver = DriverFile::of(&packed, file)?;
    // A signature elsewhere in the file makes the driver unusable.
    trust::signers(&packed).map_err(|problem| Error::invalid(problem.in_file(file)))?;
    check(&driver, &packed, shell)?;
    let path = path(&driver.spec.name);
    let write = || {
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        atomic::write(&path, &packed)
    };
    write().map_err(|error| {
        let message = format!("cannot write driver `{}`: {error}", driver.spec.name);
        Error::environment(Diagnostic::new(Code::DriverUnwritable, message).in_file(&path))
    })?;
    if bytes.len() != component.bytes.len() {
        shell.note("The signatures of the component are removed: sign the driver again");
    }
    DriverFile::of(&packed, &path)
}

/// Reads and validates a spec, so that errors name the file that the author wrote.
pub(super) fn read_spec(path: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(path).map_err(|error| {
        let message = format!("cannot read the driver's spec: {error}");
        let help = "create `spec.yaml` with a name, modes and a configSchema; \
                    `osiris drivers new` creates an example";
        Error::invalid(Diagnostic::new(Code::SpecUnreadable, message).in_file(path).help(help))
    })?;
    Spec::parse(&bytes, path)?;
    Ok(bytes)
}

/// Compiles the driver as the first run would, so that this run finds the code in the cache.
fn check(driver: &DriverFile, packed: &[u8], shell: &Shell) -> Result<()> {
    let compiling = || {
        if shell.verbose || packed.len() > LARGE {
            shell.note(&format!(
                "Compiling {} for this machine ...",
                escape_control(&driver.spec.name)
            ));
        }
    };
    Engine::new()?.code(driver, &Content::new(packed.to_vec()), compiling)?;
    Ok(())
}

/// Returns the output for an installed driver, as JSON and as a line.
pub(super) fn output(driver: &DriverFile) -> Result<(Value, String)> {
    let (spec, sha256) = (&driver.spec, driver.sha256()?);
    let line = format!(
        "{} {} {}  {}  {}\n",
        paint(SUCCESS, "✓"),
        paint(BOLD, &escape_control(&spec.name)),
        escape_control(&spec.version),
        format_bytes(driver.size),
        paint(DIM, &format!("{}  sha256 {sha256}", display_path(&driver.path))),
    );
    let json = json!({
        "name": spec.name, "version": spec.version, "file": driver.path,
        "size": driver.size, "sha256": sha256,
    });
    Ok((json, line))
}
