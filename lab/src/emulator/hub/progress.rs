//! The way of a job through its states.
//!
//! What must stay true: a job ends once; its occupation request exists only while it waits for
//! an agent; a job that has ended has no moment to wait for any more.

use super::job::{Job, JobNumber, JobRecord, JobState, Jobs};
use super::journal::Change;
use super::log_store::LogStore;
use super::organization::Organization;
use super::payload;
use super::queue::{Due, Queue};
use super::row::{AgentRow, RowId, Rows};
use super::settings::{HubSettings, Limits};
use crate::emulator::job_request::JobRequest;
use crate::emulator::journal::Journal;
use dayfly::hub::wire::agent::JobResult;
use dayfly::model::id::JobId;
use dayfly::model::time::Timestamp;

/// The jobs with all that their states have an effect on.
#[derive(Debug, Default)]
pub(super) struct JobLifecycle {
    pub(super) jobs: Jobs,
    pub(super) queue: Queue,
    pub(super) logs: LogStore,
    pub(super) journal: Journal<Change>,
}

impl JobLifecycle {
    /// Puts a job into the queue.
    pub(super) fn enqueue(
        &mut self,
        id: JobId,
        request: JobRequest,
        limits: &Limits,
        now: Timestamp,
    ) {
        let record = JobRecord {
            id,
            name: request.name.clone(),
            block: request.block.clone(),
            agent_type: request.agent_type.clone(),
            state: JobState::Pending,
            result: None,
            created_at: now,
            waiting_at: None,
            started_at: None,
            finished_at: None,
            agent_name: None,
            agent_address: None,
            log_closed_at: None,
        };
        let number = self.jobs.add(Job {
            record,
            request,
            payload: None,
            reported: None,
        });
        let built_at = now.plus(limits.payload_build);
        self.queue.set(built_at, number, Due::Built);
    }

    /// Asks for a job to be stopped, unless it has ended or is not known.
    pub(super) fn ask_to_stop(&mut self, id: &JobId, limits: &Limits, now: Timestamp) {
        if let Some(number) = self.jobs.number(id)
            && self.is_open(number)
        {
            let at = now.plus(limits.stop_delay);
            self.queue.set(at, number, Due::Stop);
        }
    }

    pub(super) fn build_payload(
        &mut self,
        number: JobNumber,
        organization: &Organization,
        now: Timestamp,
    ) {
        if let Some(job) = self.jobs.get_mut(number) {
            job.payload = Some(organization.payload(job, now));
            job.record.state = JobState::Enqueued;
            self.queue.enqueued.insert(number);
        }
        self.schedule_enqueued(&organization.settings, now);
    }

    /// Schedules as many enqueued jobs as the organization's parallelism allows, oldest first.
    pub(super) fn schedule_enqueued(&mut self, settings: &HubSettings, now: Timestamp) {
        let max = settings.parallelism_max.unwrap_or(u32::MAX);
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        while self.queue.parallel.len() < max {
            let Some(number) = self.queue.enqueued.pop_first() else {
                return;
            };
            self.queue.parallel.insert(number);
            if let Some(job) = self.jobs.get_mut(number) {
                job.record.state = JobState::Scheduled;
            }
            let limits = &settings.limits;
            self.queue
                .set(now.plus(limits.scheduling), number, Due::Ready);
            self.queue
                .set(now.plus(limits.waiting_max), number, Due::WaitedTooLong);
        }
    }

    pub(super) fn make_ready(&mut self, number: JobNumber, settings: &HubSettings, now: Timestamp) {
        let Some(job) = self.jobs.get_mut(number) else {
            return;
        };
        job.record.state = JobState::WaitingForAgent;
        job.record.waiting_at = Some(now);
        let agent_type = job.record.agent_type.clone();
        let id = job.record.id.clone();
        self.queue.parallel.remove(&number);
        self.queue.request(agent_type, number);
        self.journal.write(Change::JobWaiting { job: id, at: now });
        self.schedule_enqueued(settings, now);
    }

    /// Gives the row the job that has waited longest.
    pub(super) fn occupy(&mut self, id: RowId, rows: &mut Rows, now: Timestamp) -> Option<JobId> {
        let agent_type = &rows.get(id)?.agent_type;
        let number = self.queue.take_oldest(agent_type)?;
        let job = self.jobs.get(number)?.record.id.clone();
        rows.assign(id, job.clone());
        self.start(number, rows.get(id)?, now);
        Some(job)
    }

    /// Records that an agent was told to run its job. A repeat changes nothing.
    pub(super) fn start(&mut self, number: JobNumber, row: &AgentRow, now: Timestamp) {
        let Some(job) = self.jobs.get_mut(number) else {
            return;
        };
        if job.record.state != JobState::WaitingForAgent {
            return;
        }
        job.record.state = JobState::Started;
        job.record.started_at = Some(now);
        job.record.agent_name = Some(row.name.clone());
        job.record.agent_address = Some(row.client_address.clone());
        self.journal.write(Change::JobStarted {
            job: job.record.id.clone(),
            agent: row.name.clone(),
            at: now,
        });
        let limit_at = now.plus(job.request.execution_time_limit);
        // A stop that is on its way stays on its way.
        self.queue.forget_waiting(number);
        self.queue.parallel.insert(number);
        self.queue.set(limit_at, number, Due::Stop);
    }

    /// Ends a job, unless it has ended before.
    pub(super) fn finish(
        &mut self,
        number: JobNumber,
        result: JobResult,
        settings: &HubSettings,
        now: Timestamp,
    ) {
        if !self.is_open(number) {
            return;
        }
        let Some(job) = self.jobs.get_mut(number) else {
            return;
        };
        let was_waiting = job.record.state == JobState::WaitingForAgent;
        job.record.state = JobState::Finished;
        job.record.result = Some(result);
        job.record.finished_at = Some(now);
        if let Some(payload) = &mut job.payload {
            payload::scrub(payload);
        }
        self.journal.write(Change::JobFinished {
            job: job.record.id.clone(),
            result,
            at: now,
        });
        self.queue.forget(number);
        self.queue.enqueued.remove(&number);
        self.queue.parallel.remove(&number);
        if was_waiting {
            self.queue.take(&job.record.agent_type, number);
        }
        self.jobs.close(number);
        self.schedule_enqueued(settings, now);
    }

    /// Records a job as stopped, and has its agent told at its next sync.
    pub(super) fn stop_now(
        &mut self,
        number: JobNumber,
        rows: &mut Rows,
        settings: &HubSettings,
        now: Timestamp,
    ) {
        let Some(job) = self.jobs.get(number) else {
            return;
        };
        let id = job.record.id.clone();
        let was_started = job.record.started_at.is_some();
        let row = rows.by_job(&id);
        self.finish(number, JobResult::Stopped, settings, now);
        let row = row.and_then(|row| rows.get_mut(row));
        match row.filter(|row| row.is_registered()) {
            Some(row) => row.stop_requested_at = Some(now),
            // Nobody is left to report it: nothing else would ever close its log.
            None if was_started => self.archive(&id, now),
            None => {}
        }
    }

    /// Closes the log of a job that had ended before its agent left without reporting it: nobody
    /// else would. The real hub leaves such a log live for a week.
    pub(super) fn close_log_of_ended(&mut self, job: Option<JobId>, now: Timestamp) {
        let Some(record) = job.and_then(|job| Some(&self.jobs.find(&job)?.record)) else {
            return;
        };
        let is_open = record.started_at.is_some() && record.log_closed_at.is_none();
        if record.state == JobState::Finished && is_open {
            let id = record.id.clone();
            self.archive(&id, now);
        }
    }

    /// Archives what has been pushed of a job's log: the teardown has finished.
    pub(super) fn archive(&mut self, id: &JobId, now: Timestamp) {
        self.logs.archive(id);
        if let Some(job) = self.jobs.find_mut(id)
            && job.record.log_closed_at.is_none()
        {
            job.record.log_closed_at = Some(now);
            self.journal.write(Change::LogClosed {
                job: id.clone(),
                at: now,
            });
        }
    }

    fn is_open(&self, number: JobNumber) -> bool {
        self.jobs
            .get(number)
            .is_some_and(|job| job.record.state != JobState::Finished)
    }
}
