//! What the agent's state learns, and what it asks for.

use std::fmt;

use dayfly::hub::wire::agent::{JobResult, ShutdownReason, SyncRequest, SyncResponse};
use dayfly::hub::wire::answer::{Failure, Foreign};
use dayfly::hub::wire::payload::PayloadError;
use dayfly::model::id::JobId;

/// Something that happened. Every effect that was asked for ends in one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The program has started.
    Started,
    /// The hub has accepted the registration; the access token stays with the caller.
    Registered,
    /// It has not.
    RegisterFailed(CallFailure),
    /// The hub answered a sync with what to do.
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

impl Event {
    /// What a body means that gives no job to run: another body is asked for where that can help.
    pub fn of_payload_error(job: JobId, error: PayloadError) -> Self {
        match error {
            PayloadError::Foreign(what) => Self::PayloadFailed(job, CallFailure::Foreign(what)),
            PayloadError::Sanitized => Self::PayloadUnusable(job, Misfortune::Sanitized),
            PayloadError::Unreadable { .. } => Self::PayloadUnusable(job, Misfortune::Unreadable),
        }
    }
}

/// The hub's 400 for a name that is taken: the one that can pass (protocol.md 3.1).
const NAME_TAKEN: &str = "agent can't be registered";

/// How a call failed, as far as the state behaves differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallFailure {
    /// No answer: the hub may have acted on the call.
    Unanswered,
    /// The hub itself refused, with this HTTP status.
    Refused(u16),
    /// The answer was not the hub's own, or was damaged: the hub may have acted on the call.
    Foreign(Foreign),
    /// Nothing that time can heal, if it is true: the caller could tell from the answer.
    Hopeless,
}

impl CallFailure {
    /// What was wrong with an answer.
    pub const fn of(failure: &Failure) -> Self {
        match failure {
            Failure::Refused { status, .. } => Self::Refused(*status),
            Failure::Foreign { what, .. } => Self::Foreign(*what),
        }
    }

    /// The same for a registration. A name that is taken becomes free, and so may a job that was
    /// asked for; any other 400 of the hub is about what we sent.
    pub fn of_registration(failure: &Failure, job_id: &str) -> Self {
        match failure {
            Failure::Refused {
                status: 400,
                message,
            } if job_id.is_empty() && !message.contains(NAME_TAKEN) => Self::Hopeless,
            Failure::Refused { .. } | Failure::Foreign { .. } => Self::of(failure),
        }
    }

    /// Whether the hub does not know the token, or the row behind it (protocol.md section 2).
    pub const fn is_unknown_token(self) -> bool {
        matches!(self, Self::Refused(401 | 404))
    }
}

/// Why a job that was taken cannot be run. The log says so, and the job fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfortune {
    /// The hub has already handed the payload out once and scrubbed it (protocol.md S1).
    Sanitized,
    /// The payload is not what protocol.md section 5 says.
    Unreadable,
    /// It did not come; how the last try failed.
    NotFetched(CallFailure),
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
    /// It could not be registered; how the last try failed.
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
