//! Everything that can go wrong with a hub, as switches (protocol.md, table of section 12).
//!
//! A rule names a fault, the endpoint, and when it strikes. Probability is not here: the
//! driver draws, and sets rules. Where several rules strike at once, each does its part, in the
//! order in which they were added.

use std::time::Duration;

use crate::emulator::foreign::ForeignAnswer;
pub use crate::emulator::rules::When;
use dayfly::hub::wire::agent::{SyncAction, SyncState};
use dayfly::model::id::JobId;
use dayfly::model::time::Timestamp;

/// Where a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// Every request, of whatever kind.
    Any,
    /// `POST /register`.
    Register,
    /// `POST /sync`.
    Sync,
    /// `GET /jobs/{id}` with an access token.
    Payload,
    /// `GET /jobs` with a registration token.
    QueuedJobs,
    /// `GET /metrics` and `GET /occupancy`.
    Metrics,
    /// `POST /refresh`.
    Refresh,
    /// `POST /disconnect`.
    Disconnect,
    /// `POST /api/v1/logs/{id}`.
    LogPush,
    /// `GET /api/v1/logs/{id}`.
    LogRead,
    /// Everything under `/api/v1alpha`, the list of agents included.
    Public,
    /// `GET /api/v1alpha/agents`.
    AgentList,
    /// Not a request: the moment at which a job would begin to wait for an agent.
    Scheduling,
    /// A path that the hub does not know.
    Unknown,
}

/// Which requests a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Where.
    pub endpoint: Endpoint,
    /// Only syncs that report this.
    pub reported: Option<SyncState>,
    /// Only syncs that are answered with this. A fault that strikes before the answer is made
    /// (see [`Fault`]) never meets such a scope.
    pub answered: Option<SyncAction>,
    /// When.
    pub when: When,
}

impl Scope {
    /// Every request of an endpoint.
    pub const fn on(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            reported: None,
            answered: None,
            when: When::Always,
        }
    }

    /// Only syncs that report `state`.
    #[must_use]
    pub const fn reporting(mut self, state: SyncState) -> Self {
        self.reported = Some(state);
        self
    }

    /// Only syncs that are answered with `action`.
    #[must_use]
    pub const fn answering(mut self, action: SyncAction) -> Self {
        self.answered = Some(action);
        self
    }

    /// Only the first `count` matches.
    #[must_use]
    pub const fn times(mut self, count: u32) -> Self {
        self.when = When::Occurrences { first: 1, count };
        self
    }

    /// Only the match number `first`, counted from 1.
    #[must_use]
    pub const fn nth(mut self, first: u32) -> Self {
        self.when = When::Occurrences { first, count: 1 };
        self
    }

    /// Only the last match of every `n`.
    #[must_use]
    pub const fn every_nth(mut self, n: u32) -> Self {
        self.when = When::EveryNth(n);
        self
    }

    /// Only from `from` until just before `until`.
    #[must_use]
    pub const fn between(mut self, from: Timestamp, until: Timestamp) -> Self {
        self.when = When::Window { from, until };
        self
    }
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The hub does not see the request.
    Before(Before),
    /// The hub does something else.
    Inside(Inside),
    /// The hub has done what it was asked, and the answer does not arrive as it should.
    Travel(Travel),
    /// The hub has done what it was asked, and its JSON says something else.
    Content(Content),
}

/// What comes instead of an answer, while the hub does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// It answers this.
    Answer {
        /// The HTTP status.
        status: u16,
        /// A line of text; the status's own words if empty.
        body: &'static str,
    },
    /// Something in front of the hub answers.
    Foreign(ForeignAnswer),
    /// The connection is closed.
    Reset,
    /// Nothing ever comes back.
    BlackHole,
}

/// What the hub does differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inside {
    /// The log server takes no more than this many bytes of a job's log.
    LogFull {
        /// In place of 16 MiB.
        bytes: usize,
    },
    /// A reader who asks an archived log for its tail gets nothing (S22).
    ArchiveTailLost,
    /// The newest started job still counts, and is listed, as queued.
    StalePickup,
    /// `GET /jobs` is filled up with jobs that do not exist.
    QueueFilledUp,
    /// The payload is served as if it had been served before (S1).
    PayloadSanitized,
    /// The payload's log token has expired already (S15).
    LogTokenExpired,
    /// The job stays `scheduled` (with `Endpoint::Scheduling`).
    NeverReady,
}

/// What becomes of an answer on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Travel {
    /// The connection is closed in place of the answer.
    Dropped,
    /// The answer never comes.
    Lost,
    /// The answer comes late.
    Delayed(Duration),
    /// The answer says that it failed.
    CommittedThen {
        /// The HTTP status.
        status: u16,
    },
    /// Something in front of the hub answers in its place.
    ReplacedBy(ForeignAnswer),
    /// The answer has another status, and the right body.
    WithStatus(u16),
}

/// What the JSON of an answer says instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// `next_sync_after` is this.
    NextSyncAfter(i64),
    /// `next_sync_after` is missing.
    NextSyncAfterMissing,
    /// `action` is a word that nobody knows.
    ActionUnknown(&'static str),
    /// The action is `stop-job`, for this job; `None` is the row's own.
    StopJob(Option<JobId>),
    /// The action is `run-job`, for this job.
    RunJob(JobId),
    /// There are fields that nobody knows.
    FieldsExtra,
    /// Empty texts, zeros and empty lists come as `null`.
    FieldsNull,
    /// The whole body is this, of the same content type and status.
    Body(String),
    /// Every number is zero.
    Zeros,
    /// `job_id` names this job.
    JobId(JobId),
    /// The list of agents has only its first ones.
    AgentsFirst(usize),
    /// The list of agents has only every second one.
    AgentsEverySecond,
}

impl From<Before> for Fault {
    fn from(fault: Before) -> Self {
        Self::Before(fault)
    }
}

impl From<Inside> for Fault {
    fn from(fault: Inside) -> Self {
        Self::Inside(fault)
    }
}

impl From<Travel> for Fault {
    fn from(fault: Travel) -> Self {
        Self::Travel(fault)
    }
}

impl From<Content> for Fault {
    fn from(fault: Content) -> Self {
        Self::Content(fault)
    }
}
