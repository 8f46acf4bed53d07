//! What the agent's state learns, and what it asks for.

use std::fmt;

use crate::hub::wire::agent::{JobResult, ShutdownReason, SyncRequest, SyncResponse};
use crate::model::id::JobId;

/// Something that happened. Every effect that was asked for ends in one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The program has started.
    Started,
    /// The hub has accepted the registration; the access token stays with the caller.
    Registered,
    /// It has not.
    RegisterFailed(CallFailure),
    /// The hub answered a sync with 200.
    SyncAnswered(SyncResponse),
    /// It did not.
    SyncFailed(CallFailure),
    /// The payload is saved and read: the job can run.
    PayloadArrived(JobId),
    /// The payload came and cannot be run.
    PayloadUnusable(JobId, Misfortune),
    /// The payload did not come.
    PayloadFailed(JobId, CallFailure),
    /// The job has ended and nothing that it started is left.
    JobEnded(JobId, JobResult),
    /// Nothing is pushed any more: all is acknowledged, or what is not has been given up.
    LogClosed(JobId),
    /// A termination signal arrived (SIGTERM or SIGINT).
    Signal,
    /// The hub has let go of the agent.
    Disconnected,
    /// It has not said so.
    DisconnectFailed(CallFailure),
    /// The moment that `State::deadline` named has come.
    DeadlinePassed,
}

/// How a call failed, as far as the state behaves differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallFailure {
    /// No answer, or one that cannot be read: the hub may have acted on the call.
    Unanswered,
    /// The hub answered with this HTTP status.
    Status(u16),
    /// Nothing that time can heal: the caller could tell from the answer.
    Hopeless,
}

impl CallFailure {
    /// Whether the hub does not know the token, or the row behind it (protocol.md section 2).
    pub const fn is_unknown_token(self) -> bool {
        matches!(self, Self::Status(401 | 404))
    }
}

/// Why a job that was taken cannot be run. The log says so, and the job fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfortune {
    /// The hub has already handed the payload out once and scrubbed it (protocol.md S1).
    Sanitized,
    /// The payload is not what protocol.md section 5 says.
    Unreadable,
    /// The hub did not hand it out.
    NotFetched,
}

/// Something to do. The caller does it, and reports the end of it as an [`Event`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// `POST /register`.
    Register,
    /// `POST /sync`; never two at a time.
    Sync(SyncRequest),
    /// `GET /jobs/{id}`, saved before it is read.
    FetchPayload(JobId),
    /// Open the log and run the job.
    RunJob(JobId),
    /// Open the log and say why the job fails; it ends as `failed`.
    FailJob(JobId, Misfortune),
    /// Stop the job, whatever it does.
    StopJob(JobId),
    /// The job's last event is written: push what is left, for a bounded time.
    CloseLog(JobId),
    /// Push nothing any more, not even what is left.
    AbandonLog(JobId),
    /// `POST /disconnect`.
    Disconnect,
    /// Run the shutdown hook and exit. Nothing follows.
    Shutdown(Reason),
}

/// Why the agent leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The hub: it waited for too long.
    Idle,
    /// The hub: its one job is done.
    JobFinished,
    /// The hub: an operator, a quota or a reset token wants it.
    Requested,
    /// A termination signal.
    Interrupted,
    /// The hub, with a word that this version does not know.
    Unknown,
    /// No sync has succeeded for ten minutes.
    UnableToSync,
    /// The hub no longer knows this agent.
    RowGone,
    /// The hub never knew it.
    NotRegistered(CallFailure),
}

impl Reason {
    /// From the hub's word.
    pub const fn from_hub(reason: Option<ShutdownReason>) -> Self {
        match reason {
            Some(ShutdownReason::Idle) => Self::Idle,
            Some(ShutdownReason::Requested) => Self::Requested,
            Some(ShutdownReason::Interrupted) => Self::Interrupted,
            Some(ShutdownReason::JobFinished) => Self::JobFinished,
            Some(ShutdownReason::Unknown) | None => Self::Unknown,
        }
    }

    /// What the shutdown hook finds in `SEMAPHORE_AGENT_SHUTDOWN_REASON` (protocol.md 5.6).
    pub const fn hook_word(self) -> &'static str {
        match self {
            Self::Idle => "IDLE",
            Self::JobFinished => "JOB_FINISHED",
            Self::Requested => "REQUESTED",
            Self::Interrupted => "INTERRUPTED",
            Self::UnableToSync | Self::RowGone => "UNABLE_TO_SYNC",
            Self::Unknown | Self::NotRegistered(_) => "UNKNOWN",
        }
    }

    /// The exit code: 0 after an orderly end, 1 otherwise (protocol.md section 8).
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Idle
            | Self::JobFinished
            | Self::Requested
            | Self::Interrupted
            | Self::Unknown => 0,
            Self::UnableToSync | Self::RowGone | Self::NotRegistered(_) => 1,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Idle => "idle",
            Self::JobFinished => "job-finished",
            Self::Requested => "requested",
            Self::Interrupted => "interrupted",
            Self::Unknown => "unknown",
            Self::UnableToSync => "unable-to-sync",
            Self::RowGone => "unknown-to-the-hub",
            Self::NotRegistered(_) => "not-registered",
        })
    }
}
