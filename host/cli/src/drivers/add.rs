//! `osiris drivers add`.

use std::path::{Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::catalog::DriverCatalog;
use osiris_core::sanitize::escape_control;
use osiris_registry::trust::RequestedPermissions;
use osiris_registry::{
    DriverInstaller, Fetched, Source, Wanted, hash_file, is_sha256, known_sources,
};
use serde_json::{Value, json};

use super::super::render::{BOLD, DIM, SUCCESS, format_bytes, paint};
use super::super::shell::{CommandOutput, Shell, display_path};
use super::fetch_args::{FetchContext, NetworkArgs};

const EXAMPLES: &str = "\
Examples:
  osiris drivers add ./crm-extractor.wasm
  osiris drivers add oci://ghcr.io/acme/crm-extractor           the newest version
  osiris drivers add oci://ghcr.io/acme/crm-extractor:1.2.0
  osiris drivers add https://acme.example/crm.wasm --sha256 6f1f...

To log in to a registry, run `docker login ghcr.io`, or set OSIRIS_REGISTRY to its
host, OSIRIS_REGISTRY_USER and OSIRIS_REGISTRY_PASSWORD.

Drivers are written to drivers/ and pinned by hash in osiris.lock; commit that file
to git. The project then runs no other driver with the same name.";

/// Add drivers and pin them in osiris.lock
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Driver sources: a file, https://HOST/FILE or oci://REGISTRY/NAME[:TAG][@sha256:HEX]
    #[arg(value_name = "REF", required = true)]
    references: Vec<String>,
    /// Expected sha256, for a single driver
    #[arg(long, value_name = "HEX", value_parser = sha256)]
    sha256: Option<String>,
    /// Replace a driver with the same name
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    network: NetworkArgs,
}

fn sha256(text: &str) -> Result<String, String> {
    let text = text.trim_start_matches("sha256:").to_lowercase();
    is_sha256(&text).then_some(text).ok_or_else(|| "expected 64 hex digits".to_owned())
}

pub(super) fn add(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    if args.sha256.is_some() && args.references.len() > 1 {
        let problem =
            Diagnostic::new(Code::UsageInvalid, "cannot use `--sha256` with several drivers");
        return Err(Error::invalid(problem.help("add the drivers one at a time")));
    }
    let workspace = shell.workspace()?;
    let context = FetchContext::open(shell, &workspace.project, &args.network)?;
    let current = std::env::current_dir().unwrap_or_default();
    let mut drivers: Vec<Fetched> = Vec::new();
    for reference in &args.references {
        let source = Source::parse(reference, &current)?;
        let expected = Wanted { sha256: args.sha256.as_deref(), ..Wanted::default() };
        drivers.push(context.fetch(&source, expected)?);
    }
    let mut store =
        DriverInstaller::open(&workspace.project.layout, &workspace.project.settings.drivers.keys)?;
    for (index, fetched) in drivers.iter().enumerate() {
        let name = &fetched.driver.spec.name;
        if drivers[..index].iter().any(|other| other.driver.spec.name == *name) {
            return Err(name_conflict(
                name,
                &fetched.source,
                "another source provides a driver with the same name",
                "remove one of the two sources",
            ));
        }
        check(&store, &workspace.drivers, fetched, workspace.project.base(), args.replace)?;
    }
    let (mut text, mut json) = (String::new(), Vec::new());
    for fetched in &drivers {
        let path = store.install(fetched)?;
        known_sources::remember(&fetched.source.recorded(workspace.project.base()));
        text.push_str(&line(fetched, &path));
        for permission in
            workspace.project.settings.drivers.permission_reports(&fetched.driver.spec, false, None)
        {
            let (may, what) = permission.sentence();
            text.push_str(&format!("  {may} {}\n", escape_control(&what)));
        }
        json.push(document(fetched, &path));
    }
    Ok(CommandOutput::new(
        json!({"drivers": json, "lock": workspace.project.layout.lock_file()}),
        text,
    ))
}

/// Formats the line for an added driver.
pub(super) fn line(fetched: &Fetched, path: &Path) -> String {
    let spec = &fetched.driver.spec;
    format!(
        "{} {} {}  {}  {}\n",
        paint(SUCCESS, "✓"),
        paint(BOLD, &escape_control(&spec.name)),
        escape_control(&spec.version),
        format_bytes(fetched.bytes.len() as u64),
        paint(DIM, &escape_control(&format!("{}  sha256 {}", display_path(path), fetched.sha256))),
    )
}

/// Formats the JSON for an added driver.
pub(super) fn document(fetched: &Fetched, path: &Path) -> Value {
    let spec = &fetched.driver.spec;
    json!({
        "name": spec.name, "version": spec.version, "sha256": fetched.sha256,
        "size": fetched.bytes.len(), "source": fetched.source.to_string(),
        "digest": fetched.digest, "file": path, "grants": RequestedPermissions::of(spec).lines(),
    })
}

/// Checks that a driver may be added under its name.
fn check(
    store: &DriverInstaller<'_>,
    catalog: &DriverCatalog,
    fetched: &Fetched,
    base: &Path,
    replace: bool,
) -> Result<()> {
    let name = &fetched.driver.spec.name;
    let path = store.path(name);
    if let Some(other) = catalog.named(name).into_iter().find(|other| other.path != path) {
        let conflict = format!("`{}` has the same name", other.path.display());
        let help = "remove the other file, or build this driver with another name";
        return Err(name_conflict(name, &fetched.source, &conflict, help));
    }
    if !replace && let Some(problem) = store.lock.check_signer(&fetched.driver, &fetched.bytes) {
        return Err(Error::environment(problem));
    }
    let existing_hash = hash_file(&path)?;
    if replace || existing_hash.as_ref() == Some(&fetched.sha256) {
        return Ok(());
    }
    match (store.lock.drivers.get(name), existing_hash) {
        (Some(locked), _) if locked.sha256 == fetched.sha256 => Ok(()),
        (Some(locked), _) => {
            let more = RequestedPermissions::of(&fetched.driver.spec).added_since(&locked.grants);
            if locked.source == fetched.source.recorded(base) && more.is_empty() {
                return Ok(());
            }
            let conflict =
                format!("`osiris.lock` has version {} from `{}`", locked.version, locked.source);
            let why = if more.is_empty() {
                String::new()
            } else {
                format!(", and this driver requests more permissions: {}", more.join("; "))
            };
            let help = "to replace the locked driver, add `--replace`";
            Err(name_conflict(name, &fetched.source, &format!("{conflict}{why}"), help))
        }
        (None, Some(_)) => {
            let conflict =
                format!("`{}` already exists with different content", display_path(&path));
            Err(name_conflict(
                name,
                &fetched.source,
                &conflict,
                "to replace the file, add `--replace`",
            ))
        }
        (None, None) => Ok(()),
    }
}

fn name_conflict(name: &str, source: &Source, why: &str, help: &str) -> Error {
    let location = PathBuf::from(source.to_string());
    let problem = Diagnostic::new(Code::NameTaken, format!("cannot add driver `{name}`: {why}"));
    Error::invalid(problem.in_file(&location).help(help))
}
