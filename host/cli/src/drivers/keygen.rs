//! `osiris drivers keygen`.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::atomic;
use osiris_registry::trust::SecretKey;
use serde_json::json;

use super::super::render::{BOLD, SUCCESS, paint};
use super::super::shell::{CommandOutput, display_path};

const EXAMPLES: &str = "\
Examples:
  osiris drivers keygen                       into the user's configuration folder
  osiris drivers keygen --out release.key
  osiris drivers keygen --json | jq -r .public_key

The public key goes to those who use the drivers; they write it into osiris.yaml:

  drivers:
    keys: {acme: \"osiris-key:...\"}
    require_signature: true

Whoever has the private key signs in your name. Keep it out of repositories; a
build server takes its text from the variable OSIRIS_SIGNING_KEY.";

/// Make a key to sign drivers with
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The file for the private key, which must not be there yet
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn keygen(args: &Args) -> Result<CommandOutput> {
    let path = match &args.out {
        Some(path) => path.clone(),
        None => usual_file()?,
    };
    let key = SecretKey::generate().ok_or_else(|| {
        let message = "this machine has no randomness to make a key of";
        Error::environment(Diagnostic::new("no_randomness", message))
    })?;
    place(&path, &key).map_err(|error| {
        let file = |problem: Diagnostic| Error::environment(problem.in_file(&path));
        if error.kind() == io::ErrorKind::AlreadyExists {
            let message =
                "there is a file already, and a key in it may be the only one of its kind";
            let help = "name another file with --out";
            return file(Diagnostic::new("key_exists", message).help(help));
        }
        file(Diagnostic::new("key_not_written", format!("the key cannot be written: {error}")))
    })?;
    let public = key.public().to_string();
    let text = format!(
        "{} private key in {}\n{public}\n",
        paint(SUCCESS, "✓"),
        paint(BOLD, &display_path(&path))
    );
    Ok(CommandOutput::new(json!({"public_key": public, "private_key_file": path}), text))
}

fn place(path: &Path, key: &SecretKey) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    atomic::write_private_new(path, |file| file.write_all(key.to_text().as_bytes()))
}

/// Returns the default path of the key.
pub(super) fn usual_file() -> Result<PathBuf> {
    dirs::config_dir().map(|folder| folder.join("osiris/signing.key")).ok_or_else(|| {
        let message = "the user has no folder for configuration, so a key has no usual place";
        Error::environment(Diagnostic::new("no_config_folder", message).help("name a file for it"))
    })
}
