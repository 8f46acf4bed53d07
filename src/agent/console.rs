//! The marks on stdout: a machine's console shows them, and the scaler reads them there without
//! any credential in the machine. One line each, flushed at once.

use std::fmt;
use std::io::{self, Write};

use crate::agent::state::Reason;
use crate::model::id::JobId;

/// A step of the agent's life that the outside can rely on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The hub knows the agent under this name.
    Registered(String),
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
            Self::Registered(name) => write!(formatter, "dayfly: registered {name}"),
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
