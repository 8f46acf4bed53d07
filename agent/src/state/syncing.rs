//! The conversation with the hub: what is reported, when, and what an answer brings about
//! (protocol.md 4.1 to 4.4).

use std::time::Duration;

use super::denials::{CONFIRMED_AFTER, Denials};
use super::{CallFailure, Effect, Phase, Reason, State, take_due};
use dayfly::hub::wire::agent::{JobResult, SyncAction, SyncRequest, SyncResponse, SyncState};
use dayfly::hub::wire::answer::Foreign;
use dayfly::model::id::JobId;
use dayfly::model::time::Timestamp;

/// Without a successful sync for this long the agent leaves (protocol.md 4.4).
const SILENCE_MAX: Duration = Duration::from_secs(600);
/// The hub may not send us to sleep for longer: a stop has to reach a job.
const PAUSE_MAX_MILLISECONDS: i64 = 60_000;

/// When the next sync is due, and what became of the last.
#[derive(Clone, Debug, Default)]
pub(super) struct SyncClock {
    /// What was reported and has not been answered.
    in_flight: Option<SyncState>,
    next_at: Option<Timestamp>,
    /// There is news that came while a sync was in flight.
    urgent: bool,
    /// Since the last success.
    failures: u32,
    /// The hub says that it does not know our row. 401 and 403 say nothing of a row.
    denials: Denials,
    pub(super) last_success_at: Timestamp,
}

/// Whether an answer can be the hub's to a result: it then waits for jobs or shuts the agent down
/// (protocol.md 4.1). A stop that comes too late has the result as well. Any other answer is not
/// the hub's, or was made for an earlier report.
const fn acknowledges(answer: &SyncResponse) -> bool {
    match answer.action {
        SyncAction::WaitForJobs
        | SyncAction::RunJob
        | SyncAction::StopJob
        | SyncAction::Shutdown => true,
        SyncAction::Continue | SyncAction::Unknown => false,
    }
}

impl State {
    /// Reports at once, or as soon as the sync that is in flight has ended.
    pub(super) fn sync_soon(&mut self, now: Timestamp) -> Vec<Effect> {
        self.sync.urgent = self.sync.in_flight.is_some();
        self.sync.next_at = Some(now);
        self.sync_due(now)
    }

    /// Reports again after a pause that grows.
    pub(super) fn sync_later(&mut self, now: Timestamp) {
        let pause = self.spread.growing(self.sync.failures, 1_000, 5_999);
        self.sync.next_at = Some(now.plus(pause));
    }

    pub(super) fn sync_due(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.sync.in_flight.is_some() {
            return Vec::new();
        }
        let Some(report) = self.report() else {
            return Vec::new();
        };
        if !take_due(&mut self.sync.next_at, now) {
            return Vec::new();
        }
        self.sync.in_flight = Some(report.state);
        vec![Effect::Sync(report)]
    }

    pub(super) fn sync_deadline(&self) -> Option<Timestamp> {
        let may = self.sync.in_flight.is_none() && self.report().is_some();
        if may { self.sync.next_at } else { None }
    }

    pub(super) fn sync_answered(&mut self, answer: &SyncResponse, now: Timestamp) -> Vec<Effect> {
        let Some(reported) = self.sync.in_flight.take() else {
            return Vec::new();
        };
        if reported == SyncState::FinishedJob && !acknowledges(answer) {
            self.sync.in_flight = Some(reported);
            return self.sync_failed(CallFailure::Foreign(Foreign::OtherJson), now);
        }
        self.sync.failures = 0;
        self.sync.denials.clear();
        self.sync.last_success_at = now;
        let pause = match answer.next_sync_after {
            ..=0 => self.spread.between(3_000, 5_999),
            wanted => Duration::from_millis(wanted.min(PAUSE_MAX_MILLISECONDS).unsigned_abs()),
        };
        let urgent = std::mem::take(&mut self.sync.urgent);
        self.sync.next_at = Some(if urgent { now } else { now.plus(pause) });

        let mut effects = match (reported, &self.phase) {
            (SyncState::FinishedJob, Phase::Finished { job, result }) => {
                let (job, result) = (job.clone(), *result);
                self.acknowledged(job, result, answer, now)
            }
            (_, Phase::Leaving(_)) => self.reported_while_leaving(reported, now),
            (_, _) => self.obey(answer, now),
        };
        effects.extend(self.sync_due(now));
        effects
    }

    pub(super) fn sync_failed(&mut self, failure: CallFailure, now: Timestamp) -> Vec<Effect> {
        let Some(reported) = self.sync.in_flight.take() else {
            return Vec::new();
        };
        self.sync.failures += 1;
        let urgent = std::mem::take(&mut self.sync.urgent);
        self.sync.denials.add(failure, &[404], now);
        if let Phase::Leaving(_) = self.phase {
            let is_denied = self.sync.denials.are_confirmed(Duration::ZERO, now);
            return self.report_failed_while_leaving(reported, is_denied, now);
        }
        // Nothing re-creates a row for an old access token, but a job is not ended for a short
        // trouble at the hub. An idle agent has nothing to lose.
        let over = match self.job() {
            Some(_) => CONFIRMED_AFTER,
            None => Duration::ZERO,
        };
        if self.sync.denials.are_confirmed(over, now) {
            return self.leave_forgotten(now);
        }
        if SILENCE_MAX <= now.since(self.sync.last_success_at) {
            return self.leave_unheard(now);
        }
        if urgent {
            return self.sync_soon(now);
        }
        self.sync_later(now);
        self.sync_due(now)
    }

    /// What the agent says it does; `None` where it says nothing.
    fn report(&self) -> Option<SyncRequest> {
        let (state, job_id, job_result) = match &self.phase {
            Phase::New | Phase::Registering(_) | Phase::Left => return None,
            Phase::Waiting => (SyncState::WaitingForJobs, "", None),
            Phase::Starting { job, .. } => (SyncState::StartingJob, job.as_str(), None),
            Phase::Running { job, stopping } | Phase::Closing { job, stopping, .. } => {
                let state = if *stopping {
                    SyncState::StoppingJob
                } else {
                    SyncState::RunningJob
                };
                (state, job.as_str(), None)
            }
            Phase::Finished { job, result } => {
                (SyncState::FinishedJob, job.as_str(), Some(*result))
            }
            Phase::Leaving(leaving) => {
                let (job, result) = leaving.reporting()?;
                (SyncState::FinishedJob, job.as_str(), Some(result))
            }
        };
        Some(SyncRequest {
            state,
            job_id: job_id.to_owned(),
            job_result,
            interrupted_at: self.interruption.as_ref().map_or(0, |i| i.at.as_seconds()),
        })
    }

    fn obey(&mut self, answer: &SyncResponse, now: Timestamp) -> Vec<Effect> {
        match answer.action {
            SyncAction::Continue | SyncAction::WaitForJobs | SyncAction::Unknown => Vec::new(),
            SyncAction::RunJob => self.take_job(&answer.job_id, now),
            SyncAction::StopJob => self.stop_job(&answer.job_id, now),
            SyncAction::Shutdown => {
                self.told_to_leave(Reason::from_hub(answer.shutdown_reason), now)
            }
        }
    }

    /// The hub has the result. What else it says decides whether another job may come.
    fn acknowledged(
        &mut self,
        job: JobId,
        result: JobResult,
        answer: &SyncResponse,
        now: Timestamp,
    ) -> Vec<Effect> {
        self.reported = Some((job, result));
        let reason = match answer.action {
            SyncAction::Shutdown => Some(Reason::from_hub(answer.shutdown_reason)),
            SyncAction::Continue
            | SyncAction::WaitForJobs
            | SyncAction::RunJob
            | SyncAction::StopJob
            | SyncAction::Unknown => self
                .leave_when_reported
                .take()
                .or(self.settings.single_job.then_some(Reason::JobFinished)),
        };
        self.phase = Phase::Waiting;
        match reason {
            Some(reason) => self.leave(reason, now),
            None => self.obey(answer, now),
        }
    }

    fn told_to_leave(&mut self, reason: Reason, now: Timestamp) -> Vec<Effect> {
        if self.job().is_none() {
            return self.leave(reason, now);
        }
        // A job that we took has to be reported first, or the hub holds it until its time limit (S6).
        self.leave_when_reported = Some(reason);
        self.stop_own_job(now)
    }
}
