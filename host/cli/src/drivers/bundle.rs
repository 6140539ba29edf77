//! `osiris drivers bundle`.

use std::collections::BTreeMap;
use std::io::{self, BufWriter};
use std::path::PathBuf;
use std::sync::Arc;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::{Content, DriverFile};
use osiris_core::fs::atomic;
use osiris_core::yaml;
use osiris_registry::bundle::{self, Index, Item};
use osiris_registry::trust::AdmittedDriver;
use osiris_runtime::Workspace;
use serde_json::json;

use super::super::render::{BOLD, DIM, SUCCESS, Table, format_bytes, paint};
use super::super::shell::{CommandOutput, Shell, display_path};

/// Maximum bytes of a lockfile.
const MAX_LOCK: u64 = 1 << 20;

const EXAMPLES: &str = "\
Examples:
  osiris drivers bundle --out drivers.tar
  osiris drivers bundle --out crm.tar acme.crm_extractor acme.crm_writer

Then, on the machine without a network: osiris drivers sync --from drivers.tar

A bundle contains the drivers that do not come with osiris, the project's lockfile if
it has one, and the public keys in osiris.yaml. Equal drivers give equal bundles.";

/// Bundle a project's drivers into a file, for machines without a network
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Output file
    #[arg(long, value_name = "FILE.tar")]
    out: PathBuf,
    /// Drivers to bundle; by default, all that do not come with osiris
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

pub(super) fn bundle(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let workspace = shell.workspace()?;
    let policy = &workspace.project.settings.drivers;
    let mut drivers = BTreeMap::new();
    let mut items = Vec::new();
    for file in select_drivers(args, &workspace)? {
        let Content { bytes, sha256 } = workspace.drivers.verified_content(file)?;
        let admission = AdmittedDriver::of(file, bytes, sha256)?;
        items.push(Item {
            name: file.spec.name.clone(),
            version: file.spec.version.clone(),
            sha256: sha256.clone(),
            size: bytes.len() as u64,
            signers: admission.signers.iter().map(ToString::to_string).collect(),
        });
        drivers.insert(sha256.clone(), bytes);
    }
    let keys = policy.keys.iter().map(|(name, key)| (name.clone(), key.to_string())).collect();
    let index = Index::new(items, keys);
    let lock = lock(&workspace)?;
    let load = |item: &Item| match drivers.get(&item.sha256) {
        Some(bytes) => Ok(bytes.to_vec()),
        None => Err(io::ErrorKind::NotFound.into()),
    };
    let write = |file: &mut std::fs::File| {
        bundle::write(BufWriter::new(file), &index, lock.as_deref(), load)
    };
    atomic::write_with(&args.out, write).map_err(|error| {
        let message = format!("cannot write the bundle: {error}");
        Error::environment(Diagnostic::new(Code::BundleUnwritable, message).in_file(&args.out))
    })?;
    Ok(answer(args, &index, lock.is_some()))
}

/// Returns the named drivers, or all that do not come with osiris.
fn select_drivers<'p>(args: &Args, workspace: &'p Workspace) -> Result<Vec<&'p Arc<DriverFile>>> {
    let catalog = &workspace.drivers;
    let mut files = Vec::new();
    for name in &args.names {
        let file = catalog.find(name).ok_or_else(|| catalog.missing_driver_error(name))?;
        if file.built_in {
            let message = format!("cannot bundle driver `{name}`: it comes with osiris");
            let problem = Diagnostic::new(Code::DriverBuiltIn, message);
            return Err(Error::invalid(problem.help("remove the name from the command")));
        }
        files.push(file);
    }
    if args.names.is_empty() {
        files.extend(catalog.drivers().filter(|file| !file.built_in));
    }
    files.dedup_by_key(|file| file.path.clone());
    if files.is_empty() {
        let message = "cannot create a bundle: the project only has drivers that come with osiris";
        let help = "add drivers to the project with `osiris drivers add`";
        return Err(Error::invalid(Diagnostic::new(Code::BundleEmpty, message).help(help)));
    }
    Ok(files)
}

/// Reads the project's lockfile. Returns `None` if the file does not exist.
fn lock(workspace: &Workspace) -> Result<Option<Vec<u8>>> {
    let path = workspace.project.layout.lock_file();
    match path.try_exists() {
        Ok(false) => Ok(None),
        _ => yaml::read_bytes(&path, MAX_LOCK).map(Some),
    }
}

fn answer(args: &Args, index: &Index, has_lock: bool) -> CommandOutput {
    let mut table = Table::new(["Driver", "Version", "#Size", "Signers", "sha256"]);
    for item in &index.drivers {
        let Item { name, version, sha256, size, signers } = item.clone();
        table.row([name, version, format_bytes(size), signers.len().to_string(), sha256]);
    }
    let keys = match index.keys.len() {
        1 => "1 public key".to_owned(),
        count => format!("{count} public keys"),
    };
    let lock = if has_lock { " and the lockfile" } else { "" };
    let text = format!(
        "{}{} {} {}\n",
        table.render(),
        paint(SUCCESS, "✓"),
        paint(BOLD, &display_path(&args.out)),
        paint(DIM, &format!("with {keys}{lock}"))
    );
    let json = json!({
        "file": args.out, "drivers": index.drivers, "keys": index.keys, "lock": has_lock,
    });
    CommandOutput::new(json, text)
}
