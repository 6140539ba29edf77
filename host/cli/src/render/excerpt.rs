//! The source line of a problem in a YAML file, with carets below the reported text.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::path::Path;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Position, SourceLocation};
use osiris_core::fs::layout::CONNECTIONS_FILE;
use osiris_core::invisible::is_invisible;
use osiris_core::secret_keys;
use osiris_core::text::closest_match;
use osiris_core::yaml::{self, Entry, Node, Value};
use unicode_width::UnicodeWidthChar;

use super::style::{DIM, paint};

/// Maximum columns of a source line, so that the carets stay below it in a terminal of 80 columns.
const MAX_WIDTH: usize = 72;
/// Columns shown before the reported text in a shortened line.
const CONTEXT: usize = 24;
const TAB: &str = "    ";

/// The files of a list of problems. Each file is read once.
#[derive(Default)]
pub(super) struct Sources {
    files: HashMap<String, Option<Source>>,
}

struct Source {
    lines: Vec<String>,
    /// Numbers of the lines that hold secrets, from 1.
    hidden: BTreeSet<u32>,
}

impl Sources {
    /// Creates the sources of `problems`. Lines on which one of them is an inline secret are never
    /// shown.
    pub(super) fn of(problems: &[Diagnostic]) -> Self {
        let mut sources = Self::default();
        for problem in problems {
            let Some(SourceLocation { file, position: Some(_) }) = &problem.location else {
                continue;
            };
            sources.files.entry(file.clone()).or_insert_with(|| {
                let places = problems.iter().filter(|other| other.code == Code::SecretInline);
                let places = places.filter_map(|other| other.location.as_ref());
                let places = places.filter(|place| place.file == *file);
                Source::read(Path::new(file), places.filter_map(|place| place.position).collect())
            });
        }
        sources
    }

    /// Returns the lines that show where a problem is, each after a line break. Returns an empty
    /// text if the problem has no position, or its line is missing or holds a secret.
    pub(super) fn excerpt(&self, problem: &Diagnostic, style: anstyle::Style) -> String {
        let Some(SourceLocation { file, position: Some(position) }) = &problem.location else {
            return String::new();
        };
        let Some(Some(source)) = self.files.get(file) else { return String::new() };
        source.excerpt(*position, style).unwrap_or_default()
    }
}

impl Source {
    fn read(file: &Path, secrets: Vec<Position>) -> Option<Self> {
        let bytes = yaml::read_bytes(file, yaml::MAX_BYTES).ok()?;
        // The position of a problem in a driver's spec is not one in the component.
        if bytes.starts_with(b"\0asm") {
            return None;
        }
        let text = String::from_utf8(bytes.clone()).ok()?;
        let root = yaml::parse(&bytes, file).ok();
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let lines: Vec<String> =
            text.replace("\r\n", "\n").split(['\n', '\r']).map(str::to_owned).collect();
        let is_connections = file.file_name().is_some_and(|name| name == CONNECTIONS_FILE);
        let hidden = match &root {
            Some(root) => hidden(root, &lines, is_connections, &secrets),
            // The structure of the file is unknown: a value can be on any line.
            None if lines.iter().any(|line| mentions_secret(line)) => return None,
            None => BTreeSet::new(),
        };
        Some(Self { lines, hidden })
    }

    fn excerpt(&self, at: Position, style: anstyle::Style) -> Option<String> {
        let line = self.lines.get(at.line.checked_sub(1)? as usize)?;
        if line.trim().is_empty() || self.hidden.contains(&at.line) {
            return None;
        }
        let characters: Vec<char> = line.chars().collect();
        let start = (at.column.checked_sub(1)? as usize).min(characters.len());
        let cells: Vec<String> = characters.iter().copied().map(shown).collect();
        let (text, indent, carets) = shortened(&cells, start..end_of_token(&characters, start));
        let number = at.line.to_string();
        let gutter = number.len().max(2);
        let bar = |number: &str| paint(DIM, &format!("{number:>gutter$} |"));
        let carets = paint(style.bold(), &"^".repeat(carets));
        Some(format!(
            "\n{}\n{} {}\n{} {}{carets}",
            bar(""),
            bar(&number),
            text.trim_end(),
            bar(""),
            " ".repeat(indent),
        ))
    }
}

/// Returns a character as it is shown.
fn shown(character: char) -> String {
    match character {
        '\t' => TAB.to_owned(),
        // Combining characters without a base would attach to the gutter.
        _ if is_invisible(character) => character.escape_unicode().to_string(),
        _ => character.to_string(),
    }
}

fn width(cells: &[String]) -> usize {
    cells.iter().flat_map(|cell| cell.chars()).map(|c| c.width().unwrap_or(0)).sum()
}

/// Returns the text of a line, the columns before the carets and the number of carets. A long line
/// is shortened around the marked characters.
fn shortened(cells: &[String], marked: Range<usize>) -> (String, usize, usize) {
    let mut first = 0;
    if width(cells) > MAX_WIDTH && width(&cells[..marked.end]) > MAX_WIDTH {
        first = marked.start;
        while first > 0 && width(&cells[first - 1..marked.start]) <= CONTEXT {
            first -= 1;
        }
        while first > 0 && width(&cells[first - 1..]) <= MAX_WIDTH {
            first -= 1;
        }
    }
    let mut last = first;
    while last < cells.len() && width(&cells[first..=last]) <= MAX_WIDTH {
        last += 1;
    }
    let (before, after) =
        (if first > 0 { "…" } else { "" }, if last < cells.len() { "…" } else { "" });
    let text = format!("{before}{}{after}", cells[first..last].concat());
    let indent = before.chars().count() + width(&cells[first..marked.start.max(first)]);
    let carets = width(&cells[marked.start.min(last)..marked.end.min(last)]);
    (text, indent, carets.max(1))
}

/// Returns the end of the key or value that starts at a character of a line.
fn end_of_token(line: &[char], start: usize) -> usize {
    let rest = &line[start..];
    let length = match rest.first() {
        Some(quote @ ('"' | '\'')) => {
            let close = rest.iter().skip(1).position(|c| c == quote);
            close.map_or(rest.len(), |at| at + 2)
        }
        Some('[' | '{') | None => 1,
        Some(invisible) if is_invisible(*invisible) => 1,
        Some(_) => {
            let ends = |at: usize| match rest[at] {
                ',' | ']' | '}' => true,
                ':' => rest.get(at + 1).is_none_or(|next| next.is_whitespace()),
                '#' => at > 0 && rest[at - 1].is_whitespace(),
                _ => false,
            };
            // A reference such as `${params.day}` is part of the value.
            let is_reference = |at: usize| rest[..at].iter().rev().find(|c| "${}".contains(**c));
            let ends =
                |at: &usize| ends(*at) && !(rest[*at] == '}' && is_reference(*at) == Some(&'{'));
            let end = (0..rest.len()).find(ends).unwrap_or(rest.len());
            let text: String = rest[..end].iter().collect();
            text.trim_end().chars().count()
        }
    };
    (start + length.max(1)).min(line.len().max(start))
}

/// Returns the numbers of the lines that hold a secret.
fn hidden(
    root: &Node,
    lines: &[String],
    is_connections: bool,
    secrets: &[Position],
) -> BTreeSet<u32> {
    let mut walk = Walk { is_connections, secrets, starts: Vec::new(), found: Vec::new() };
    walk.node(root, "", false);
    walk.starts.sort_unstable();
    let last = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    let mut hidden = BTreeSet::new();
    for (line, end) in walk.found {
        // A text of several lines ends before the next key or value.
        let next = walk.starts.partition_point(|start| *start <= end);
        let end = walk.starts.get(next).map_or(last, |start| (start - 1).max(end));
        hidden.extend(line..=end);
    }
    hidden.extend(secrets.iter().map(|position| position.line));
    let numbered = lines.iter().zip(1..);
    hidden.extend(numbered.filter(|(line, _)| assigns_secret(line)).map(|(_, number)| number));
    hidden
}

/// Collects the lines of a tree on which secrets are.
struct Walk<'s> {
    is_connections: bool,
    secrets: &'s [Position],
    /// The lines on which keys and values begin.
    starts: Vec<u32>,
    /// First and last line on which parts of each secret begin.
    found: Vec<(u32, u32)>,
}

impl Walk<'_> {
    /// `is_secret` tells whether the value is part of a secret.
    fn node(&mut self, node: &Node, key: &str, is_secret: bool) {
        self.starts.push(node.position.line);
        let is_secret = is_secret || self.secrets.contains(&node.position);
        match &node.value {
            Value::Map(entries) => {
                entries.iter().for_each(|entry| self.entry(entry, is_secret));
            }
            Value::List(items) => items.iter().for_each(|item| self.node(item, key, is_secret)),
            Value::Null | Value::Bool(_) => {}
            Value::Number(_) => self.scalar(node, key, None, is_secret),
            Value::Text(text) => self.scalar(node, key, Some(text), is_secret),
        }
    }

    fn entry(&mut self, entry: &Entry, is_secret: bool) {
        self.starts.push(entry.position.line);
        let is_secret =
            is_secret || names_secret(&entry.key) || self.secrets.contains(&entry.position);
        let before = self.found.len();
        self.node(&entry.value, &entry.key, is_secret);
        let is_scalar = !matches!(entry.value.value, Value::Map(_) | Value::List(_));
        if self.found.len() > before && (is_scalar || is_secret) {
            // The key can be on an earlier line than its value.
            let line = self.found[before].0;
            self.found.push((entry.position.line, line));
        }
    }

    fn scalar(&mut self, node: &Node, key: &str, text: Option<&str>, is_secret: bool) {
        let is_placeholder = text.is_some_and(|text| without_placeholders(text).is_empty());
        let holds = text.is_some_and(|text| secret_keys::embedded(text).next().is_some());
        // In a connection, a field of any other name can be a secret.
        let is_unknown = self.is_connections
            && !secret_keys::is_public_key_name(key)
            && !secret_keys::is_quantity(key)
            && key != "version";
        if !is_placeholder && (is_secret || holds || is_unknown) {
            self.found.push((node.position.line, node.position.line));
        }
    }
}

/// Returns whether a key means a secret, also if it is misspelled.
fn names_secret(key: &str) -> bool {
    const COMMON: [&str; 5] = ["password", "passwd", "secret", "api_key", "credentials"];
    secret_keys::is_secret_value_key(key) || closest_match(key, COMMON).is_some()
}

/// Returns the text without references to variables and parameters.
fn without_placeholders(text: &str) -> String {
    let mut rest = text;
    let mut plain = String::new();
    while let Some((before, after)) = rest.split_once("${") {
        let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.');
        match end.filter(|end| after[*end..].starts_with('}')) {
            Some(end) => {
                plain.push_str(before);
                rest = &after[end + 1..];
            }
            None => {
                plain.push_str(before);
                plain.push_str("${");
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// Returns whether a line assigns a value to a name that means a secret, also in a comment.
fn assigns_secret(line: &str) -> bool {
    let line = without_placeholders(line);
    let assigns = words(&line).any(|word| {
        let after = line[word.end..].trim_start_matches(['"', '\'']).trim_start();
        let value = after.strip_prefix([':', '=']);
        let value = value.map(|value| value.trim_matches([' ', '\t', '"', '\'']));
        let is_set = value
            .is_some_and(|value| !value.is_empty() && !value.starts_with([',', '}', ']', '#']));
        is_set && names_secret(&line[word])
    });
    assigns || secret_keys::url_passwords(&line).next().is_some()
}

/// Returns whether a line of a file that is not valid YAML can hold a secret.
fn mentions_secret(line: &str) -> bool {
    let line = without_placeholders(line);
    let mut words = words(&line);
    let is_harmless = |word: &Range<usize>| {
        let after = line[word.end..].trim_matches([' ', '\t', '"', '\'']);
        after == ":" || after.starts_with(": \"\"") || after.starts_with(":,")
    };
    words.any(|word| names_secret(&line[word.clone()]) && !is_harmless(&word))
        || secret_keys::embedded(&line).next().is_some()
}

/// Returns the ranges of the words in a line.
fn words(line: &str) -> impl Iterator<Item = Range<usize>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + line[from..].find(is_part)?;
        let length = line[start..].find(|c| !is_part(c)).unwrap_or(line.len() - start);
        from = start + length;
        Some(start..from)
    })
}

#[cfg(test)]
mod tests {
    use osiris_core::diagnostic::Diagnostic;

    use super::*;

    fn excerpt_in(name: &str, text: &str, line: u32, column: u32) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        let problem = Diagnostic::new(Code::KeyUnknown, "x").at(&file, Position { line, column });
        let sources = Sources::of(std::slice::from_ref(&problem));
        let text = sources.excerpt(&problem, anstyle::Style::new());
        anstream::adapter::strip_str(&text).to_string()
    }

    fn excerpt(text: &str, line: u32, column: u32) -> String {
        excerpt_in("p.yaml", text, line, column)
    }

    #[test]
    fn carets_are_below_the_reported_text() {
        for (text, at, expected) in [
            ("a: 1\nconfg: {x: 1}\n", (2, 1), "\n   |\n 2 | confg: {x: 1}\n   | ^^^^^"),
            ("a: [b, c]\n", (1, 8), "\n   |\n 1 | a: [b, c]\n   |        ^"),
            ("a: \"b c\" # d\n", (1, 4), "\n   |\n 1 | a: \"b c\" # d\n   |    ^^^^^"),
            (
                "a: x ${params.b} y # d\n",
                (1, 4),
                "\n   |\n 1 | a: x ${params.b} y # d\n   |    ^^^^^^^^^^^^^^^",
            ),
            ("a: b\n\t- c\n", (2, 2), "\n   |\n 2 |     - c\n   |     ^^^"),
            ("日本: 語é\n", (1, 5), "\n   |\n 1 | 日本: 語é\n   |       ^^^"),
            ("\u{feff}a: b\r\nc: d\r\n", (2, 4), "\n   |\n 2 | c: d\n   |    ^"),
            (
                "a: \"\u{202e}\" b\n",
                (1, 8),
                "\n   |\n 1 | a: \"\\u{202e}\" b\n   |               ^",
            ),
            ("a: b\n", (1, 5), "\n   |\n 1 | a: b\n   |     ^"),
            ("a: b\n", (2, 1), ""),
            ("a: b\n", (9, 1), ""),
        ] {
            assert_eq!(excerpt(text, at.0, at.1), expected, "{text:?}");
        }
    }

    #[test]
    fn long_lines_are_shortened_around_the_caret() {
        let long = format!("{}: {{k: v}}\n", "a".repeat(500));
        let shown = excerpt(&long, 1, 504);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[2].ends_with("aaa: {k: v}") && lines[2].starts_with(" 1 | …a"), "{shown}");
        assert_eq!(lines[2].find('k'), lines[3].find('^').map(|at| at + '…'.len_utf8() - 1));
        assert!(excerpt(&long, 1, 1).lines().all(|line| line.chars().count() < 80));
    }

    #[test]
    fn lines_with_secrets_are_not_shown() {
        for (text, line) in [
            ("a: {password: hunter2, b: c}\n", 1),
            ("a: b # password: hunter2\n", 1),
            ("passwd: hunter2\n", 1),
            ("token: |\n  first\n  second\nb: c\n", 3),
            ("token:\n  - first\n  - second\nb: c\n", 3),
            ("a: https://u:hunter2@host/\n", 1),
            ("a: 'Server=h;Pwd=hunter2'\n", 1),
            ("private_key: \"a\nb\": c\n", 2),
            ("a\n  password hunter2\n: [", 1),
        ] {
            assert_eq!(excerpt(text, line, 1), "", "{text:?}");
        }
        for text in
            ["password: ${PASSWORD}\n", "primary_key: id\n", "path: data/${params.day}.csv\n"]
        {
            assert_ne!(excerpt(text, 1, 1), "", "{text:?}");
        }
        assert_ne!(excerpt("token: |\n  first\n  second\nb: c\n", 4, 1), "");
    }

    #[test]
    fn connections_show_only_fields_that_are_public() {
        let text = "version: 1\nconnections:\n  x:\n    y:\n      host: h\n      other: z\n      port: 1\n";
        let lines = (1..=7).filter(|line| !excerpt_in(CONNECTIONS_FILE, text, *line, 1).is_empty());
        assert_eq!(lines.collect::<Vec<_>>(), [1, 2, 3, 4, 5, 7]);
    }
}
