//! `POST /sync`: the decision table of protocol.md 4.1, in its order.

use serde::Deserialize;
use serde_json::Value;

use super::answer;
use super::organization::Organization;
use super::progress::JobLifecycle;
use super::route::agent_token;
use super::row::{AgentRow, RowId, Rows};
use super::settings::Feature;
use super::token::{Purpose, is_uuid};
use super::violations::Violation;
use crate::emulator::message::{Request, Response};
use dayfly::hub::wire::agent::{JobResult, ShutdownReason, SyncAction, SyncResponse, SyncState};
use dayfly::hub::wire::null_as_default;
use dayfly::model::id::JobId;
use dayfly::model::time::Timestamp;

/// The body of a sync as the hub reads it: it is JSON before its words are looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Report {
    #[serde(deserialize_with = "null_as_default")]
    state: String,
    #[serde(deserialize_with = "null_as_default")]
    job_id: String,
    #[serde(deserialize_with = "null_as_default")]
    job_result: String,
    #[serde(deserialize_with = "null_as_default")]
    interrupted_at: i64,
}

/// What the agent is told.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Order {
    Continue,
    RunJob(JobId),
    StopJob(JobId),
    WaitForJobs,
    Shutdown(ShutdownReason),
}

/// A sync that gets no answer of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// The server panics, and the client sees a closed connection (S8, S20).
    Panic,
    /// 500.
    Internal,
}

/// What answering a sync takes.
#[derive(Debug)]
pub(super) struct Syncing<'a> {
    pub(super) organization: &'a mut Organization,
    pub(super) rows: &'a mut Rows,
    pub(super) work: &'a mut JobLifecycle,
    pub(super) noticed: &'a mut Vec<Violation>,
    pub(super) now: Timestamp,
}

impl Syncing<'_> {
    /// Reads the body before it looks at the token, as the real hub does.
    pub(super) fn answer(mut self, request: &Request) -> Response {
        let Some(token) = agent_token(request) else {
            return answer::status(401);
        };
        let Ok(report) = serde_json::from_slice::<Report>(&request.body) else {
            return answer::status(422);
        };
        let Some(id) = self.rows.by_token(&token) else {
            return answer::status(404);
        };
        let state = state_of(&report.state);
        self.note_report(id, state, &report);
        if self.is_over_quota() {
            self.rows.disable(id, self.now);
        }
        let order = match state {
            Some(state) => self.decide(id, state, &report),
            None => Err(Trouble::Panic),
        };
        match order {
            Ok(order) => self.order_answer(order, state),
            Err(Trouble::Panic) => answer::dropped(),
            Err(Trouble::Internal) => answer::status(500),
        }
    }

    /// Writes down what the agent said, before anything is decided.
    fn note_report(&mut self, id: RowId, state: Option<SyncState>, report: &Report) {
        let Some(row) = self.rows.get_mut(id) else {
            return;
        };
        if row.last_sync_at.is_none() || row.last_state != state {
            row.last_state_change_at = self.now;
        }
        row.last_sync_at = Some(self.now);
        row.last_state = state;
        if let Some(job) = &row.assigned_job
            && job.as_str() == report.job_id
        {
            row.last_job = Some(job.clone());
        }
        if let Ok(seconds @ 1..) = u64::try_from(report.interrupted_at) {
            row.interrupted_at = Some(Timestamp::from_seconds(seconds));
        }
    }

    fn is_over_quota(&self) -> bool {
        let settings = &self.organization.settings;
        let agents_max = settings.agents_max.unwrap_or(u32::MAX);
        let agents_max = usize::try_from(agents_max).unwrap_or(usize::MAX);
        settings.feature == Feature::SwitchedOff || agents_max < self.rows.registered()
    }

    fn decide(&mut self, id: RowId, state: SyncState, report: &Report) -> Result<Order, Trouble> {
        match state {
            SyncState::WaitingForJobs => self.decide_waiting(id),
            SyncState::StartingJob | SyncState::StoppingJob => Ok(Order::Continue),
            SyncState::RunningJob => self.decide_running(id),
            SyncState::FinishedJob => {
                if !is_uuid(&report.job_id) {
                    return Err(Trouble::Internal);
                }
                self.decide_finished(id, &report.job_id, result_of(&report.job_result))
            }
            SyncState::FailedToFetchJob
            | SyncState::FailedToConstructJob
            | SyncState::FailedToSendCallback => {
                self.decide_finished(id, &report.job_id, Some(JobResult::Failed))
            }
        }
    }

    fn decide_waiting(&mut self, id: RowId) -> Result<Order, Trouble> {
        let row = self.rows.get(id).ok_or(Trouble::Internal)?;
        // Both are looked at before a job that was assigned at registration: such a job stays
        // with a row that leaves (S5).
        if row.disabled_at.is_some() {
            return Ok(Order::Shutdown(ShutdownReason::Requested));
        }
        if row.interrupted_at.is_some() {
            return Ok(Order::Shutdown(ShutdownReason::Interrupted));
        }
        if let Some(job) = unreported_job(row) {
            if let Some(number) = self.work.jobs.number(&job) {
                self.work.start(number, row, self.now);
            }
            return Ok(Order::RunJob(job));
        }
        let idle_timeout = row.idle_timeout();
        let idle_for = self.now.since(row.last_state_change_at);
        if let Some(job) = self.work.occupy(id, self.rows, self.now) {
            return Ok(Order::RunJob(job));
        }
        if idle_timeout.is_zero() || idle_for < idle_timeout {
            return Ok(Order::Continue);
        }
        Ok(Order::Shutdown(ShutdownReason::Idle))
    }

    fn decide_running(&self, id: RowId) -> Result<Order, Trouble> {
        let row = self.rows.get(id).ok_or(Trouble::Internal)?;
        let grace = row.interruption_grace_period();
        let is_overdue = |at: Timestamp| grace <= self.now.since(at);
        let stop = row.stop_requested_at.is_some()
            || row.disabled_at.is_some()
            || row.interrupted_at.is_some_and(is_overdue);
        if !stop {
            return Ok(Order::Continue);
        }
        match &row.assigned_job {
            Some(job) => Ok(Order::StopJob(job.clone())),
            None => Err(Trouble::Panic),
        }
    }

    fn decide_finished(
        &mut self,
        id: RowId,
        named: &str,
        result: Option<JobResult>,
    ) -> Result<Order, Trouble> {
        let row = self.rows.get(id).ok_or(Trouble::Internal)?;
        let knows = |job: &Option<JobId>| job.as_ref().is_some_and(|job| job.as_str() == named);
        if !knows(&row.assigned_job) && !knows(&row.last_job) {
            self.noticed.push(Violation::ForeignReport {
                agent: row.name.clone(),
                job: named.to_owned(),
            });
        }
        let assigned = row.assigned_job.clone();
        let single_job = row.metadata.single_job;
        let interrupted = row.interrupted_at.is_some();
        let disabled = row.disabled_at.is_some();
        if !single_job && !interrupted {
            self.rows.free(id);
        }
        // The job that counts is the row's own, whichever the agent names.
        if let (Some(job), Some(result)) = (assigned, result) {
            self.report(&job, result);
        }
        Ok(match (disabled, single_job, interrupted) {
            (true, _, _) => Order::Shutdown(ShutdownReason::Requested),
            (false, true, _) => Order::Shutdown(ShutdownReason::JobFinished),
            (false, false, true) => Order::Shutdown(ShutdownReason::Interrupted),
            (false, false, false) => Order::WaitForJobs,
        })
    }

    /// The agent's word that its job has ended: *finished*, and *teardown finished*.
    fn report(&mut self, id: &JobId, result: JobResult) {
        let now = self.now;
        let Some(number) = self.work.jobs.number(id) else {
            return;
        };
        if let Some(job) = self.work.jobs.get_mut(number) {
            let (first, _) = *job.reported.get_or_insert((result, now));
            if first != result {
                self.noticed.push(Violation::ResultChanged {
                    job: id.clone(),
                    first,
                    then: result,
                });
            }
        }
        let settings = &self.organization.settings;
        self.work.finish(number, result, settings, now);
        self.work.archive(id, now);
    }

    fn order_answer(&mut self, order: Order, state: Option<SyncState>) -> Response {
        let floor = self.organization.settings.sync_interval_floor_ms;
        let ceiling = self.organization.settings.sync_interval_ceiling_ms;
        let drawn = self
            .organization
            .draws
            .between(Purpose::SyncInterval, floor, ceiling);
        let drawn = i64::from(drawn);
        let runs_on = order == Order::Continue && state == Some(SyncState::RunningJob);
        let next_sync_after = if runs_on { drawn * 2 } else { drawn };
        let none = String::new();
        let (action, job_id, shutdown_reason) = match order {
            Order::Continue => (SyncAction::Continue, none, None),
            Order::RunJob(job) => (SyncAction::RunJob, job.as_str().to_owned(), None),
            Order::StopJob(job) => (SyncAction::StopJob, job.as_str().to_owned(), None),
            Order::WaitForJobs => (SyncAction::WaitForJobs, none, None),
            Order::Shutdown(reason) => (SyncAction::Shutdown, none, Some(reason)),
        };
        answer::json(
            200,
            &SyncResponse {
                action,
                job_id,
                shutdown_reason,
                next_sync_after,
            },
        )
    }
}

/// A job that the row has and has not named yet: it is offered until it is.
fn unreported_job(row: &AgentRow) -> Option<JobId> {
    let job = row.assigned_job.as_ref()?;
    (row.last_job.as_ref() != Some(job)).then(|| job.clone())
}

fn state_of(word: &str) -> Option<SyncState> {
    serde_json::from_value(Value::from(word)).ok()
}

/// A word that is no result counts as failed, so that a job never hangs on it.
fn result_of(word: &str) -> Option<JobResult> {
    match word {
        "" => None,
        "passed" => Some(JobResult::Passed),
        "stopped" => Some(JobResult::Stopped),
        _ => Some(JobResult::Failed),
    }
}

/// What a sync reports, for the scope of a fault.
pub(super) fn reported_state(body: &[u8]) -> Option<SyncState> {
    let report: Report = serde_json::from_slice(body).ok()?;
    state_of(&report.state)
}

/// What a sync is told, for the scope of a fault.
pub(super) fn answered_action(body: &[u8]) -> Option<SyncAction> {
    let response: SyncResponse = serde_json::from_slice(body).ok()?;
    Some(response.action)
}
