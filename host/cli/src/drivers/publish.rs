//! `osiris drivers publish`.

use std::path::PathBuf;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::{DriverFile, MAX_SIZE};
use osiris_core::sanitize::escape_control;
use osiris_core::yaml::read_bytes;
use osiris_registry::index::DriverIndex;
use osiris_registry::oci::{Published, Reference};
use osiris_registry::trust;
use serde_json::json;

use super::super::render::{BOLD, DIM, SUCCESS, format_bytes, paint};
use super::super::shell::{CommandOutput, Shell};
use super::fetch_args::{FetchContext, NetworkArgs};
use super::index::{self, EntryArgs};

const EXAMPLES: &str = "\
Examples:
  osiris drivers publish crm.wasm oci://ghcr.io/acme/crm-extractor           tagged with its version
  osiris drivers publish crm.wasm oci://ghcr.io/acme/crm-extractor:nightly --force
  osiris drivers publish crm.wasm oci://ghcr.io/acme/crm-extractor --index drivers.json
  osiris drivers publish drivers.json oci://ghcr.io/acme/drivers             an index of drivers

Log in with `docker login ghcr.io`, or set OSIRIS_REGISTRY to the registry,
OSIRIS_REGISTRY_USER and OSIRIS_REGISTRY_PASSWORD. The layout is that of wkg:
`wkg oci pull ghcr.io/acme/crm-extractor:1.2.0` fetches the same bytes.

With --index, the driver is also entered into the file of an index, which is created or
signed again; see `osiris drivers index --help`. An index is published under the tag
`latest`, which moves to it.";

/// Publish a driver, or an index of drivers, to a registry
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Driver file, or the file of an index
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Destination: oci://REGISTRY/NAME[:TAG]; the default tag is the version of a driver
    #[arg(value_name = "REF")]
    reference: Reference,
    /// Move a tag that points to different content
    #[arg(long)]
    force: bool,
    /// Enter the driver into this index, and sign the index
    #[arg(long, value_name = "INDEX.json")]
    index: Option<PathBuf>,
    #[command(flatten)]
    entry: EntryArgs,
    #[command(flatten)]
    network: NetworkArgs,
}

pub(super) fn publish(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let content = read_bytes(&args.file, MAX_SIZE)?;
    if args.reference.digest.is_some() {
        let problem = Diagnostic::new(Code::SourceInvalid, "cannot publish under a digest");
        return Err(Error::invalid(problem.help("remove the `@` and the digest after it")));
    }
    // A component begins with a zero byte, and the document of an index with a brace.
    match content.trim_ascii_start().starts_with(b"{") {
        true => publish_index(args, &content, shell),
        false => publish_driver(args, &content, shell),
    }
}

fn publish_driver(args: &Args, component: &[u8], shell: &Shell) -> Result<CommandOutput> {
    let driver = DriverFile::of(component, &args.file)?;
    if let Some(problem) = driver.mismatch() {
        return Err(Error::invalid(problem));
    }
    trust::signers(component).map_err(|problem| Error::invalid(problem.in_file(&args.file)))?;
    let spec = &driver.spec;
    // A tag cannot contain the `+` of a version.
    let tag = args.reference.tag.clone().unwrap_or_else(|| spec.version.replace('+', "_"));
    let reference = args.reference.tagged(&tag);
    // Nothing is published unless the index can be changed.
    let mut index = match &args.index {
        Some(path) => {
            let mut index = args.entry.open(path)?;
            let (source, details) = (reference.to_string(), args.entry.details());
            index.add(&driver, component, &source, &details, args.force)?;
            Some((path, index))
        }
        None => None,
    };
    let context = FetchContext::open(shell, &shell.project()?, &args.network)?;
    let client = context.registry(&reference.registry)?;
    let size = component.len() as u64;
    let message = format!("Publishing {reference}  {}", format_bytes(size));
    let published =
        context.wait(&message, client.publish(&reference, &driver, component, args.force))?;
    let mut text = line(&published, &spec.name, &spec.version, size, &reference);
    let mut json = json!({
        "name": spec.name, "version": spec.version, "reference": reference.to_string(),
        "digest": published.digest, "size": size, "unchanged": published.unchanged,
    });
    if let Some((path, index)) = &mut index {
        let changed = index.write()?;
        text.push_str(&index::summary(index, path, changed));
        json["index_entry"] = index::document(index, path, changed);
    }
    Ok(CommandOutput::new(json, text))
}

fn publish_index(args: &Args, content: &[u8], shell: &Shell) -> Result<CommandOutput> {
    if args.index.is_some() {
        let problem = Diagnostic::new(Code::UsageInvalid, "cannot enter an index into an index");
        return Err(Error::invalid(problem.help("remove `--index`")));
    }
    let (key, index) = DriverIndex::open_with_own_key(content)
        .map_err(|problem| Error::invalid(problem.in_file(&args.file)))?;
    let reference = args.reference.tagged(args.reference.tag.as_deref().unwrap_or("latest"));
    let context = FetchContext::open(shell, &shell.project()?, &args.network)?;
    let client = context.registry(&reference.registry)?;
    let size = content.len() as u64;
    let message = format!("Publishing {reference}  {}", format_bytes(size));
    let published = context.wait(&message, client.publish_index(&reference, content))?;
    let count = index.drivers.len();
    let name = format!("index with {count} {}", if count == 1 { "driver" } else { "drivers" });
    let version = format!("(sequence {})", index.sequence);
    let mut text = line(&published, &name, &version, size, &reference);
    text.push_str(&format!("signed by {key}\n"));
    let json = json!({
        "drivers_total": index.drivers.len(), "sequence": index.sequence,
        "public_key": key.to_string(), "reference": reference.to_string(),
        "digest": published.digest, "size": size, "unchanged": published.unchanged,
    });
    Ok(CommandOutput::new(json, text))
}

fn line(
    published: &Published,
    name: &str,
    version: &str,
    size: u64,
    reference: &Reference,
) -> String {
    let pinned = reference.pinned(&published.digest);
    format!(
        "{} {} {} {}  {}\n",
        paint(SUCCESS, "✓"),
        if published.unchanged { "already published:" } else { "published" },
        paint(BOLD, &escape_control(name)),
        escape_control(version),
        paint(DIM, &format!("{}  {pinned}", format_bytes(size))),
    )
}
