//! The marks on stdout: a machine's console shows them, and the scaler reads them there without
//! any credential in the machine. One line each, flushed at once.

use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

use crate::state::Reason;
use dayfly::model::id::JobId;
use dayfly::model::machine::REFUSED_BY_HUB;

/// A step of the agent's life that the outside can rely on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The hub knows the agent under this name; with the time since the kernel's start where the
    /// machine was booted for this agent.
    Registered(String, Option<Duration>),
    /// The hub has no room for another agent, in its own words: a line without control characters.
    Refused(String),
    /// The job's first command is about to run.
    JobStarted(JobId),
    /// The hub has acknowledged the result, and nothing is pushed any more.
    LogClosed(JobId),
    /// The agent exits; nothing follows.
    Leaving(Reason),
}

impl fmt::Display for Mark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registered(name, None) => write!(formatter, "dayfly: registered {name}"),
            Self::Registered(name, Some(booted)) => {
                let seconds = booted.as_secs_f64();
                write!(formatter, "dayfly: registered {name} at {seconds:.2} s")
            }
            Self::Refused(message) => write!(formatter, "{REFUSED_BY_HUB}{message}"),
            Self::JobStarted(job) => write!(formatter, "dayfly: job {job} started"),
            Self::LogClosed(job) => write!(formatter, "dayfly: log closed {job}"),
            Self::Leaving(reason) => write!(formatter, "dayfly: leaving: {reason}"),
        }
    }
}

/// Writes a mark. A console that nobody reads is no reason to fail a job.
pub fn mark(mark: &Mark) {
    let line = format!("{mark}\n");
    let mut stdout = io::stdout().lock();
    let _ = stdout
        .write_all(line.as_bytes())
        .and_then(|()| stdout.flush());
}
