//! How a machine came to its end, as its cloud tells afterwards.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::machine::{ConsoleMarks, Machine, NOT_BEGUN, NOT_REGISTERED};
use super::time::Timestamp;

/// What a cloud still knows of a machine that is ending or has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// Who ended it.
    pub by: EndedBy,
    /// When it began to end, if the cloud tells.
    pub at: Option<Timestamp>,
    /// The text of its console, as much as the cloud keeps; empty where it shows nothing. A job
    /// may have written into it.
    pub console: String,
}

/// Who ended a machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "by")]
pub enum EndedBy {
    /// Whoever asked the cloud to: the scaler, or a person.
    Request,
    /// Itself, by powering off.
    Itself,
    /// The spot market took it back.
    SpotReclaim {
        /// The cloud's words.
        word: String,
    },
    /// The cloud.
    Cloud {
        /// Its word for it.
        word: String,
    },
}

/// Why a machine has ended, as far as what is left of it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndCause {
    /// The cloud took it.
    Cloud(String),
    /// Its job is done and the job's log closed.
    Done,
    /// It said on its console why it did not begin.
    NotBegun(String),
    /// No agent registered within this time.
    BootLimit(Duration),
    /// It grew older than this.
    Lifetime(Duration),
    /// Its agent had registered, and ended without closing a log.
    AgentEnded,
    /// It ended before an agent registered, and within its limits.
    Early,
}

/// A machine's own timer begins this line when it is too old; its agent may still close a log.
const TOO_OLD: &str = "dayfly: lifetime of ";

impl Ending {
    /// Why that machine has ended.
    pub fn cause(&self, machine: &Machine) -> EndCause {
        if let EndedBy::Cloud { word } | EndedBy::SpotReclaim { word } = &self.by {
            return EndCause::Cloud(word.clone());
        }
        let marks = ConsoleMarks::read(&self.console);
        let line = |mark: &str| {
            self.console
                .lines()
                .find_map(|line| line.strip_prefix(mark))
        };
        let is_past = |deadline: Timestamp| self.at.is_some_and(|at| deadline <= at);
        if line(TOO_OLD).is_some() {
            EndCause::Lifetime(machine.lifetime)
        } else if marks.log_closed {
            EndCause::Done
        } else if is_past(machine.lifetime_deadline()) {
            EndCause::Lifetime(machine.lifetime)
        } else if marks.registered {
            EndCause::AgentEnded
        } else if let Some(why) = line(NOT_BEGUN) {
            EndCause::NotBegun(why.trim_end().to_owned())
        } else if line(NOT_REGISTERED).is_some() || is_past(machine.boot_deadline()) {
            EndCause::BootLimit(machine.boot_limit)
        } else {
            EndCause::Early
        }
    }

    /// The last lines of the console that are not empty, at most so many, oldest first. What a
    /// terminal would obey is left out of them.
    pub fn last_lines(&self, lines_max: usize) -> Vec<String> {
        let lines = self.console.lines().map(plain);
        let mut lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
        lines.split_off(lines.len().saturating_sub(lines_max))
    }
}

/// A line without what a terminal would obey: sequences that begin with an escape, and every other
/// control character.
fn plain(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line.chars().peekable();
    while let Some(letter) = rest.next() {
        if letter == '\u{1b}' && rest.next_if_eq(&'[').is_some() {
            // Its parameters, and the one letter that ends it.
            while rest.next_if(|it| matches!(it, ' '..='?')).is_some() {}
            rest.next();
        } else if !letter.is_control() {
            plain.push(letter);
        }
    }
    plain.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_those_that_say_something_and_nothing_obeys_them() {
        let ending = Ending {
            by: EndedBy::Itself,
            at: None,
            console: "one\r\n\n\u{1b}[0;32m  OK  \u{1b}[0m\n\u{7}\ntw\u{9b}o\u{1b}c\n".to_owned(),
        };
        assert_eq!(ending.last_lines(2), ["  OK", "twoc"]);
        assert_eq!(ending.last_lines(9), ["one", "  OK", "twoc"]);
        assert!(ending.last_lines(0).is_empty());
    }
}
