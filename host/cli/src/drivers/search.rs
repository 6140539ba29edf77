//! `osiris drivers search`.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_registry::oci::{CatalogEntry, REGISTRY};
use serde_json::json;

use super::super::render::{DIM, Table};
use super::super::shell::{CommandOutput, Shell};
use super::fetch_args::{FetchContext, NetworkArgs};

const EXAMPLES: &str = "\
Examples:
  osiris drivers search --registry localhost:5000            list all drivers
  osiris drivers search crm --registry registry.acme.example
  OSIRIS_REGISTRY=registry.acme.example osiris drivers search crm

Searches the names and titles. Public registries like ghcr.io and Docker Hub do not
list their repositories: use the full name there.";

/// Maximum concurrent requests.
const AT_ONCE: usize = 8;
/// Maximum repositories that are requested.
const MAX_REPOSITORIES: usize = 1_000;

/// Search a registry for drivers
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Text to find in the name or the title
    #[arg(value_name = "TEXT", default_value = "")]
    text: String,
    /// Host of the registry; OSIRIS_REGISTRY by default
    #[arg(long, value_name = "HOST")]
    registry: Option<String>,
    #[command(flatten)]
    network: NetworkArgs,
}

pub(super) fn search(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let project = shell.project()?;
    let context = FetchContext::open(shell, &project, &args.network)?;
    let registry =
        args.registry.clone().or_else(|| context.variable(REGISTRY)).ok_or_else(|| {
            let problem = Diagnostic::new(Code::UsageInvalid, "no registry to search");
            Error::invalid(problem.help(
                "name a registry with `--registry HOST`, or run `export OSIRIS_REGISTRY=HOST`",
            ))
        })?;
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
        json!({"registry": registry, "drivers": drivers, "not_looked_at": remaining}),
        text,
    ))
}
