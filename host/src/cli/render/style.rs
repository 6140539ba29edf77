//! Colours. They are always in the text; the shell drops them where they are
//! not wanted.

use anstyle::{AnsiColor, Style};

/// Something that went well.
pub(in crate::cli) const GOOD: Style = AnsiColor::Green.on_default();
/// Something that failed.
pub(in crate::cli) const BAD: Style = AnsiColor::Red.on_default();
/// Something to look at.
pub(in crate::cli) const WARN: Style = AnsiColor::Yellow.on_default();
/// Something of less weight.
pub(in crate::cli) const DIM: Style = Style::new().dimmed();
/// A heading.
pub(in crate::cli) const STRONG: Style = Style::new().bold();

/// The text in a style.
pub(in crate::cli) fn paint(style: Style, text: &str) -> String {
    if text.is_empty() {
        // Codes around nothing would hide that a line ends in spaces.
        return String::new();
    }
    format!("{style}{text}{style:#}")
}
