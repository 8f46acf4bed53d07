//! The way of a job through its states, and the moments at which the hub moves it on.
//!
//! What must stay true: a job ends once; its occupation request exists only while it waits for
//! an agent; a job that has ended has no moment to wait for any more.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Hub;
use super::faults::{Endpoint, Inside};
use super::job::{Job, JobNumber, JobRecord, JobState};
use super::journal::Change;
use super::payload;
use super::row::RowId;
use super::strikes::Occasion;
use super::token::Purpose;
use crate::emulator::job_request::JobRequest;
use dayfly::hub::wire::agent::JobResult;
use dayfly::model::id::{AgentType, JobId};
use dayfly::model::time::Timestamp;

/// What is due at a moment, for one job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// Its payload is built.
    Built,
    /// It begins to wait for an agent.
    Ready,
    /// It has waited for an agent for too long.
    WaitedTooLong,
    /// It was stopped, or has run for too long.
    Stop,
}

/// Jobs on their way, and the moments at which they move.
#[derive(Debug, Default)]
pub(super) struct Queue {
    wakes: BTreeSet<(Timestamp, JobNumber, Due)>,
    wakes_of: BTreeMap<JobNumber, Vec<(Timestamp, Due)>>,
    enqueued: BTreeSet<JobNumber>,
    /// Scheduled or started: these count against the organization's parallelism.
    parallel: BTreeSet<JobNumber>,
    /// Occupation requests, oldest first.
    requests: BTreeMap<AgentType, VecDeque<JobNumber>>,
}

impl Queue {
    /// The next moment at which a job moves.
    pub(super) fn next_wake(&self) -> Option<Timestamp> {
        self.wakes.first().map(|(at, _, _)| *at)
    }

    /// Takes the oldest occupation request of a type.
    pub(super) fn take_oldest(&mut self, agent_type: &AgentType) -> Option<JobNumber> {
        self.requests.get_mut(agent_type)?.pop_front()
    }

    /// Takes the occupation request of one job, if there is one.
    pub(super) fn take(&mut self, agent_type: &AgentType, number: JobNumber) -> Option<JobNumber> {
        let requests = self.requests.get_mut(agent_type)?;
        let index = requests.iter().position(|waiting| *waiting == number)?;
        requests.remove(index)
    }

    /// Whether a job has an occupation request of this type.
    pub(super) fn is_waiting(&self, agent_type: &AgentType, number: JobNumber) -> bool {
        let requests = self.requests.get(agent_type);
        requests.is_some_and(|requests| requests.contains(&number))
    }

    fn set(&mut self, at: Timestamp, number: JobNumber, due: Due) {
        self.wakes.insert((at, number, due));
        self.wakes_of.entry(number).or_default().push((at, due));
    }

    fn forget_waiting(&mut self, number: JobNumber) {
        if let Some(wakes) = self.wakes_of.get_mut(&number) {
            for (at, due) in wakes.extract_if(.., |(_, due)| *due == Due::WaitedTooLong) {
                self.wakes.remove(&(at, number, due));
            }
        }
    }

    fn forget(&mut self, number: JobNumber) {
        for (at, due) in self.wakes_of.remove(&number).unwrap_or_default() {
            self.wakes.remove(&(at, number, due));
        }
    }
}

impl Hub {
    /// Puts a job into the queue, and gives its identifier.
    pub fn enqueue(&mut self, request: JobRequest, now: Timestamp) -> JobId {
        let now = self.advance(now);
        let id = JobId::new(self.draws.uuid(Purpose::JobId));
        let record = JobRecord {
            id: id.clone(),
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
        let built_at = now.plus(self.settings.limits.payload_build);
        self.queue.set(built_at, number, Due::Built);
        id
    }

    /// Asks for a job to be stopped: `stopped` is recorded a moment later, and its agent is told.
    /// A job that does not exist, or has ended, is left alone.
    pub fn stop_job(&mut self, id: &JobId, now: Timestamp) {
        let now = self.advance(now);
        if let Some(number) = self.jobs.number(id)
            && self.is_open(number)
        {
            let at = now.plus(self.settings.limits.stop_delay);
            self.queue.set(at, number, Due::Stop);
        }
    }

    /// Does all that is due up to `now`, each at its own moment, and gives the time that counts.
    pub(super) fn advance(&mut self, now: Timestamp) -> Timestamp {
        let now = now.max(self.now);
        while let Some(at) = self.next_deadline().filter(|at| *at <= now) {
            self.now = self.now.max(at);
            self.do_next(at);
        }
        self.now = now;
        now
    }

    fn do_next(&mut self, at: Timestamp) {
        let Some(wake) = self
            .queue
            .wakes
            .first()
            .copied()
            .filter(|wake| wake.0 == at)
        else {
            self.clean_round(at);
            return;
        };
        self.queue.wakes.remove(&wake);
        let (_, number, due) = wake;
        match due {
            Due::Built => self.build_payload(number, at),
            Due::Ready => self.make_ready(number, at),
            Due::WaitedTooLong | Due::Stop => self.stop_now(number, at),
        }
    }

    fn build_payload(&mut self, number: JobNumber, now: Timestamp) {
        if let Some(job) = self.jobs.get(number) {
            let built = payload::build(self, job, now);
            let job = self.jobs.get_mut(number).expect("the job was just read");
            job.payload = Some(built);
            job.record.state = JobState::Enqueued;
            self.queue.enqueued.insert(number);
        }
        self.schedule_enqueued(now);
    }

    /// Schedules as many enqueued jobs as the organization's parallelism allows, oldest first.
    pub(super) fn schedule_enqueued(&mut self, now: Timestamp) {
        let max = self.settings.parallelism_max.unwrap_or(u32::MAX);
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        while self.queue.parallel.len() < max {
            let Some(number) = self.queue.enqueued.pop_first() else {
                return;
            };
            self.queue.parallel.insert(number);
            if let Some(job) = self.jobs.get_mut(number) {
                job.record.state = JobState::Scheduled;
            }
            let limits = &self.settings.limits;
            self.queue
                .set(now.plus(limits.scheduling), number, Due::Ready);
            self.queue
                .set(now.plus(limits.waiting_max), number, Due::WaitedTooLong);
        }
    }

    fn make_ready(&mut self, number: JobNumber, now: Timestamp) {
        let occasion = Occasion {
            endpoint: Endpoint::Scheduling,
            reported: None,
            answered: None,
        };
        let struck = self.faults.inside(occasion, now);
        if struck.contains(&Inside::NeverReady) {
            return;
        }
        let Some(job) = self.jobs.get_mut(number) else {
            return;
        };
        job.record.state = JobState::WaitingForAgent;
        job.record.waiting_at = Some(now);
        let agent_type = job.record.agent_type.clone();
        let id = job.record.id.clone();
        self.queue.parallel.remove(&number);
        self.queue
            .requests
            .entry(agent_type)
            .or_default()
            .push_back(number);
        self.journal.write(Change::JobWaiting { job: id, at: now });
        self.schedule_enqueued(now);
    }

    /// Records that an agent was told to run its job. A repeat changes nothing.
    pub(super) fn start(&mut self, number: JobNumber, row: RowId, now: Timestamp) {
        let Some(row) = self.rows.get(row) else {
            return;
        };
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
    pub(super) fn finish(&mut self, number: JobNumber, result: JobResult, now: Timestamp) {
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
        let agent_type = job.record.agent_type.clone();
        self.journal.write(Change::JobFinished {
            job: job.record.id.clone(),
            result,
            at: now,
        });
        self.queue.forget(number);
        self.queue.enqueued.remove(&number);
        self.queue.parallel.remove(&number);
        if was_waiting {
            self.queue.take(&agent_type, number);
        }
        self.jobs.close(number);
        self.schedule_enqueued(now);
    }

    /// Records a job as stopped, and has its agent told at its next sync.
    fn stop_now(&mut self, number: JobNumber, now: Timestamp) {
        let Some(job) = self.jobs.get(number) else {
            return;
        };
        let id = job.record.id.clone();
        let was_started = job.record.started_at.is_some();
        let row = self.rows.by_job(&id);
        self.finish(number, JobResult::Stopped, now);
        let row = row.and_then(|row| self.rows.get_mut(row));
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
