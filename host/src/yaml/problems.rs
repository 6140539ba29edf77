//! Problems of one file, gathered to be reported together.

use std::path::Path;

use super::Position;
use crate::problem::{Error, Exit, Problem};

/// How many problems are shown before the rest is only counted.
const SHOWN: usize = 100;

/// The problems found in one file so far.
#[derive(Debug)]
pub struct Problems<'f> {
    file: &'f Path,
    found: Vec<Problem>,
}

impl<'f> Problems<'f> {
    /// None yet. `file` is shown as it is.
    pub fn new(file: &'f Path) -> Self {
        Self { file, found: Vec::new() }
    }

    /// Adds one.
    pub fn report(&mut self, position: Position, problem: Problem) {
        self.found.push(problem.at(self.file, position));
    }

    /// Adds one that is not about a place in the file.
    pub fn report_unplaced(&mut self, problem: Problem) {
        self.found.push(problem);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.found.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All of them by position, then by text; none twice.
    pub fn into_sorted(mut self) -> Vec<Problem> {
        self.found.sort_by(|a, b| (&a.place, &a.message).cmp(&(&b.place, &b.message)));
        self.found.dedup();
        if self.found.len() > SHOWN {
            let more = self.found.len() - SHOWN;
            self.found.truncate(SHOWN);
            let message = format!("{more} more problems are not shown");
            self.found.push(Problem::new("more_problems", message).in_file(self.file));
        }
        self.found
    }

    /// The value if there is no problem, else an error for invalid input.
    ///
    /// # Errors
    /// All the problems.
    pub fn into_result<T>(self, value: T) -> Result<T, Error> {
        if self.found.is_empty() {
            Ok(value)
        } else {
            Err(Error { exit: Exit::Invalid, problems: self.into_sorted() })
        }
    }
}
