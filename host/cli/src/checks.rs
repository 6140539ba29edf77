//! Pass/fail check lists, shared by the `doctor` commands.

use osiris_core::diagnostic::ExitStatus;
use osiris_core::sanitize::escape_control;
use serde_json::{Value, json};

use super::render::{BOLD, DIM, ERROR, SUCCESS, paint};
use super::shell::CommandOutput;

/// A single check.
pub(super) struct Check {
    pub(super) name: &'static str,
    /// A description, or the failure with its fix.
    pub(super) result: Result<String, String>,
}

/// Formats one line per check; the exit code is 3 if any check failed.
pub(super) fn answer(checks: &[Check]) -> CommandOutput {
    let ok = checks.iter().all(|check| check.result.is_ok());
    let to_json = |Check { name, result }: &Check| {
        let message = result.as_ref().unwrap_or_else(|why| why);
        json!({"name": name, "ok": result.is_ok(), "message": message})
    };
    let json = json!({
        "status": if ok { "success" } else { "error" },
        "checks": checks.iter().map(to_json).collect::<Vec<Value>>(),
    });
    let width = checks.iter().map(|check| check.name.len()).max().unwrap_or_default().max(9);
    let text = checks.iter().map(|Check { name, result }| {
        let (style, glyph, message) = match result {
            Ok(message) => (SUCCESS, "✓", paint(DIM, &escape_control(message))),
            Err(why) => (ERROR, "✗", escape_control(why).into_owned()),
        };
        format!("{} {} {message}\n", paint(style, glyph), paint(BOLD, &format!("{name:<width$}")))
    });
    let exit = if ok { 0 } else { ExitStatus::Environment as u8 };
    CommandOutput { json, text: text.collect(), exit, failed: false }
}
