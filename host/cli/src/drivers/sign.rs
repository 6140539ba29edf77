//! `osiris drivers sign`.

use std::path::{Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::DriverFile;
use osiris_core::fs::atomic;
use osiris_core::sanitize::escape_control;
use osiris_core::{canonical, yaml};
use osiris_registry::trust::{self, SecretKey};
use serde_json::json;

use super::super::render::{BOLD, DIM, SUCCESS, paint};
use super::super::shell::{CommandOutput, display_path};
use super::keygen::usual_file;

/// The variable with the text of a private key.
const VARIABLE: &str = "OSIRIS_SIGNING_KEY";
/// Maximum bytes of a key file.
const MAX_KEY: u64 = 4096;

const EXAMPLES: &str = "\
Examples:
  osiris drivers sign acme.crm_extractor.wasm
  osiris drivers sign target/*.wasm --key release.key
  OSIRIS_SIGNING_KEY=\"$KEY\" osiris drivers sign acme.crm_extractor.wasm

Without --key, the key is the text in OSIRIS_SIGNING_KEY, otherwise the file that
`osiris drivers keygen` creates. Signing again with the same key replaces its
signature; signatures of other keys are kept. Signing changes the sha256 of the file:
compile pipelines that pin it again.";

/// Sign driver files in place
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Driver files
    #[arg(value_name = "FILE.wasm", required = true)]
    files: Vec<PathBuf>,
    /// File with the private key
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

pub(super) fn sign(args: &Args) -> Result<CommandOutput> {
    let key = key(args.key.as_deref())?;
    let public = key.public().to_string();
    // Nothing is written unless all files can be signed.
    let signed_files =
        args.files.iter().map(|file| sign_file(file, &key)).collect::<Result<Vec<_>>>()?;
    let (mut text, mut drivers) = (String::new(), Vec::new());
    for (driver, bytes) in &signed_files {
        let path = &driver.path;
        atomic::write(path, bytes).map_err(|error| {
            let message = format!("cannot write the signed driver: {error}");
            Error::environment(Diagnostic::new(Code::DriverUnwritable, message).in_file(path))
        })?;
        let (spec, sha256) = (&driver.spec, canonical::sha256(bytes));
        text.push_str(&format!(
            "{} {} {}  {}\n",
            paint(SUCCESS, "✓"),
            paint(BOLD, &escape_control(&spec.name)),
            escape_control(&spec.version),
            paint(DIM, &format!("{}  sha256 {sha256}", display_path(path))),
        ));
        drivers.push(json!({
            "name": spec.name, "version": spec.version, "file": path, "sha256": sha256,
            "size": bytes.len(),
        }));
    }
    text.push_str(&format!("signed by {public}\n"));
    Ok(CommandOutput::new(json!({"public_key": public, "drivers": drivers}), text))
}

/// Returns a driver's file and its signed bytes.
fn sign_file(file: &Path, key: &SecretKey) -> Result<(DriverFile, Vec<u8>)> {
    // A symlink is kept, and its target is signed.
    let path = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let bytes = DriverFile::bytes(&path)?;
    let driver = DriverFile::of(&bytes, &path)?;
    let bytes =
        trust::sign(&bytes, key).map_err(|problem| Error::invalid(problem.in_file(&path)))?;
    Ok((driver, bytes))
}

/// Reads the private key from the file, the variable or the default path.
pub(super) fn key(file: Option<&Path>) -> Result<SecretKey> {
    if file.is_none()
        && let Some(text) = std::env::var_os(VARIABLE)
    {
        let text = text.to_str().unwrap_or_default();
        return SecretKey::parse(text).map_err(|why| {
            let message = format!("`{VARIABLE}` is not a valid key: {why}");
            Error::invalid(Diagnostic::new(Code::SigningKeyInvalid, message))
        });
    }
    let path = match file {
        Some(path) => path.to_owned(),
        None => usual_file()?,
    };
    if file.is_none() && !path.exists() {
        let message = "cannot sign: the key file does not exist";
        let help = "create a key with `osiris drivers keygen`, or name its file with `--key`";
        let problem = Diagnostic::new(Code::SigningKeyMissing, message).in_file(&path);
        return Err(Error::environment(problem.help(help)));
    }
    let bytes = yaml::read_bytes(&path, MAX_KEY)?;
    SecretKey::parse(&String::from_utf8_lossy(&bytes))
        .map_err(|why| Error::invalid(Diagnostic::new(Code::SigningKeyInvalid, why).in_file(&path)))
}
