//! `osiris drivers update`.

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, ExitStatus, Result};
use osiris_core::driver::DriverFile;
use osiris_core::fs::layout::LOCK_FILE;
use osiris_core::sanitize::escape_control;
use osiris_pipeline::project::Project;
use osiris_registry::trust::RequestedPermissions;
use osiris_registry::{DriverInstaller, Entry, Fetched, Lockfile, Source, Wanted};
use serde_json::{Value, json};

use super::super::complete;
use super::super::render::{BOLD, DIM, SUCCESS, WARN, format_bytes, paint};
use super::super::shell::{CommandOutput, Shell};
use super::fetch_args::{FetchContext, Local, NetworkArgs};
use super::lookup::{Lookup, NamedDriver};

const EXAMPLES: &str = "\
Examples:
  osiris drivers update                              update all locked drivers
  osiris drivers update acme.crm_extractor
  osiris drivers update --dry-run                    only show new versions

Fetches each driver from its source again: the address, the tag, or, if it was added
without a tag, the newest version. A driver that was added by name is looked up in its
index. If a new version requests more permissions, no
driver changes: review the permissions, then use --accept-permissions.";

/// Update locked drivers
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Drivers to update; all locked drivers by default
    #[arg(value_name = "NAME", add = complete::drivers())]
    names: Vec<String>,
    /// Accept additional permissions that new versions request
    #[arg(long = "accept-permissions", alias = "accept-rights")]
    accept_permissions: bool,
    /// Show new versions without changing anything
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    local: Local,
    #[command(flatten)]
    network: NetworkArgs,
}

/// A driver with its changes.
struct Change<'l> {
    name: &'l str,
    old: &'l Entry,
    new: Fetched,
    more: Vec<String>,
    less: Vec<String>,
}

pub(super) fn update(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let project = shell.project()?;
    let lock = Lockfile::read(&project.layout.lock_file())?;
    let mut names: Vec<&str> = args.names.iter().map(String::as_str).collect();
    if names.is_empty() {
        names = lock.drivers.keys().map(String::as_str).collect();
    }
    names.sort_unstable();
    names.dedup();
    let context = FetchContext::open(shell, &project, &args.network)?;
    let mut changes = Vec::new();
    for name in names {
        let old = lock.entry(name)?;
        let new = match &old.index {
            Some(index) => {
                let indexes = context.indexes(&project, Some(index), args.local)?;
                let lookup = Lookup { context: &context, project: &project, local: args.local };
                lookup.fetch(&indexes, NamedDriver { name, version: None }, None)?
            }
            None => {
                let source = Source::parse(&old.source, project.base())?;
                let from_project =
                    args.local.check(&old.source, &source, project.base(), LOCK_FILE)?;
                let expected = Wanted { name: Some(name), from_project, ..Wanted::default() };
                context.fetch(&source, expected)?
            }
        };
        if new.sha256 != old.sha256 {
            if let Some(problem) = lock.check_signer(&new.driver, &new.bytes) {
                return Err(Error::environment(problem));
            }
            let requested = RequestedPermissions::of(&new.driver.spec);
            let previous = locked_permissions(&project, name, old);
            let (more, less) = (requested.added_since(&previous), previous.added_since(&requested));
            changes.push(Change { name, old, new, more, less });
        }
    }
    let text: String = changes.iter().map(describe).collect();
    if !args.dry_run {
        if !args.accept_permissions {
            check_permissions(&changes)?;
        }
        let mut store = DriverInstaller::open(&project.layout, &project.settings.drivers.keys)?;
        for change in &changes {
            if store.lock.drivers.get(change.name) != Some(change.old) {
                let message = format!(
                    "the entry of `{}` in `osiris.lock` changed during the command",
                    change.name
                );
                return Err(Error::environment(
                    Diagnostic::new(Code::LockfileChanged, message).help("run the command again"),
                ));
            }
            store.install(&change.new)?;
        }
    }
    let documents: Vec<Value> = changes.iter().map(document).collect();
    let text = if changes.is_empty() { "no updates\n".to_owned() } else { text };
    Ok(CommandOutput::new(json!({"updated": documents, "dry_run": args.dry_run}), text))
}

/// Returns the permissions of the locked driver. Older lockfiles did not record the authors'
/// defaults, which are therefore taken from the driver.
fn locked_permissions(project: &Project, name: &str, entry: &Entry) -> RequestedPermissions {
    let driver = DriverFile::read(&project.layout.driver(name)).ok();
    let same = |file: &DriverFile| file.sha256().is_ok_and(|sha256| sha256 == entry.sha256);
    let requested = driver.filter(same).map(|file| RequestedPermissions::of(&file.spec));
    let is_older = |requested: &RequestedPermissions| requested.without_defaults() == entry.grants;
    requested.filter(is_older).unwrap_or_else(|| entry.grants.clone())
}

/// Rejects versions that request additional permissions.
fn check_permissions(changes: &[Change<'_>]) -> Result<()> {
    let problems: Vec<Diagnostic> = changes
        .iter()
        .filter(|change| !change.more.is_empty())
        .map(|change| {
            let (name, old, new) =
                (change.name, &change.old.version, &change.new.driver.spec.version);
            let more = change.more.join("; ");
            let message = format!(
                "cannot update `{name}`: version {new} requests more permissions than {old}: {more}"
            );
            Diagnostic::new(Code::PermissionsAdded, message).help(format!(
                "to accept the permissions, run `osiris drivers update {name} --accept-permissions`"
            ))
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Error::new(ExitStatus::Failed, problems)) }
}

fn describe(change: &Change<'_>) -> String {
    let spec = &change.new.driver.spec;
    let mut text = format!(
        "{} {} {} -> {}  {}\n",
        paint(SUCCESS, "✓"),
        paint(BOLD, &escape_control(change.name)),
        escape_control(&change.old.version),
        escape_control(&spec.version),
        paint(
            DIM,
            &format!(
                "{}  sha256 {}",
                format_bytes(change.new.bytes.len() as u64),
                change.new.sha256
            )
        ),
    );
    let lines = |sign: &str, lines: &[String]| -> String {
        lines.iter().map(|line| format!("  {sign} {}\n", escape_control(line))).collect()
    };
    text.push_str(&lines(&paint(WARN, "+"), &change.more));
    text.push_str(&lines("-", &change.less));
    text
}

fn document(change: &Change<'_>) -> Value {
    let spec = &change.new.driver.spec;
    json!({
        "name": change.name,
        "old": {"version": change.old.version, "sha256": change.old.sha256},
        "new": {"version": spec.version, "sha256": change.new.sha256},
        "added_permissions": change.more, "removed_permissions": change.less,
    })
}
