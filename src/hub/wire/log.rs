//! The log stream: one JSON event a line, pushed with the position of the first.

use serde::{Deserialize, Serialize};

use super::agent::JobResult;

/// One event. Times are whole Unix seconds. The order is
/// `job_started (cmd_started cmd_output* cmd_finished)* job_finished`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum LogEvent {
    /// The first event of every log.
    JobStarted {
        /// When.
        timestamp: u64,
    },
    /// A command begins.
    CmdStarted {
        /// When.
        timestamp: u64,
        /// What is shown: the command, its alias, or a fixed title.
        directive: String,
    },
    /// A piece of the running command's output.
    CmdOutput {
        /// When.
        timestamp: u64,
        /// Text, `\r\n` made `\n`.
        output: String,
    },
    /// The command has ended.
    CmdFinished {
        /// When.
        timestamp: u64,
        /// As in `cmd_started`.
        directive: String,
        /// 0 is success, 130 an early exit.
        exit_code: i32,
        /// When it began.
        started_at: u64,
        /// When it ended.
        finished_at: u64,
    },
    /// The last event of every log that was not cut short.
    JobFinished {
        /// When.
        timestamp: u64,
        /// How it ended.
        result: JobResult,
    },
}

/// The answer to a reader's `GET`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPage {
    /// The events from the asked position on.
    pub events: Vec<LogEvent>,
    /// Where to go on; `null` once the log is archived.
    pub next: Option<u64>,
}
