//! What is wrong with a file: one sentence each, all of them at once.

use std::cell::RefCell;
use std::fmt;

use thiserror::Error;

use super::Place;

/// One thing that is wrong with a file, as a sentence: where, what was found, what would be right.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub struct Problem {
    /// The file, as the person named it.
    pub file: String,
    /// The line, from 1; `None` if it concerns the file as a whole.
    pub line: Option<usize>,
    /// The path of keys, such as `blocks[0].task.jobs[2].commands`; empty at the root.
    pub path: String,
    /// What was found, such as `unknown key`; never a secret.
    pub found: String,
    /// What would be right, such as `expected a text`.
    pub expected: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
        }
        if !self.path.is_empty() {
            write!(formatter, ": {}", self.path)?;
        }
        write!(formatter, ": {}", self.found)?;
        if !self.expected.is_empty() {
            write!(formatter, "; {}", self.expected)?;
        }
        Ok(())
    }
}

/// Where the problems of one file are collected while it is read.
#[derive(Debug)]
pub struct Report {
    file: String,
    problems: RefCell<Vec<Problem>>,
}

impl Report {
    /// An empty report on a file, by the name that stands in front of each problem.
    pub fn new(file: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            problems: RefCell::default(),
        }
    }

    /// Notes a problem; the same one a second time is dropped.
    pub fn add(
        &self,
        place: Option<Place>,
        path: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) {
        let problem = Problem {
            file: self.file.clone(),
            line: place.map(|place| place.line),
            path: path.into(),
            found: found.into(),
            expected: expected.into(),
        };
        let mut problems = self.problems.borrow_mut();
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }

    /// Whether nothing was noted yet.
    pub fn is_empty(&self) -> bool {
        self.problems.borrow().is_empty()
    }

    /// All problems, in the order of the file.
    pub fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.line);
        problems
    }
}
