//! What is wrong, where, and what to do about it: the one error type of the
//! host's edges.

use std::fmt;
use std::path::Path;

use serde::Serialize;

/// Where a problem was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The file as the user named it.
    pub file: String,
    /// Line and column, both counted from 1.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

/// A position in a text file, both parts counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One finding, in words for a person. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Stable name for tools, like `unknown_key`.
    pub code: &'static str,
    /// What failed and why.
    pub message: String,
    /// Where, if it is in a file.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The line or command that fixes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Problem {
    /// A problem that has no place in a file.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), place: None, help: None }
    }

    /// Says how to fix it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says in which file it is.
    #[must_use]
    pub fn in_file(mut self, file: &Path) -> Self {
        self.place = Some(Place { file: file.display().to_string(), position: None });
        self
    }

    /// Says where in a file it is.
    #[must_use]
    pub fn at(mut self, file: &Path, position: Position) -> Self {
        self.place = Some(Place { file: file.display().to_string(), position: Some(position) });
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(place) = &self.place {
            write!(f, "\n  --> {}", place.file)?;
            if let Some(Position { line, column }) = place.position {
                write!(f, ":{line}:{column}")?;
            }
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

/// How a command ends when it does not end well; the number is its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The run itself failed.
    Failed = 1,
    /// Invalid input or usage.
    Invalid = 2,
    /// Something around the run: a missing driver, an unset secret.
    Environment = 3,
}

/// One or more problems that ended a command.
#[derive(Debug, Clone)]
pub struct Error {
    /// Decides the exit code.
    pub exit: Exit,
    /// In a stable order; never empty.
    pub problems: Vec<Problem>,
}

impl Error {
    /// Invalid input.
    pub fn invalid(problem: Problem) -> Self {
        Self { exit: Exit::Invalid, problems: vec![problem] }
    }

    /// Something around the run is missing or broken.
    pub fn environment(problem: Problem) -> Self {
        Self { exit: Exit::Environment, problems: vec![problem] }
    }

    /// The run failed.
    pub fn failed(problem: Problem) -> Self {
        Self { exit: Exit::Failed, problems: vec![problem] }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// The host's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;
