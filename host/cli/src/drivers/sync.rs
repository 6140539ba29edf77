//! `osiris drivers sync`.

use std::path::PathBuf;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, ExitStatus, Result};
use osiris_core::fs::layout::LOCK_FILE;
use osiris_core::sanitize::escape_control;
use osiris_pipeline::project::Project;
use osiris_registry::{DriverInstaller, Entry, Fetched, Lockfile, Source, Wanted, hash_file};
use serde_json::{Value, json};

use super::super::render::{BOLD, DIM, ERROR, SUCCESS, paint};
use super::super::shell::{CommandOutput, Shell, display_path};
use super::fetch_args::{FetchContext, Local, NetworkArgs};
use super::{add, unbundle};

const EXAMPLES: &str = "\
Examples:
  osiris drivers sync             after `git pull`, or in a fresh clone
  osiris drivers sync --check     only check; exit with 1 if drivers differ
  osiris drivers sync --from drivers.tar      install from a bundle, without a network

Fetches missing drivers and repairs changed drivers, by the hashes in osiris.lock. No
network is needed if nothing differs. Drivers that are not locked, like those that you
build yourself, are not changed.

A bundle, created with `osiris drivers bundle`, contains drivers and a lockfile. Before
the first driver is installed, all are checked: the sha256, the signatures and the
rules of this project. Keys in the bundle are shown, but not trusted.";

/// Install the drivers pinned in osiris.lock
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Change nothing; exit with 1 if drivers differ
    #[arg(long)]
    check: bool,
    /// Install the drivers, and the lockfile if the project has none, from a bundle
    #[arg(long, value_name = "FILE.tar", conflicts_with = "check")]
    from: Option<PathBuf>,
    /// Replace different drivers and a different lockfile with those in the bundle
    #[arg(long, requires = "from")]
    replace: bool,
    #[command(flatten)]
    local: Local,
    #[command(flatten)]
    network: NetworkArgs,
}

pub(super) fn sync(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    if let Some(bundle) = &args.from {
        return unbundle::unbundle(bundle, args.replace, shell);
    }
    let project = shell.project()?;
    let lock = Lockfile::read(&project.layout.lock_file())?;
    let mut different = Vec::new();
    for (name, entry) in &lock.drivers {
        match hash_file(&project.layout.driver(name))? {
            Some(actual) if actual == entry.sha256 => {}
            Some(_) => different.push((name, entry, "changed")),
            None => different.push((name, entry, "missing")),
        }
    }
    let count = lock.drivers.len();
    if args.check {
        return Ok(check_output(&different, &project, count));
    }
    let (mut text, mut documents, mut problems) = (String::new(), Vec::new(), Vec::new());
    let context = FetchContext::open(shell, &project, &args.network)?;
    for (name, entry, state) in different {
        let result = fetch(&context, &project, name, entry, args.local).and_then(|driver| {
            // If the lockfile has changed meanwhile, no driver of the old one is placed.
            let store = DriverInstaller::open(&project.layout, &project.settings.drivers.keys)?;
            if store.lock.drivers.get(name) != Some(entry) {
                let message =
                    format!("the entry of `{name}` in `osiris.lock` changed during the command");
                return Err(Error::environment(
                    Diagnostic::new(Code::LockfileChanged, message).help("run the command again"),
                ));
            }
            let path = store.restore(&driver)?;
            Ok((driver, path))
        });
        match result {
            Ok((driver, path)) => {
                text.push_str(&add::line(&driver, &path));
                let mut document = add::document(&driver, &path);
                document["difference"] = state.into();
                documents.push(document);
            }
            Err(error) => problems.push(fetch_error(name, error)),
        }
    }
    if let Some(first) = problems.first() {
        let exit = first.exit;
        let problems = problems.into_iter().flat_map(|error| error.into_diagnostics()).collect();
        return Err(Error::new(exit, problems));
    }
    if documents.is_empty() {
        text = match_text(count);
    }
    Ok(CommandOutput::new(json!({"drivers_total": count, "fetched": documents}), text))
}

fn fetch(
    context: &FetchContext<'_>,
    project: &Project,
    name: &str,
    entry: &Entry,
    local: Local,
) -> Result<Fetched> {
    let source = Source::parse(&entry.source, project.base())?;
    if source == Source::File(project.layout.driver(name)) {
        let message = "the source recorded in `osiris.lock` is this file itself";
        let help = format!(
            "restore the file from version control or a backup; its sha256 is {}",
            entry.sha256
        );
        return Err(Error::environment(
            Diagnostic::new(Code::SourceUnknown, message)
                .in_file(&project.layout.driver(name))
                .help(help),
        ));
    }
    let from_project = local.check(&entry.source, &source, project.base(), LOCK_FILE)?;
    let (sha256, digest) = (Some(entry.sha256.as_str()), entry.digest.as_deref());
    let index = entry.index.as_deref();
    context.fetch(&source, Wanted { name: Some(name), sha256, digest, index, from_project })
}

/// Adds the name of the driver that cannot be fetched.
fn fetch_error(name: &str, mut error: Error) -> Error {
    for problem in error.iter_mut() {
        problem.message = format!("cannot fetch driver `{name}`: {}", problem.message);
        problem.help.get_or_insert_with(|| {
            "restore the source, or add the driver from another source with `osiris drivers add`".into()
        });
    }
    error
}

fn match_text(count: usize) -> String {
    match count {
        0 => "no drivers are locked; lock a driver with `osiris drivers add`\n".to_owned(),
        1 => format!("{} 1 driver matches osiris.lock\n", paint(SUCCESS, "✓")),
        _ => format!("{} {count} drivers match osiris.lock\n", paint(SUCCESS, "✓")),
    }
}

fn check_output(
    different: &[(&String, &Entry, &str)],
    project: &Project,
    count: usize,
) -> CommandOutput {
    if different.is_empty() {
        return CommandOutput::new(
            json!({"drivers_total": count, "different": []}),
            match_text(count),
        );
    }
    let documents: Vec<Value> = different
        .iter()
        .map(|(name, entry, state)| {
            json!({"name": name, "version": entry.version, "difference": state, "file": project.layout.driver(name)})
        })
        .collect();
    let mut text = String::new();
    for (name, entry, state) in different {
        let file = paint(DIM, &escape_control(&display_path(&project.layout.driver(name))));
        let (sign, name) = (paint(ERROR, "✗"), paint(BOLD, &escape_control(name)));
        text.push_str(&format!(
            "{sign} {name} {}  {state}  {file}\n",
            escape_control(&entry.version)
        ));
    }
    text.push_str(&format!("  {} run `osiris drivers sync`\n", paint(BOLD, "help:")));
    let mut answer =
        CommandOutput::new(json!({"drivers_total": count, "different": documents}), text);
    answer.json["status"] = "error".into();
    (answer.exit, answer.failed) = (ExitStatus::Failed as u8, true);
    answer
}
