//! The error type at the host's edges: a message, a location and a fix.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::code::Code;

/// The location of a problem.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct SourceLocation {
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

/// One finding, as text for the user. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Code of the problem, for tools.
    pub code: Code,
    /// The failure and its cause.
    pub message: String,
    /// The location, if the problem is in a file.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub location: Option<SourceLocation>,
    /// The line or command that fixes the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Diagnostic {
    /// Creates a problem without a location.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), location: None, help: None }
    }

    /// Sets the help.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Sets the file.
    #[must_use]
    pub fn in_file(mut self, file: &Path) -> Self {
        self.location = Some(SourceLocation { file: file.display().to_string(), position: None });
        self
    }

    /// Sets the file and the position.
    #[must_use]
    pub fn at(mut self, file: &Path, position: Position) -> Self {
        self.location =
            Some(SourceLocation { file: file.display().to_string(), position: Some(position) });
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(location) = &self.location {
            write!(f, "\n  --> {}", location.file)?;
            if let Some(Position { line, column }) = location.position {
                write!(f, ":{line}:{column}")?;
            }
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

/// The failure class of a command; the number is the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitStatus {
    /// The run itself failed.
    Failed = 1,
    /// Invalid input or usage.
    Invalid = 2,
    /// A failure around the run: a missing driver, an unset secret.
    Environment = 3,
}

/// One or more problems that ended a command.
#[derive(Debug, Clone)]
pub struct Error {
    /// The failure class, which decides the exit code.
    pub exit: ExitStatus,
    /// The problems in a stable order; never empty.
    diagnostics: Vec<Diagnostic>,
}

impl Error {
    /// Creates an error from all problems of a command.
    ///
    /// # Panics
    /// Panics if `diagnostics` is empty.
    pub fn new(exit: ExitStatus, diagnostics: Vec<Diagnostic>) -> Self {
        assert!(!diagnostics.is_empty(), "an error has at least one problem");
        Self { exit, diagnostics }
    }

    /// Creates an error for invalid input.
    pub fn invalid(problem: Diagnostic) -> Self {
        Self { exit: ExitStatus::Invalid, diagnostics: vec![problem] }
    }

    /// Creates an error for something missing or broken around the run.
    pub fn environment(problem: Diagnostic) -> Self {
        Self { exit: ExitStatus::Environment, diagnostics: vec![problem] }
    }

    /// Creates an error for a failed run.
    pub fn failed(problem: Diagnostic) -> Self {
        Self { exit: ExitStatus::Failed, diagnostics: vec![problem] }
    }
}

impl Error {
    /// Returns the first problem.
    pub fn first(&self) -> &Diagnostic {
        &self.diagnostics[0]
    }

    /// Returns the first problem, and drops the others.
    pub fn into_first(mut self) -> Diagnostic {
        self.diagnostics.swap_remove(0)
    }

    /// Returns all problems in a stable order.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Returns all problems in a stable order.
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    /// Returns all problems, to add places or help.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Diagnostic> {
        self.diagnostics.iter_mut()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.diagnostics.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Result type of the host.
pub type Result<T, E = Error> = std::result::Result<T, E>;
