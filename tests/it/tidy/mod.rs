//! The house rules that a compiler does not hold: who may import whom, how long a file may
//! be, which words we use, what the pure rooms may touch, what every page must have.
//!
//! Each rule is a function from text to findings, and has a test beside it that proves it
//! can fail. What is not here: everything that rustfmt, rustc and clippy can say better.

mod documents;
mod habits;
mod imports;
mod keys;
mod limits;
mod manifest;
mod purity;
mod references;
mod source;
mod words;

use std::fmt;

/// One place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    /// Relative to the package's root.
    path: String,
    /// From one; zero for the file as a whole.
    line: usize,
    /// What was found, the rule, and why there is one.
    text: String,
}

impl Finding {
    fn new(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            text: text.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(formatter, "{}: {}", self.path, self.text),
            line => write!(formatter, "{}:{line}: {}", self.path, self.text),
        }
    }
}

/// Fails with every finding at once, one to a line.
fn assert_clean(findings: &[Finding]) {
    let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
    assert!(
        lines.is_empty(),
        "{} untidy:\n{}",
        lines.len(),
        lines.join("\n")
    );
}

/// The lines that a rule complains about in a fixture.
fn lines_of(findings: &[Finding]) -> Vec<usize> {
    findings.iter().map(|finding| finding.line).collect()
}
