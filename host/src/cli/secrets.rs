//! Warnings about secrets.

use super::shell::Shell;
use crate::connection::{SHORTEST, Secrets};
use crate::sanitize::escape_control;

/// Says which secrets are too short to be looked for in a text. `owner` begins the line.
pub(super) fn warn_short(owner: &str, secrets: &Secrets, shell: &Shell) {
    for field in &secrets.short {
        shell.note(&escape_control(&format!(
            "warning: {owner}the secret in `{field}` is shorter than {SHORTEST} bytes: it is masked in its own field, but not in logs and messages"
        )));
    }
}
