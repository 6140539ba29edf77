//! `osiris drivers add`.

use std::path::{Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::catalog::DriverCatalog;
use osiris_core::sanitize::escape_control;
use osiris_registry::index::IndexSet;
use osiris_registry::trust::RequestedPermissions;
use osiris_registry::{
    DriverInstaller, Fetched, Source, Wanted, hash_file, is_sha256, known_sources,
};
use serde_json::{Value, json};

use super::super::render::{BOLD, DIM, SUCCESS, format_bytes, paint};
use super::super::shell::{CommandOutput, Shell, display_path};
use super::fetch_args::{FetchContext, Local, NetworkArgs};
use super::lookup::{Lookup, NamedDriver};

const EXAMPLES: &str = "\
Examples:
  osiris drivers add acme.crm_extractor              by name, from an index of the project
  osiris drivers add acme.crm_extractor@1.2.0
  osiris drivers add filesystem.csv_extractor        pins a driver that comes with osiris
  osiris drivers add ./crm-extractor.wasm
  osiris drivers add oci://ghcr.io/acme/crm-extractor           the newest version
  osiris drivers add oci://ghcr.io/acme/crm-extractor:1.2.0
  osiris drivers add https://acme.example/crm.wasm --sha256 6f1f...

Names are looked up in the indexes that osiris.yaml lists under drivers.indexes.

To log in to a registry, run `docker login ghcr.io`, or set OSIRIS_REGISTRY to its
host, OSIRIS_REGISTRY_USER and OSIRIS_REGISTRY_PASSWORD.

Drivers are written to drivers/ and pinned by hash in osiris.lock; commit that file
to git. The project then runs no other driver with the same name.";

/// Add drivers and pin them in osiris.lock
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Drivers: a name, NAME@VERSION, a file, https://HOST/FILE or
    /// oci://REGISTRY/NAME[:TAG][@sha256:HEX]
    #[arg(value_name = "REF", required = true)]
    references: Vec<String>,
    /// Expected sha256, for a single driver
    #[arg(long, value_name = "HEX", value_parser = sha256)]
    sha256: Option<String>,
    /// Use only this index of osiris.yaml for names
    #[arg(long, value_name = "NAME")]
    index: Option<String>,
    /// Replace a driver with the same name
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    local: Local,
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
    let names = args.references.iter().any(|reference| NamedDriver::parse(reference).is_some());
    let indexes = match names || args.index.is_some() {
        true => context.indexes(&workspace.project, args.index.as_deref(), args.local)?,
        false => IndexSet::default(),
    };
    let sha256 = args.sha256.as_deref();
    for reference in &args.references {
        drivers.push(match NamedDriver::parse(reference) {
            Some(named) if args.index.is_none() && named.is_built_in(&context) => {
                let source = Source::BuiltIn(named.name.to_owned());
                context.fetch(&source, Wanted { sha256, ..Wanted::default() })?
            }
            Some(named) => {
                let lookup =
                    Lookup { context: &context, project: &workspace.project, local: args.local };
                lookup
                    .fetch(&indexes, named, sha256)
                    .map_err(|error| file_hint(error, reference))?
            }
            None => {
                let source = Source::parse(reference, &current)?;
                context.fetch(&source, Wanted { sha256, ..Wanted::default() })?
            }
        });
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
        // The author of an index chose the source, and not the user.
        if fetched.index.is_none() {
            known_sources::remember(&fetched.source.recorded(workspace.project.base()));
        }
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
        json!({"drivers": json, "lock_file": workspace.project.layout.lock_file()}),
        text,
    ))
}

/// Returns the source of a driver that comes with osiris, as in `osiris.lock`.
pub(super) fn built_in_source(name: &str) -> String {
    Source::BuiltIn(name.to_owned()).to_string()
}

/// Adds help to an error about a name if a file has this name.
fn file_hint(mut error: Error, reference: &str) -> Error {
    if Path::new(reference).is_file() {
        let hint = format!("to add the file, run `osiris drivers add ./{reference}`");
        error.iter_mut().for_each(|problem| problem.help = Some(hint.clone()));
    }
    error
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
        "index": fetched.index, "digest": fetched.digest, "file": path, "permissions": RequestedPermissions::of(spec).lines(),
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
    let is_built_in = matches!(fetched.source, Source::BuiltIn(_));
    for other in catalog.named(name).into_iter().filter(|other| other.path != path) {
        if other.built_in {
            if is_built_in || replace {
                continue;
            }
            let conflict = "a driver with the same name comes with osiris";
            let help = format!(
                "to pin the driver of osiris, run `osiris drivers add {name}`; to use this one in its place, add `--replace`"
            );
            return Err(name_conflict(name, &fetched.source, conflict, &help));
        }
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
            let same_index = locked.index.is_some() && locked.index == fetched.index;
            let same_source = same_index || locked.source == fetched.source.recorded(base);
            if same_source && more.is_empty() {
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
