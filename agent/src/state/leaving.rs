//! The way out, bounded at every step (quirk A1: the official agent can need 52 minutes).
//!
//! A job whose result the hub does not have is never disconnected from: the hub would hold it until
//! its time limit (S6), while a row that merely falls silent is cleaned and its job failed (4.9).

use std::time::Duration;

use super::{CallFailure, Effect, Phase, Reason, State, take_due};
use dayfly::hub::wire::agent::{JobResult, SyncState};
use dayfly::model::id::JobId;
use dayfly::model::time::Timestamp;

/// A stopped job has ended by then, or is left to the machine's end.
const JOB_END_MAX: Duration = Duration::from_secs(10);
/// The log of a job that lost its hub is flushed by then, or given up.
const LOG_CLOSE_MAX: Duration = Duration::from_secs(20);
/// Everything that needs the hub is over by then; with the hook's 30 seconds the whole takes a minute.
const LEAVE_MAX: Duration = Duration::from_secs(30);

/// Why, since when, and what is still to be done.
#[derive(Clone, Debug)]
pub(super) struct Leaving {
    reason: Reason,
    since: Timestamp,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    /// The job was told to stop.
    JobEnding(JobId),
    /// Its last events are on their way.
    LogClosing(JobId, JobResult),
    /// The last tries to say how it ended.
    Reporting(JobId, JobResult),
    /// A call is under way, or a pause before the next.
    Disconnecting {
        failures: u32,
        retry_at: Option<Timestamp>,
    },
}

impl Leaving {
    pub(super) fn deadline(&self) -> Timestamp {
        match &self.stage {
            Stage::JobEnding(_) => self.since.plus(JOB_END_MAX),
            Stage::LogClosing(..) => self.since.plus(LOG_CLOSE_MAX),
            Stage::Reporting(..) => self.since.plus(LEAVE_MAX),
            Stage::Disconnecting { retry_at, .. } => {
                let end = self.since.plus(LEAVE_MAX);
                retry_at.map_or(end, |at| at.min(end))
            }
        }
    }

    pub(super) fn reporting(&self) -> Option<(&JobId, JobResult)> {
        match &self.stage {
            Stage::Reporting(job, result) => Some((job, *result)),
            Stage::JobEnding(_) | Stage::LogClosing(..) | Stage::Disconnecting { .. } => None,
        }
    }
}

impl State {
    /// Nothing is unreported: let the hub forget us, and go.
    pub(super) fn leave(&mut self, reason: Reason, now: Timestamp) -> Vec<Effect> {
        self.phase = Phase::Leaving(Leaving {
            reason,
            since: now,
            stage: Stage::Disconnecting {
                failures: 0,
                retry_at: None,
            },
        });
        vec![Effect::Disconnect]
    }

    /// The hub has forgotten us: whatever we would say or push is lost.
    pub(super) fn leave_forgotten(&mut self, now: Timestamp) -> Vec<Effect> {
        match &self.phase {
            Phase::Running { job, stopping } => {
                let mut effects = vec![Effect::AbandonLog(job.clone())];
                if !stopping {
                    effects.push(Effect::StopJob(job.clone()));
                }
                let stage = Stage::JobEnding(job.clone());
                self.enter(Reason::RowGone, stage, now);
                effects
            }
            Phase::Closing { job, .. } => {
                let mut effects = vec![Effect::AbandonLog(job.clone())];
                effects.extend(self.shut_down(Reason::RowGone));
                effects
            }
            Phase::New
            | Phase::Registering(_)
            | Phase::Waiting
            | Phase::Starting { .. }
            | Phase::Finished { .. }
            | Phase::Leaving(_)
            | Phase::Left => self.shut_down(Reason::RowGone),
        }
    }

    /// The hub has not been heard for ten minutes. The log server may still listen, so it gets a chance.
    pub(super) fn leave_unheard(&mut self, now: Timestamp) -> Vec<Effect> {
        let reason = Reason::UnableToSync;
        match &self.phase {
            Phase::Waiting => self.leave(reason, now),
            Phase::Running { job, stopping } => {
                let (job, stopping) = (job.clone(), *stopping);
                self.enter(reason, Stage::JobEnding(job.clone()), now);
                if stopping {
                    Vec::new()
                } else {
                    vec![Effect::StopJob(job)]
                }
            }
            Phase::Closing { job, result, .. } => {
                let stage = Stage::LogClosing(job.clone(), *result);
                self.enter(reason, stage, now);
                Vec::new()
            }
            Phase::New
            | Phase::Registering(_)
            | Phase::Starting { .. }
            | Phase::Finished { .. }
            | Phase::Leaving(_)
            | Phase::Left => self.shut_down(reason),
        }
    }

    pub(super) fn job_ended_while_leaving(
        &mut self,
        ended: &JobId,
        result: JobResult,
    ) -> Vec<Effect> {
        let Phase::Leaving(leaving) = &mut self.phase else {
            return Vec::new();
        };
        match &leaving.stage {
            Stage::JobEnding(job) if job == ended => {
                if leaving.reason == Reason::RowGone {
                    return self.shut_down(Reason::RowGone);
                }
                leaving.stage = Stage::LogClosing(ended.clone(), result);
                vec![Effect::CloseLog(ended.clone())]
            }
            Stage::JobEnding(_)
            | Stage::LogClosing(..)
            | Stage::Reporting(..)
            | Stage::Disconnecting { .. } => Vec::new(),
        }
    }

    pub(super) fn log_closed_while_leaving(
        &mut self,
        closed: &JobId,
        now: Timestamp,
    ) -> Vec<Effect> {
        let Phase::Leaving(leaving) = &mut self.phase else {
            return Vec::new();
        };
        match &leaving.stage {
            Stage::LogClosing(job, result) if job == closed => {
                leaving.stage = Stage::Reporting(closed.clone(), *result);
                self.sync_soon(now)
            }
            Stage::LogClosing(..)
            | Stage::JobEnding(_)
            | Stage::Reporting(..)
            | Stage::Disconnecting { .. } => Vec::new(),
        }
    }

    /// A sync was answered after the decision to leave. Only the last report matters now.
    pub(super) fn reported_while_leaving(
        &mut self,
        reported: SyncState,
        now: Timestamp,
    ) -> Vec<Effect> {
        match self.last_report(reported) {
            Some(reason) => self.leave(reason, now),
            None => Vec::new(),
        }
    }

    /// The last report is repeated until [`LEAVE_MAX`], or until the hub has denied often enough
    /// that it knows our row: one odd answer does not lose a result.
    pub(super) fn report_failed_while_leaving(
        &mut self,
        reported: SyncState,
        is_denied: bool,
        now: Timestamp,
    ) -> Vec<Effect> {
        match self.last_report(reported) {
            Some(reason) if is_denied => self.shut_down(reason),
            Some(_) => {
                self.sync_later(now);
                Vec::new()
            }
            None => self.sync_soon(now),
        }
    }

    /// Why we leave, if what was reported is the last that there is to report.
    fn last_report(&self, reported: SyncState) -> Option<Reason> {
        match &self.phase {
            Phase::Leaving(leaving)
                if reported == SyncState::FinishedJob && leaving.reporting().is_some() =>
            {
                Some(leaving.reason)
            }
            Phase::Leaving(_)
            | Phase::New
            | Phase::Registering(_)
            | Phase::Waiting
            | Phase::Starting { .. }
            | Phase::Running { .. }
            | Phase::Closing { .. }
            | Phase::Finished { .. }
            | Phase::Left => None,
        }
    }

    pub(super) fn disconnected(&mut self) -> Vec<Effect> {
        match &self.phase {
            Phase::Leaving(leaving) => self.shut_down(leaving.reason),
            Phase::New
            | Phase::Registering(_)
            | Phase::Waiting
            | Phase::Starting { .. }
            | Phase::Running { .. }
            | Phase::Closing { .. }
            | Phase::Finished { .. }
            | Phase::Left => Vec::new(),
        }
    }

    pub(super) fn disconnect_failed(
        &mut self,
        failure: CallFailure,
        now: Timestamp,
    ) -> Vec<Effect> {
        // The row is gone already, as after a lost answer: that is all we wanted.
        if failure.is_unknown_token() {
            return self.disconnected();
        }
        let Phase::Leaving(leaving) = &mut self.phase else {
            return Vec::new();
        };
        if let Stage::Disconnecting { failures, retry_at } = &mut leaving.stage {
            *failures += 1;
            *retry_at = Some(now.plus(self.spread.growing(*failures, 500, 5_000)));
        }
        Vec::new()
    }

    pub(super) fn leaving_due(&mut self, now: Timestamp) -> Vec<Effect> {
        let Phase::Leaving(leaving) = &mut self.phase else {
            return Vec::new();
        };
        if now < leaving.deadline() {
            return Vec::new();
        }
        let reason = leaving.reason;
        let out_of_time = leaving.since.plus(LEAVE_MAX) <= now;
        match &mut leaving.stage {
            Stage::LogClosing(job, result) => {
                let (job, result) = (job.clone(), *result);
                leaving.stage = Stage::Reporting(job.clone(), result);
                let mut effects = vec![Effect::AbandonLog(job)];
                effects.extend(self.sync_soon(now));
                effects
            }
            Stage::Disconnecting { retry_at, .. } if !out_of_time => {
                let due = take_due(retry_at, now);
                due.then_some(Effect::Disconnect).into_iter().collect()
            }
            Stage::JobEnding(_) | Stage::Reporting(..) | Stage::Disconnecting { .. } => {
                self.shut_down(reason)
            }
        }
    }

    /// The end: whatever is still under way is dropped with the process.
    pub(super) fn shut_down(&mut self, reason: Reason) -> Vec<Effect> {
        self.phase = Phase::Left;
        vec![Effect::Shutdown(reason)]
    }

    fn enter(&mut self, reason: Reason, stage: Stage, now: Timestamp) {
        self.phase = Phase::Leaving(Leaving {
            reason,
            since: now,
            stage,
        });
    }
}
