//! Colours, always part of the text; the shell strips them for outputs without colours.

use anstyle::{AnsiColor, Style};

/// A success.
pub(in crate::cli) const GOOD: Style = AnsiColor::Green.on_default();
/// A failure.
pub(in crate::cli) const BAD: Style = AnsiColor::Red.on_default();
/// A warning.
pub(in crate::cli) const WARN: Style = AnsiColor::Yellow.on_default();
/// Something less important.
pub(in crate::cli) const DIM: Style = Style::new().dimmed();
/// A heading.
pub(in crate::cli) const STRONG: Style = Style::new().bold();

/// Applies a style to a text.
pub(in crate::cli) fn paint(style: Style, text: &str) -> String {
    if text.is_empty() {
        // Escape codes around an empty text would hide trailing spaces.
        return String::new();
    }
    format!("{style}{text}{style:#}")
}
