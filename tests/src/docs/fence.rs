//! A fence of a page with commands and their output.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::project::Setup;

/// Start of a line with a command.
const PROMPT: &str = "$ ";

/// The terminator of a here-document in a command.
static HERE_DOCUMENT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"<<-?'?(\w+)'?").expect("a valid pattern"));

/// A fence whose commands are run.
#[derive(Debug)]
pub(super) struct Fence {
    /// Project that the commands run in.
    pub(super) setup: Setup,
    /// Bytes of the page between the lines that open and close the fence.
    pub(super) body: Range<usize>,
    /// Commands in order.
    pub(super) commands: Vec<Command>,
}

/// A command and the output that a page shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// Line of the page, from 1.
    pub(super) line: usize,
    /// Text for the shell, without the prompt; several lines for a here-document.
    pub(super) input: String,
    /// Lines of the output.
    pub(super) output: Vec<String>,
    /// Empty lines after the output, which only separate commands.
    pub(super) space: usize,
}

/// Reads the commands of a fence whose first line has the number `first`.
///
/// # Errors
/// Returns an error if a line belongs to no command, or a here-document has no end.
pub(super) fn commands(body: &str, first: usize) -> Result<Vec<Command>, String> {
    let mut commands: Vec<Command> = Vec::new();
    let mut lines = body.lines().zip(first..);
    while let Some((line, number)) = lines.next() {
        let Some(input) = line.strip_prefix(PROMPT) else {
            let command = commands.last_mut();
            let command =
                command.ok_or_else(|| format!("line {number}: no command prints this"))?;
            command.output.push(line.to_owned());
            continue;
        };
        let mut input = input.to_owned();
        let end = HERE_DOCUMENT.captures(&input).map(|captures| captures[1].to_owned());
        while end.as_deref().is_some_and(|end| input.lines().last() != Some(end))
            || input.ends_with('\\')
        {
            let (line, _) =
                lines.next().ok_or_else(|| format!("line {number}: the command has no end"))?;
            input.push('\n');
            input.push_str(line);
        }
        commands.push(Command { line: number, input, output: Vec::new(), space: 0 });
    }
    for command in &mut commands {
        while command.output.pop_if(|line| line.is_empty()).is_some() {
            command.space += 1;
        }
    }
    Ok(commands)
}

impl Command {
    /// Returns the command as lines of a page, with another output.
    pub(super) fn with_output(&self, output: &[String]) -> String {
        let mut text = format!("{PROMPT}{}\n", self.input);
        for line in output {
            text.push_str(line);
            text.push('\n');
        }
        text + &"\n".repeat(self.space)
    }
}

#[cfg(test)]
mod tests {
    use super::commands;

    #[test]
    fn commands_are_read_with_here_documents_continued_lines_and_output() {
        let body =
            "$ cat > a <<'EOF'\n$ not a command\nEOF\n$ echo \\\n  1\n1\n\n$ true # nothing\n";
        let commands = commands(body, 10).unwrap();
        let inputs: Vec<_> = commands.iter().map(|c| (c.line, c.input.as_str())).collect();
        let expected = [
            (10, "cat > a <<'EOF'\n$ not a command\nEOF"),
            (13, "echo \\\n  1"),
            (17, "true # nothing"),
        ];
        assert_eq!(inputs, expected);
        assert_eq!((&commands[1].output[..], commands[1].space), (&["1".to_owned()][..], 1));
        let text: String = commands.iter().map(|c| c.with_output(&c.output)).collect();
        assert_eq!(text, body);
    }

    #[test]
    fn output_without_a_command_is_rejected() {
        assert_eq!(commands("done\n", 3).unwrap_err(), "line 3: no command prints this");
    }

    #[test]
    fn unterminated_here_document_is_rejected() {
        assert_eq!(commands("$ cat <<EOF\na\n", 3).unwrap_err(), "line 3: the command has no end");
    }
}
