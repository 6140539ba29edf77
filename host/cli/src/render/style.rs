//! Colours, always part of the text; the shell strips them for outputs without colours.

use anstyle::{AnsiColor, Style};

/// A success.
pub(crate) const SUCCESS: Style = AnsiColor::Green.on_default();
/// A failure.
pub(crate) const ERROR: Style = AnsiColor::Red.on_default();
/// A warning.
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
/// Something less important.
pub(crate) const DIM: Style = Style::new().dimmed();
/// A heading.
pub(crate) const BOLD: Style = Style::new().bold();

/// Applies a style to a text.
pub(crate) fn paint(style: Style, text: &str) -> String {
    if text.is_empty() {
        // Escape codes around an empty text would hide trailing spaces.
        return String::new();
    }
    format!("{style}{text}{style:#}")
}
