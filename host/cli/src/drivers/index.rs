//! `osiris drivers index`.

use std::path::{Component, Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::DriverFile;
use osiris_core::sanitize::escape_control;
use osiris_registry::index::{EntryDetails, IndexFile};
use serde_json::{Value, json};

use super::super::render::{BOLD, DIM, SUCCESS, paint};
use super::super::shell::{CommandOutput, display_path};
use super::sign;

const EXAMPLES: &str = "\
Examples:
  osiris drivers index public/drivers.json public/acme.crm_extractor-1.2.0.wasm
  osiris drivers index drivers.json crm.wasm --source oci://ghcr.io/acme/crm:1.2.0
  osiris drivers index drivers.json crm.wasm --source https://acme.example/crm-1.2.0.wasm

The index is one file: put it on any web server, or into a registry with
`osiris drivers publish drivers.json oci://ghcr.io/acme/drivers`. Its users name it in
osiris.yaml:

  drivers:
    indexes:
      acme: {source: \"https://acme.example/drivers.json\", key: \"osiris-key:...\"}

Without --source, a driver is found next to the index, by its path relative to the
index. `osiris drivers publish --index` enters a driver as it is published. Each change
raises the sequence of the index and signs it; with the key of --key, the text in
OSIRIS_SIGNING_KEY, or the file that `osiris drivers keygen` creates.";

/// Enter drivers into an index, and sign the index
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// File of the index; created if missing
    #[arg(value_name = "INDEX.json")]
    index: PathBuf,
    /// Driver files
    #[arg(value_name = "FILE.wasm", required = true)]
    files: Vec<PathBuf>,
    /// Address of the published driver, for a single driver
    #[arg(long, value_name = "REF")]
    source: Option<String>,
    /// Replace a version that has other content
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    entry: EntryArgs,
}

/// Options for an entry of an index.
#[derive(Debug, clap::Args)]
pub(super) struct EntryArgs {
    /// License of the driver in the index, as an SPDX expression
    #[arg(long, value_name = "SPDX", requires = "index")]
    license: Option<String>,
    /// Address of a page about the driver, for the index
    #[arg(long, value_name = "URL", requires = "index")]
    homepage: Option<String>,
    /// File with the private key of the index
    #[arg(long, value_name = "FILE", requires = "index")]
    key: Option<PathBuf>,
}

impl EntryArgs {
    /// Opens the file of an index for changes.
    pub(super) fn open(&self, index: &Path) -> Result<IndexFile> {
        IndexFile::open(index, sign::key(self.key.as_deref())?)
    }

    pub(super) fn details(&self) -> EntryDetails {
        EntryDetails { license: self.license.clone(), homepage: self.homepage.clone() }
    }
}

pub(super) fn index(args: &Args) -> Result<CommandOutput> {
    if args.source.is_some() && args.files.len() > 1 {
        let problem =
            Diagnostic::new(Code::UsageInvalid, "cannot use `--source` with several drivers");
        return Err(Error::invalid(problem.help("enter the drivers one at a time")));
    }
    let mut index = args.entry.open(&args.index)?;
    let mut entered = Vec::new();
    for file in &args.files {
        let bytes = DriverFile::bytes(file)?;
        let driver = DriverFile::of(&bytes, file)?;
        if let Some(problem) = driver.mismatch() {
            return Err(Error::invalid(problem));
        }
        let source = match &args.source {
            Some(source) => source.clone(),
            None => relative(file, &args.index)?,
        };
        index.add(&driver, &bytes, &source, &args.entry.details(), args.replace)?;
        entered.push((driver.spec.name.clone(), driver.spec.version.clone(), source));
    }
    let changed = index.write()?;
    let mut text = String::new();
    for (name, version, source) in &entered {
        text.push_str(&format!(
            "{} {} {}  {}\n",
            paint(SUCCESS, "✓"),
            paint(BOLD, &escape_control(name)),
            escape_control(version),
            paint(DIM, &escape_control(source)),
        ));
    }
    text.push_str(&summary(&index, &args.index, changed));
    let mut json = document(&index, &args.index, changed);
    json["drivers"] = entered
        .iter()
        .map(|(name, version, source)| json!({"name": name, "version": version, "source": source}))
        .collect();
    Ok(CommandOutput::new(json, text))
}

/// Formats the line about a written index.
pub(super) fn summary(index: &IndexFile, path: &Path, changed: bool) -> String {
    let count = index.index.drivers.len();
    format!(
        "{} with {count} {}, sequence {}{}\nsigned by {}\n",
        display_path(path),
        if count == 1 { "driver" } else { "drivers" },
        index.index.sequence,
        if changed { "" } else { ", unchanged" },
        index.key(),
    )
}

/// Formats the JSON about a written index.
pub(super) fn document(index: &IndexFile, path: &Path, changed: bool) -> Value {
    json!({
        "file": path, "sequence": index.index.sequence, "changed": changed,
        "public_key": index.key().to_string(),
    })
}

/// Returns the path of a driver relative to the directory of the index.
fn relative(file: &Path, index: &Path) -> Result<String> {
    let folder = index.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok();
    let file_path = file.canonicalize().ok();
    let below = folder.zip(file_path).and_then(|(folder, file)| {
        let below = file.strip_prefix(folder).ok()?;
        let parts = below.components().map(|part| match part {
            Component::Normal(part) => part.to_str(),
            _ => None,
        });
        Some(parts.collect::<Option<Vec<_>>>()?.join("/"))
    });
    below.ok_or_else(|| {
        let message = "the driver is not in the directory of the index, or below it";
        let help = "name the address of the published driver with `--source`";
        let problem = Diagnostic::new(Code::SourceInvalid, message).in_file(file);
        Error::invalid(problem.help(help))
    })
}
