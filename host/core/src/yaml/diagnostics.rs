//! Collects the problems of one file, to report them together.

use std::path::Path;

use super::Position;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Error, ExitStatus};

/// Maximum displayed problems; further problems are only counted.
const SHOWN: usize = 100;

/// The problems found in one file so far.
#[derive(Debug)]
pub struct Diagnostics<'f> {
    file: &'f Path,
    problems: Vec<Diagnostic>,
}

impl<'f> Diagnostics<'f> {
    /// Creates an empty collection. `file` is displayed as it is.
    pub fn new(file: &'f Path) -> Self {
        Self { file, problems: Vec::new() }
    }

    /// Adds a problem.
    pub fn report(&mut self, position: Position, problem: Diagnostic) {
        self.problems.push(problem.at(self.file, position));
    }

    /// Adds a problem without a position in the file.
    pub fn report_unplaced(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    /// Returns whether a problem of this code has been reported at a position.
    pub fn has_at(&self, position: Position, code: Code) -> bool {
        let is_here = |problem: &Diagnostic| {
            let at = problem.location.as_ref().and_then(|location| location.position);
            problem.code == code && at == Some(position)
        };
        self.problems.iter().any(is_here)
    }

    /// Returns the number of problems.
    pub fn count(&self) -> usize {
        self.problems.len()
    }

    /// Returns whether there are no problems.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Returns the problems sorted by position and text, without duplicates.
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.problems.sort_by(|a, b| (&a.location, &a.message).cmp(&(&b.location, &b.message)));
        self.problems.dedup();
        if self.problems.len() > SHOWN {
            let more = self.problems.len() - SHOWN;
            self.problems.truncate(SHOWN);
            let message = format!("{more} more problems are not shown");
            self.problems.push(Diagnostic::new(Code::ProblemsOmitted, message).in_file(self.file));
        }
        self.problems
    }

    /// Returns the value if there are no problems.
    ///
    /// # Errors
    /// Returns an error for invalid input, with all problems, if there are any.
    pub fn into_result<T>(self, value: T) -> Result<T, Error> {
        if self.problems.is_empty() {
            Ok(value)
        } else {
            Err(Error::new(ExitStatus::Invalid, self.into_sorted()))
        }
    }
}
