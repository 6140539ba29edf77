//! `osiris drivers publish`.

use std::path::PathBuf;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::{DriverFile, MAX_SIZE};
use osiris_core::sanitize::escape_control;
use osiris_core::yaml::read_bytes;
use osiris_registry::oci::Reference;
use serde_json::json;

use super::super::render::{BOLD, DIM, SUCCESS, format_bytes, paint};
use super::super::shell::{CommandOutput, Shell};
use super::fetch_args::{FetchContext, NetworkArgs};

const EXAMPLES: &str = "\
Examples:
  osiris drivers publish crm.wasm oci://ghcr.io/acme/crm-extractor           tagged with its version
  osiris drivers publish crm.wasm oci://ghcr.io/acme/crm-extractor:nightly --force

Log in with `docker login ghcr.io`, or set OSIRIS_REGISTRY to the registry,
OSIRIS_REGISTRY_USER and OSIRIS_REGISTRY_PASSWORD. The layout is that of wkg:
`wkg oci pull ghcr.io/acme/crm-extractor:1.2.0` fetches the same bytes.";

/// Publish a driver to a registry
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Driver file
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// Destination: oci://REGISTRY/NAME[:TAG]; the default tag is the version
    #[arg(value_name = "REF")]
    reference: Reference,
    /// Move a tag that points to different content
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    network: NetworkArgs,
}

pub(super) fn publish(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let component = read_bytes(&args.file, MAX_SIZE)?;
    let driver = DriverFile::of(&component, &args.file)?;
    if let Some(problem) = driver.mismatch() {
        return Err(Error::invalid(problem));
    }
    if args.reference.digest.is_some() {
        let problem = Diagnostic::new(Code::SourceInvalid, "cannot publish under a digest");
        return Err(Error::invalid(problem.help("remove the `@` and the digest after it")));
    }
    let spec = &driver.spec;
    // A tag cannot contain the `+` of a version.
    let tag = args.reference.tag.clone().unwrap_or_else(|| spec.version.replace('+', "_"));
    let reference = args.reference.tagged(&tag);
    let context = FetchContext::open(shell, &shell.project()?, &args.network)?;
    let client = context.registry(&reference.registry)?;
    let size = component.len() as u64;
    let message = format!("Publishing {reference}  {}", format_bytes(size));
    let published =
        context.wait(&message, client.publish(&reference, &driver, &component, args.force))?;
    let pinned = reference.pinned(&published.digest);
    let text = format!(
        "{} {} {} {}  {}\n",
        paint(SUCCESS, "✓"),
        if published.unchanged { "already published:" } else { "published" },
        paint(BOLD, &escape_control(&spec.name)),
        escape_control(&spec.version),
        paint(DIM, &format!("{}  {pinned}", format_bytes(size))),
    );
    let json = json!({
        "name": spec.name, "version": spec.version, "reference": reference.to_string(),
        "digest": published.digest, "size": size, "unchanged": published.unchanged,
    });
    Ok(CommandOutput::new(json, text))
}
