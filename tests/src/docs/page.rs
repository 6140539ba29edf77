//! Finds the fences of a page whose commands are run.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};
use regex::Regex;
use similar::TextDiff;

use super::fence::{self, Fence};
use super::project::Setup;
use super::transcript::{matches, updated};

/// Language of fences with commands and their output.
const CONSOLE: &str = "console";

/// A comment that says where the commands of the next fence run, or why they do not.
static MARK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^<!-- (project|not run): (.+) -->$").expect("a valid pattern"));

/// A line that starts osiris.
static OSIRIS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^(\$ )?(\w+=\S* )*osiris ").expect("a valid pattern"));

/// A page.
#[derive(Debug)]
pub(super) struct Page {
    path: PathBuf,
    text: String,
    /// Fences whose commands are run, in order.
    pub(super) fences: Vec<Fence>,
}

impl Page {
    /// Reads a page, whose path is relative to the repository.
    ///
    /// # Errors
    /// Returns an error if the page cannot be read, if a fence starts osiris and is not marked, or
    /// a mark is followed by anything but a fence.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let file = super::repository().join(path);
        let text =
            fs::read_to_string(&file).map_err(|error| format!("{}: {error}", path.display()))?;
        let fences = fences(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self { path: path.to_owned(), text, fences })
    }

    /// Describes every command whose output, looked up by the command's line, is not the one on the
    /// page.
    pub(super) fn differences<'a>(&self, output: impl Fn(usize) -> &'a [String]) -> String {
        let mut text = String::new();
        for command in self.fences.iter().flat_map(|fence| &fence.commands) {
            let actual = output(command.line);
            if matches(&command.output, actual) {
                continue;
            }
            let new = command.with_output(&updated(&command.output, actual));
            let old = command.with_output(&command.output);
            text.push_str(&format!("{}:{}\n", self.path.display(), command.line));
            text.push_str(&TextDiff::from_lines(&old, &new).unified_diff().to_string());
        }
        text
    }

    /// Writes the page with the outputs, looked up by the commands' lines.
    ///
    /// # Errors
    /// Returns an error if the page cannot be written.
    pub(super) fn update<'a>(&self, output: impl Fn(usize) -> &'a [String]) -> Result<(), String> {
        let mut text = self.text.clone();
        // From the end, so that positions before a change stay valid.
        for fence in self.fences.iter().rev() {
            let commands = fence.commands.iter();
            let body: String = commands
                .map(|command| command.with_output(&updated(&command.output, output(command.line))))
                .collect();
            text.replace_range(fence.body.clone(), &body);
        }
        if text == self.text {
            return Ok(());
        }
        fs::write(super::repository().join(&self.path), text)
            .map_err(|error| format!("{}: {error}", self.path.display()))
    }
}

/// Finds the fences whose commands are run.
fn fences(text: &str) -> Result<Vec<Fence>, String> {
    let mut fences = Vec::new();
    // The last mark with its line, until a fence uses the mark.
    let mut mark: Option<(Option<Setup>, usize)> = None;
    for (event, range) in Parser::new(text).into_offset_iter() {
        let line = text[..range.start].lines().count() + 1;
        match event {
            Event::Html(html) => {
                let Some(captures) = MARK.captures(html.trim()) else { continue };
                if let Some((_, line)) = mark {
                    return Err(format!("line {line}: the mark is not followed by a fence"));
                }
                let setup = match &captures[1] {
                    "project" => Some(Setup::parse(&captures[2])),
                    _ => None,
                };
                let setup = setup.transpose().map_err(|error| format!("line {line}: {error}"))?;
                mark = Some((setup, line));
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                let start =
                    text[range.clone()].find('\n').map_or(range.end, |at| range.start + at + 1);
                let end = text[..range.end].rfind('\n').map_or(range.end, |at| at + 1);
                let body = start..end.max(start);
                match mark.take() {
                    Some((Some(setup), _)) if *language == *CONSOLE => {
                        let commands = fence::commands(&text[body.clone()], line + 1)?;
                        fences.push(Fence { setup, body, commands });
                    }
                    Some((Some(_), mark)) => {
                        return Err(format!(
                            "line {mark}: the fence below is not a `{CONSOLE}` fence"
                        ));
                    }
                    Some((None, _)) => {}
                    None if OSIRIS.is_match(&text[body]) => {
                        return Err(format!(
                            "line {line}: the fence starts osiris; write `<!-- project: NAME -->` or \
                             `<!-- not run: REASON -->` in the line above"
                        ));
                    }
                    None => {}
                }
            }
            Event::Start(Tag::HtmlBlock) | Event::End(_) => {}
            _ => {
                if let Some((_, line)) = mark {
                    return Err(format!("line {line}: the mark is not followed by a fence"));
                }
            }
        }
    }
    match mark {
        Some((_, line)) => Err(format!("line {line}: the mark is not followed by a fence")),
        None => Ok(fences),
    }
}

#[cfg(test)]
mod tests {
    use super::fences;

    #[test]
    fn marked_fences_are_found_with_their_text() {
        let text = "# A\n\n<!-- project: demo -->\n```console\n$ ls\na\n```\n\n```console\n$ pwd\n```\n\n\
                    <!-- not run: why -->\n```console\n$ osiris run\n```\n";
        let fences = fences(text).unwrap();
        let [fence] = &fences[..] else { panic!("{fences:?}") };
        assert_eq!(&text[fence.body.clone()], "$ ls\na\n");
        assert_eq!((fence.commands[0].line, fence.setup.to_string()), (5, "demo".to_owned()));
    }

    #[test]
    fn faulty_marks_and_fences_without_marks_are_refused() {
        for (text, error) in [
            ("```console\n$ osiris run x\n```\n", "line 1: the fence starts osiris"),
            ("a\n```\nA=1 osiris run x\n```\n", "line 2: the fence starts osiris"),
            ("<!-- project: demo -->\ntext\n", "line 1: the mark is not followed by a fence"),
            ("<!-- project: demo -->\n\n# A\n", "line 1: the mark is not followed by a fence"),
            ("<!-- project: demo -->\n", "line 1: the mark is not followed by a fence"),
            ("<!-- project: demo -->\n```yaml\na: 1\n```\n", "line 1: the fence below is not a"),
            ("<!-- project: other -->\n```console\n$ ls\n```\n", "line 1: unknown project"),
        ] {
            let found = fences(text).unwrap_err();
            assert!(found.starts_with(error), "{text}: {found}");
        }
    }
}
