//! What has happened, for a driver that does not want to ask all the time.

use dayfly::hub::wire::agent::JobResult;
use dayfly::model::id::{AgentType, JobId};
use dayfly::model::time::Timestamp;

/// Something that has happened, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An agent has registered; a repeat in the window is not told again.
    AgentRegistered {
        /// Its name.
        agent: String,
        /// Its type.
        agent_type: AgentType,
        /// When.
        at: Timestamp,
    },
    /// An agent has disconnected, or was given up.
    AgentLeft {
        /// Its name.
        agent: String,
        /// How it left.
        departure: Departure,
        /// When.
        at: Timestamp,
    },
    /// An agent may take the job from now on.
    JobWaiting {
        /// Which.
        job: JobId,
        /// When.
        at: Timestamp,
    },
    /// An agent was told to run the job.
    JobStarted {
        /// Which.
        job: JobId,
        /// By whom.
        agent: String,
        /// When.
        at: Timestamp,
    },
    /// Events were added to the job's log.
    LogGrown {
        /// Which.
        job: JobId,
        /// How many events were added.
        events: usize,
        /// When.
        at: Timestamp,
    },
    /// The job has ended.
    JobFinished {
        /// Which.
        job: JobId,
        /// How.
        result: JobResult,
        /// When.
        at: Timestamp,
    },
    /// The job's log was archived for the first time.
    LogClosed {
        /// Which.
        job: JobId,
        /// When.
        at: Timestamp,
    },
}

/// How an agent left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// It said goodbye.
    Disconnected,
    /// It was silent for too long.
    Cleaned,
    /// Its row was deleted by the test or the operator.
    Deleted,
}
