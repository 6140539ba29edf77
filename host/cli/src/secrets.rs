//! Warnings about secrets.

use osiris_core::sanitize::escape_control;
use osiris_pipeline::connection::{SHORTEST, Secrets};

use super::shell::Shell;

/// Warns about secrets that are too short to search for in text. `owner` starts the line.
pub(super) fn warn_short(owner: &str, secrets: &Secrets, shell: &Shell) {
    for field in &secrets.short {
        shell.note(&escape_control(&format!(
            "warning: {owner}the secret in `{field}` is shorter than {SHORTEST} bytes and therefore not masked in logs and messages"
        )));
    }
}
