//! Text output.

mod excerpt;
mod number;
mod style;
mod table;

use std::borrow::Cow;

use osiris_core::diagnostic::{Diagnostic, Position, SourceLocation};
use osiris_core::sanitize::escape_control;

use self::excerpt::Sources;
pub(super) use self::number::{count, format_bytes, milliseconds, time_ago, whole_seconds};
pub(super) use self::style::{BOLD, DIM, ERROR, SUCCESS, WARN, paint};
pub(super) use self::table::Table;

/// Formats problems one below the other, followed by their number if there are more than three.
pub(super) fn problems(problems: &[Diagnostic]) -> String {
    let sources = Sources::of(problems);
    let mut lines: Vec<String> =
        problems.iter().map(|one| problem(ERROR, "error", one, &sources)).collect();
    if problems.len() > 3 {
        lines.push(format!("{} problems", problems.len()));
    }
    lines.join("\n")
}

/// Formats a warning.
pub(super) fn warning(one: &Diagnostic) -> String {
    problem(WARN, "warning", one, &Sources::of(std::slice::from_ref(one)))
}

fn problem(style: anstyle::Style, word: &str, problem: &Diagnostic, sources: &Sources) -> String {
    let mut text = format!("{}: {}", paint(style.bold(), word), multiline(&problem.message));
    if let Some(SourceLocation { file, position }) = &problem.location {
        let position = position.map(|Position { line, column }| format!(":{line}:{column}"));
        let location = format!("--> {}{}", escape_control(file), position.unwrap_or_default());
        text.push_str(&format!("\n  {}", paint(DIM, &location)));
        text.push_str(&sources.excerpt(problem, style));
    }
    if let Some(help) = &problem.help {
        text.push_str(&format!("\n  {} {}", paint(BOLD, "help:"), multiline(help)));
    }
    text
}

/// Truncates a text to `most` characters and marks the truncation.
pub(super) fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Keeps line breaks and escapes all other control characters.
pub(super) fn multiline(text: &str) -> String {
    text.split('\n').map(escape_control).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use osiris_core::code::Code;

    use super::*;

    #[test]
    fn problem_text_escapes_terminal_controls() {
        let problem =
            Diagnostic::new(Code::NameInvalid, "bad \x1b[2J name\nsecond").help("rename it");
        let text = anstream::adapter::strip_str(&problems(&[problem])).to_string();
        assert_eq!(text, "error: bad \\u{1b}[2J name\nsecond\n  help: rename it");
    }
}
