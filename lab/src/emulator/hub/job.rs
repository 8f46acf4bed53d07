//! The hub's record of a job, and the six states that it passes through (protocol.md 9.4).

use std::collections::{BTreeMap, BTreeSet};

use crate::emulator::job_request::JobRequest;
use dayfly::hub::wire::agent::JobResult;
use dayfly::hub::wire::payload::Payload;
use dayfly::model::id::{AgentType, JobId};
use dayfly::model::time::Timestamp;

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobState {
    /// Its payload is being built.
    Pending,
    /// It waits for the organization's parallelism.
    Enqueued,
    /// It is about to wait for an agent.
    Scheduled,
    /// An agent may take it.
    WaitingForAgent,
    /// An agent was told to run it.
    Started,
    /// It has ended, once and for all.
    Finished,
}

/// What can be told of a job from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRecord {
    /// Its UUID.
    pub id: JobId,
    /// For people.
    pub name: String,
    /// The pipeline's block; empty outside a pipeline.
    pub block: String,
    /// Which agents may take it.
    pub agent_type: AgentType,
    /// How far it is.
    pub state: JobState,
    /// How it ended; `None` before.
    pub result: Option<JobResult>,
    /// When it was put into the queue.
    pub created_at: Timestamp,
    /// From when on an agent could take it.
    pub waiting_at: Option<Timestamp>,
    /// When an agent was told to run it.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Who took it.
    pub agent_name: Option<String>,
    /// The address of who took it.
    pub agent_address: Option<String>,
    /// When its log was archived for the first time: nothing belongs to it any more after that.
    /// `None` for ever for a job that no agent took.
    pub log_closed_at: Option<Timestamp>,
}

/// Jobs are numbered in the order of their creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct JobNumber(pub(super) u64);

/// A job with all that only the hub knows.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) record: JobRecord,
    pub(super) request: JobRequest,
    /// Built when the job leaves `pending`.
    pub(super) payload: Option<Payload>,
    /// The result of the first `finished-job` with one, and when it came.
    pub(super) reported: Option<(JobResult, Timestamp)>,
}

/// All jobs, found by number or identifier, and which of them have not ended.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    jobs: BTreeMap<JobNumber, Job>,
    by_id: BTreeMap<JobId, JobNumber>,
    open: BTreeMap<AgentType, BTreeSet<JobNumber>>,
}

impl Jobs {
    pub(super) fn add(&mut self, job: Job) -> JobNumber {
        let number = JobNumber(u64::try_from(self.jobs.len()).unwrap_or(u64::MAX));
        self.by_id.insert(job.record.id.clone(), number);
        self.open
            .entry(job.record.agent_type.clone())
            .or_default()
            .insert(number);
        self.jobs.insert(number, job);
        number
    }

    /// Takes a job that has ended from the list of those that have not.
    pub(super) fn close(&mut self, number: JobNumber) {
        if let Some(job) = self.jobs.get(&number)
            && let Some(open) = self.open.get_mut(&job.record.agent_type)
        {
            open.remove(&number);
        }
    }

    pub(super) fn number(&self, id: &JobId) -> Option<JobNumber> {
        self.by_id.get(id).copied()
    }

    pub(super) fn get(&self, number: JobNumber) -> Option<&Job> {
        self.jobs.get(&number)
    }

    pub(super) fn get_mut(&mut self, number: JobNumber) -> Option<&mut Job> {
        self.jobs.get_mut(&number)
    }

    pub(super) fn find(&self, id: &JobId) -> Option<&Job> {
        self.get(self.number(id)?)
    }

    pub(super) fn find_mut(&mut self, id: &JobId) -> Option<&mut Job> {
        self.get_mut(self.number(id)?)
    }

    /// The jobs of a type that have not ended, oldest first.
    pub(super) fn open_of(&self, agent_type: &AgentType) -> impl DoubleEndedIterator<Item = &Job> {
        let open = self.open.get(agent_type).into_iter().flatten();
        open.filter_map(|number| self.jobs.get(number))
    }

    /// All jobs with their numbers, oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (JobNumber, &Job)> {
        self.jobs.iter().map(|(number, job)| (*number, job))
    }
}
