//! Finds the fences of a page whose commands are run.

use std::fs;
use std::ops::Range;
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

/// A mark that waits for its fence.
struct Mark {
    line: usize,
    /// Project that the commands run in, or `None` if they are not run.
    setup: Option<Setup>,
}

impl Mark {
    /// Parses an HTML comment. Returns `None` if the comment is no mark.
    fn parse(html: &str, line: usize) -> Option<Result<Self, String>> {
        let captures = MARK.captures(html.trim())?;
        let setup = (&captures[1] == "project").then(|| Setup::parse(&captures[2])).transpose();
        let setup = setup.map_err(|error| format!("line {line}: {error}"));
        Some(setup.map(|setup| Self { line, setup }))
    }
}

/// Finds the fences whose commands are run.
fn fences(text: &str) -> Result<Vec<Fence>, String> {
    let mut fences = Vec::new();
    let mut mark: Option<Mark> = None;
    for (event, range) in Parser::new(text).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                fences.extend(fence(text, range, &language, mark.take())?);
            }
            Event::Start(Tag::HtmlBlock) | Event::End(_) => {}
            event => {
                no_fence(mark.take())?;
                let Event::Html(html) = event else { continue };
                mark = Mark::parse(&html, line_of(text, range.start)).transpose()?;
            }
        }
    }
    no_fence(mark)?;
    Ok(fences)
}

fn no_fence(mark: Option<Mark>) -> Result<(), String> {
    match mark {
        Some(Mark { line, .. }) => Err(format!("line {line}: the mark is not followed by a fence")),
        None => Ok(()),
    }
}

/// Returns the fence in a range of a text, or `None` if its commands are not run.
fn fence(
    text: &str,
    range: Range<usize>,
    language: &str,
    mark: Option<Mark>,
) -> Result<Option<Fence>, String> {
    let line = line_of(text, range.start);
    let start = text[range.clone()].find('\n').map_or(range.end, |at| range.start + at + 1);
    let end = text[..range.end].rfind('\n').map_or(range.end, |at| at + 1);
    let body = start..end.max(start);
    let fault = match mark {
        None if OSIRIS.is_match(&text[body.clone()]) => {
            "the fence starts osiris; write `<!-- project: NAME -->` or `<!-- not run: REASON -->` \
             in the line above"
        }
        None | Some(Mark { setup: None, .. }) => return Ok(None),
        Some(_) if language != CONSOLE => "a fence with commands is not a `console` fence",
        Some(_) if text[..range.start].ends_with(' ') => "a fence with commands is indented",
        Some(Mark { setup: Some(setup), .. }) => {
            let commands = fence::commands(&text[body.clone()], line + 1)?;
            return Ok(Some(Fence { setup, body, commands }));
        }
    };
    Err(format!("line {line}: {fault}"))
}

/// Returns the line of a position in a text, from 1.
pub(super) fn line_of(text: &str, position: usize) -> usize {
    text[..position].matches('\n').count() + 1
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
    fn invalid_or_missing_marks_are_rejected() {
        for (text, error) in [
            ("```console\n$ osiris run x\n```\n", "line 1: the fence starts osiris"),
            ("a\n```\nA=1 osiris run x\n```\n", "line 2: the fence starts osiris"),
            ("<!-- project: demo -->\ntext\n", "line 1: the mark is not followed by a fence"),
            ("<!-- project: demo -->\n\n# A\n", "line 1: the mark is not followed by a fence"),
            ("<!-- project: demo -->\n", "line 1: the mark is not followed by a fence"),
            (
                "<!-- project: demo -->\n```yaml\na: 1\n```\n",
                "line 2: a fence with commands is not",
            ),
            (
                "- <!-- project: demo -->\n  ```console\n  $ ls\n  ```\n",
                "line 2: a fence with commands is in",
            ),
            (
                "<!-- project: demo -->\n<!-- project: demo -->\n",
                "line 1: the mark is not followed",
            ),
            ("<!-- project: other -->\n```console\n$ ls\n```\n", "line 1: unknown project"),
        ] {
            let found = fences(text).unwrap_err();
            assert!(found.starts_with(error), "{text}: {found}");
        }
    }
}
