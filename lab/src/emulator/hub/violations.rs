//! What must hold after every run (protocol.md 12), checked by the hub that saw it all.
//!
//! Not here: overlapping pushes, because `handle` sees one request at a time; and the life of
//! machines, which the hub does not know.

use std::fmt;

use super::job::{Job, JobState};
use super::progress::JobLifecycle;
use dayfly::hub::wire::agent::JobResult;
use dayfly::hub::wire::log::LogEvent;
use dayfly::model::id::JobId;
use dayfly::model::time::Timestamp;

/// A rule that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A job has not ended.
    NotEnded {
        /// Which.
        job: JobId,
        /// How far it is.
        state: JobState,
    },
    /// A job was reported twice, with two results.
    ResultChanged {
        /// Which.
        job: JobId,
        /// The first.
        first: JobResult,
        /// The second.
        then: JobResult,
    },
    /// An agent reported a job that it does not have.
    ForeignReport {
        /// Who.
        agent: String,
        /// The job, as it was named.
        job: String,
    },
    /// Events were pushed after the job was reported.
    PushAfterReport {
        /// Which.
        job: JobId,
        /// When the push came.
        at: Timestamp,
    },
    /// A push began after the end of what is stored.
    PushBeyondEnd {
        /// Which.
        job: JobId,
        /// Where the push began.
        start_from: i64,
        /// How many events were stored.
        stored: usize,
    },
    /// An event is not in its place.
    BadOrder {
        /// Which.
        job: JobId,
        /// The event, counted from 0.
        index: usize,
        /// The line.
        line: String,
    },
    /// The log of a job that was reported does not end with `job_finished`.
    LogCutShort {
        /// Which.
        job: JobId,
        /// How many events there are.
        events: usize,
    },
    /// A row is still registered.
    RowLeft {
        /// Whose.
        agent: String,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEnded { job, state } => {
                write!(formatter, "job {job} has not ended, it is {state:?}")
            }
            Self::ResultChanged { job, first, then } => write!(
                formatter,
                "job {job} was reported {}, and then {}",
                first.as_str(),
                then.as_str()
            ),
            Self::ForeignReport { agent, job } => {
                write!(
                    formatter,
                    "agent {agent} reported job {job:?}, which it does not have"
                )
            }
            Self::PushAfterReport { job, at } => write!(
                formatter,
                "the log of job {job} was pushed at {} ms, after the job was reported",
                at.as_millis()
            ),
            Self::PushBeyondEnd {
                job,
                start_from,
                stored,
            } => write!(
                formatter,
                "the log of job {job} was pushed from {start_from}, and has {stored} events"
            ),
            Self::BadOrder { job, index, line } => write!(
                formatter,
                "event {index} of job {job} is not in its place: {line}"
            ),
            Self::LogCutShort { job, events } => write!(
                formatter,
                "the log of job {job} ends after {events} events, without job_finished"
            ),
            Self::RowLeft { agent } => write!(formatter, "agent {agent} is still registered"),
        }
    }
}

impl JobLifecycle {
    /// Jobs that have not ended, and logs that are not as they should be.
    pub(super) fn violations(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        for (_, job) in self.jobs.iter() {
            if job.record.state != JobState::Finished {
                found.push(Violation::NotEnded {
                    job: job.record.id.clone(),
                    state: job.record.state,
                });
            }
            found.extend(self.log_violation(job));
        }
        found
    }

    fn log_violation(&self, job: &Job) -> Option<Violation> {
        let id = &job.record.id;
        if self.logs.is_trimmed(id) {
            return None;
        }
        let lines = self.logs.lines(id);
        let mut place = Place::Start;
        for (index, line) in lines.iter().enumerate() {
            let event: Option<LogEvent> = serde_json::from_str(line).ok();
            match event.and_then(|event| place.after(&event)) {
                Some(next) => place = next,
                None => {
                    return Some(Violation::BadOrder {
                        job: id.clone(),
                        index,
                        line: line.clone(),
                    });
                }
            }
        }
        // A job whose payload could not be fetched is reported with an empty log.
        let whole = lines.is_empty() || place == Place::End;
        if job.reported.is_none() || whole {
            return None;
        }
        Some(Violation::LogCutShort {
            job: id.clone(),
            events: lines.len(),
        })
    }
}

/// Where a log stands: `job_started (cmd_started cmd_output* cmd_finished)* job_finished`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Start,
    Between,
    InCommand,
    End,
}

impl Place {
    fn after(self, event: &LogEvent) -> Option<Self> {
        match (self, event) {
            (Self::Start, LogEvent::JobStarted { .. })
            | (Self::InCommand, LogEvent::CmdFinished { .. }) => Some(Self::Between),
            (Self::Between, LogEvent::CmdStarted { .. })
            | (Self::InCommand, LogEvent::CmdOutput { .. }) => Some(Self::InCommand),
            (Self::Between, LogEvent::JobFinished { .. }) => Some(Self::End),
            (Self::Start | Self::Between | Self::InCommand | Self::End, _) => None,
        }
    }
}
