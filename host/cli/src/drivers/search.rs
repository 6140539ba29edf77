//! `osiris drivers search`.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use osiris_core::diagnostic::Result;
use osiris_pipeline::project::Project;
use osiris_registry::oci::{CatalogEntry, REGISTRY};
use serde_json::json;

use super::super::render::{BOLD, DIM, Table, paint};
use super::super::shell::{CommandOutput, Shell};
use super::fetch_args::{FetchContext, Local, NetworkArgs};

const EXAMPLES: &str = "\
Examples:
  osiris drivers search crm                                  in the indexes of the project
  osiris drivers search crm --index acme
  osiris drivers search --registry localhost:5000            list all drivers
  osiris drivers search crm --registry registry.acme.example
  OSIRIS_REGISTRY=registry.acme.example osiris drivers search crm

Searches the names, titles and descriptions in the indexes that osiris.yaml lists under
drivers.indexes, and the drivers that come with osiris; or, with --registry, or with
OSIRIS_REGISTRY if the project has no index, the names and titles in a registry. Public
registries like ghcr.io and Docker Hub do not list their repositories: use the full name
there.";

/// Maximum concurrent requests.
const AT_ONCE: usize = 8;
/// Maximum repositories that are requested.
const MAX_REPOSITORIES: usize = 1_000;

/// Search the indexes of the project, or a registry, for drivers
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Text to find
    #[arg(value_name = "TEXT", default_value = "")]
    text: String,
    /// Search only this index of osiris.yaml
    #[arg(long, value_name = "NAME")]
    index: Option<String>,
    /// Search this registry instead of the indexes
    #[arg(long, value_name = "HOST", conflicts_with = "index")]
    registry: Option<String>,
    #[command(flatten)]
    local: Local,
    #[command(flatten)]
    network: NetworkArgs,
}

pub(super) fn search(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let project = shell.project()?;
    let context = FetchContext::open(shell, &project, &args.network)?;
    let has_index = !project.settings.indexes.is_empty() || args.index.is_some();
    // The variable also names the registry of a login, which is no reason to skip the indexes.
    let registry = args.registry.clone();
    let registry = registry.or_else(|| context.variable(REGISTRY).filter(|_| !has_index));
    match registry {
        Some(registry) => search_registry(&registry, args, &context, shell),
        None => search_indexes(args, &project, &context),
    }
}

/// Searches the indexes of the project, and the drivers that come with osiris.
fn search_indexes(
    args: &Args,
    project: &Project,
    context: &FetchContext<'_>,
) -> Result<CommandOutput> {
    let indexes = context.indexes(project, args.index.as_deref(), args.local)?;
    let query = args.text.to_lowercase();
    let mut table = Table::new(["Driver", "Version", "From", "Title"]);
    let mut drivers = Vec::new();
    let mut add = |name: &str, version: &str, index: Option<&str>, title: &str| {
        let plain = anstyle::Style::new();
        let from = index.unwrap_or("osiris").to_owned();
        table.styled([
            (name.to_owned(), plain),
            (version.to_owned(), plain),
            (from, plain),
            (title.to_owned(), DIM),
        ]);
        drivers.push(json!({
            "name": name, "version": version, "index": index, "built_in": index.is_none(),
            "title": title,
        }));
    };
    if args.index.is_none() {
        for driver in context.all_built_in() {
            let spec = &driver.spec;
            let texts = [&spec.name, &spec.title, &spec.description];
            if texts.iter().any(|text| text.to_lowercase().contains(&query)) {
                add(&spec.name, &spec.version, None, &spec.title);
            }
        }
    }
    for found in indexes.search(&args.text) {
        let version = found.driver.newest().map_or("", |release| &release.version);
        add(found.name, version, Some(&found.index.name), &found.driver.title);
    }
    let names: Vec<&str> = indexes.indexes.iter().map(|index| index.name.as_str()).collect();
    let text = match (drivers.is_empty(), names.is_empty()) {
        (false, _) => table.render(),
        (true, false) => format!("no matching drivers in {}\n", names.join(", ")),
        (true, true) => format!(
            "no matching drivers in osiris, and the project has no index\n  {} add one under `drivers.indexes` in `osiris.yaml`, or search a registry with `--registry HOST`\n",
            paint(BOLD, "help:")
        ),
    };
    let copies = indexes.indexes.iter().filter(|index| index.offline.is_some());
    let copies: Vec<&str> = copies.map(|index| index.name.as_str()).collect();
    Ok(CommandOutput::new(
        json!({"indexes": names, "offline_copies": copies, "drivers": drivers}),
        text,
    ))
}

/// Searches a registry.
fn search_registry(
    registry: &str,
    args: &Args,
    context: &FetchContext<'_>,
    shell: &Shell,
) -> Result<CommandOutput> {
    let registry = registry.trim_start_matches("oci://").trim_end_matches('/').to_owned();
    let client = context.registry(&registry)?;
    let query = args.text.to_lowercase();
    let work = async {
        let names = client.catalogue().await?;
        let remaining = names.len().saturating_sub(MAX_REPOSITORIES);
        let lookups = names.iter().take(MAX_REPOSITORIES).map(|name| client.look(&registry, name));
        let found: Vec<Option<CatalogEntry>> =
            stream::iter(lookups).buffered(AT_ONCE).try_collect().await?;
        Ok((found, remaining))
    };
    let (found, remaining) = context.wait(&format!("Searching {registry}"), work)?;
    let mut found: Vec<CatalogEntry> = found.into_iter().flatten().collect();
    found.retain(|one| {
        let texts = [&one.reference.repository, &one.name, &one.title];
        texts.iter().any(|text| text.to_lowercase().contains(&query))
    });
    if remaining > 0 && !shell.json {
        shell.note(&format!("{remaining} more repositories were not searched"));
    }
    let mut table = Table::new(["Reference", "Driver", "Version", "Title"]);
    for one in &found {
        let plain = anstyle::Style::new();
        table.styled([
            (one.reference.to_string(), plain),
            (one.name.clone(), plain),
            (one.version.clone(), plain),
            (one.title.clone(), DIM),
        ]);
    }
    let text = match found.is_empty() {
        true => format!("no matching drivers in {registry}\n"),
        false => table.render(),
    };
    let drivers: Vec<_> = found
        .iter()
        .map(|one| json!({"reference": one.reference.to_string(), "name": one.name, "version": one.version, "title": one.title}))
        .collect();
    Ok(CommandOutput::new(
        json!({"registry": registry, "drivers": drivers, "not_searched": remaining}),
        text,
    ))
}
