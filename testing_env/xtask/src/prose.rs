//! Checks how doc comments begin: with a verb or a noun, not with a relative clause.

use std::fs;

use anyhow::{Result, bail};

use crate::shell::{command, root};

/// First words that turn a description into a clause without a subject.
const WORDS: [&str; 8] = ["what", "which", "whether", "how", "where", "who", "whose", "why"];

/// Checks all Rust files in git.
///
/// # Errors
/// Returns an error that lists the paragraphs that begin with one of [`WORDS`].
pub(crate) fn run() -> Result<()> {
    let output = command("git", &["ls-files", "*.rs"]).output()?;
    let list = String::from_utf8(output.stdout)?;
    let mut found = Vec::new();
    // Frozen sources of old drivers stay as they are.
    for file in list.lines().filter(|file| !file.starts_with("tests/evolution/")) {
        let text = fs::read_to_string(root().join(file))?;
        let lines = clauses(&text).into_iter();
        found.extend(lines.map(|(line, text)| format!("{file}:{line}: {text}")));
    }
    if found.is_empty() {
        return Ok(());
    }
    bail!(
        "{} doc comments begin with a relative clause; begin with a verb or a noun, like \
         `Returns the` (only a `bool` field may begin with `Whether`):\n{}",
        found.len(),
        found.join("\n")
    )
}

/// Returns the number and the text of each line that begins a paragraph of a doc comment with one
/// of [`WORDS`].
fn clauses(text: &str) -> Vec<(usize, &str)> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let doc = |line: &'_ str| -> Option<usize> {
        ["///", "//!"].iter().any(|mark| line.starts_with(mark)).then_some(3)
    };
    let mut found = Vec::new();
    let mut in_paragraph = false;
    for (index, line) in lines.iter().enumerate() {
        let words = doc(line).map(|mark| line[mark..].trim()).unwrap_or_default();
        let begins = !in_paragraph && !words.is_empty();
        in_paragraph = !words.is_empty();
        let first = words.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        let first = first.to_lowercase();
        if !begins || !WORDS.contains(&first.as_str()) {
            continue;
        }
        let mut item = lines[index..].iter();
        let item = item.find(|line| doc(line).is_none() && !line.starts_with("#["));
        if first != "whether" || !item.is_some_and(|item| is_bool_field(item)) {
            found.push((index + 1, words));
        }
    }
    found
}

fn is_bool_field(item: &str) -> bool {
    let (name, kind) = item.split_once(": ").unwrap_or_default();
    // The last word, without the visibility.
    let name = name.rsplit(' ').next().unwrap_or_default();
    !name.contains('(') && kind.to_lowercase().contains("bool")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_is_accepted_only_for_bool_fields() {
        let text = "\
@ What is read.
@ Whether it is.
fn a() {}

@ Reads.
@
@ How fast.
fn b() {}
@ Whether it is open.
#[serde(default)]
pub open: bool,
@ Whether it is shut.
pub(super) shut: bool,
@ Whether so.
fn c(d: bool)
@ Whatever.
// What?
"
        .replace('@', "///");
        let lines: Vec<_> = clauses(&text).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [1, 7, 14]);
    }
}
