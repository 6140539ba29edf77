//! `osiris drivers keygen`.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::atomic;
use osiris_registry::trust::SecretKey;
use serde_json::json;

use super::super::render::{BOLD, SUCCESS, paint};
use super::super::shell::{CommandOutput, display_path};

const EXAMPLES: &str = "\
Examples:
  osiris drivers keygen                       into the user's configuration directory
  osiris drivers keygen --out release.key
  osiris drivers keygen --json | jq -r .public_key

Give the public key to the users of your drivers, who add it to osiris.yaml:

  drivers:
    keys: {acme: \"osiris-key:...\"}
    require_signature: true

Anyone with the private key can sign in your name: keep the file out of repositories.
On a build server, set the variable OSIRIS_SIGNING_KEY to the text of the key.";

/// Generate a key for signing drivers and indexes
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// File for the private key, which must not exist yet
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn keygen(args: &Args) -> Result<CommandOutput> {
    let path = match &args.out {
        Some(path) => path.clone(),
        None => usual_file()?,
    };
    let key = SecretKey::generate().ok_or_else(|| {
        let message = "cannot generate a key: the system provides no randomness";
        Error::environment(Diagnostic::new(Code::RandomnessMissing, message))
    })?;
    write_key(&path, &key).map_err(|error| {
        let file = |problem: Diagnostic| Error::environment(problem.in_file(&path));
        if error.kind() == io::ErrorKind::AlreadyExists {
            let message =
                "cannot write the key: the file already exists and can hold the only copy of a key";
            let help = "name another file with `--out`";
            return file(Diagnostic::new(Code::SigningKeyExists, message).help(help));
        }
        file(Diagnostic::new(Code::SigningKeyUnwritable, format!("cannot write the key: {error}")))
    })?;
    let public = key.public().to_string();
    let text = format!(
        "{} private key in {}\n{public}\n",
        paint(SUCCESS, "✓"),
        paint(BOLD, &display_path(&path))
    );
    Ok(CommandOutput::new(json!({"public_key": public, "private_key_file": path}), text))
}

fn write_key(path: &Path, key: &SecretKey) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    atomic::write_private_new(path, |file| file.write_all(key.to_text().as_bytes()))
}

/// Returns the default path of the key.
pub(super) fn usual_file() -> Result<PathBuf> {
    dirs::config_dir().map(|folder| folder.join("osiris/signing.key")).ok_or_else(|| {
        let message =
            "cannot find the user's configuration directory, the default location of keys";
        Error::environment(
            Diagnostic::new(Code::ConfigDirMissing, message).help("name the file of the key"),
        )
    })
}
