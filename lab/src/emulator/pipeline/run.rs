//! Which jobs of a pipeline may be queued now.
//!
//! The owner queues what [`Run::ready`] gives, says under which id ([`Run::submitted`]) and how it
//! ended ([`Run::finished`]), and stops what [`Run::to_stop`] names. Every job is given out at
//! most once; whatever the results are, the run ends when every job that was given out has.

use std::collections::BTreeMap;

use super::variable::{encoded, variable};
use super::{Block, Expansion, FailFast};
use crate::emulator::job_request::JobRequest;
use dayfly::hub::wire::agent::JobResult;
use dayfly::model::id::JobId;

/// A job's place in its pipeline; `after_pipeline` is the block behind the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobKey {
    /// The block's position.
    pub block: usize,
    /// The job's position in its block.
    pub job: usize,
}

/// How far a job has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Its block has not started.
    Waiting,
    /// Given out by [`Run::ready`], not yet queued.
    Ready,
    /// In the hub's hands.
    Submitted(JobId),
    /// It ended.
    Finished(JobId, JobResult),
    /// It was never queued and will not be.
    Canceled,
}

/// How a pipeline ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every job passed.
    Passed,
    /// A job failed.
    Failed,
    /// No job failed, and one was stopped or never queued.
    Stopped,
}

impl Outcome {
    /// The word of `SEMAPHORE_PIPELINE_RESULT`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }
}

/// A pipeline that runs.
#[derive(Clone, Debug)]
pub struct Run {
    /// The blocks of the file, and behind them the one of `after_pipeline`, if there is one.
    blocks: Vec<Block>,
    has_after: bool,
    fail_fast: FailFast,
    states: BTreeMap<JobKey, JobState>,
    keys: BTreeMap<JobId, JobKey>,
    /// Nothing more is queued, and what is queued is stopped.
    is_stopping: bool,
    /// Jobs that [`Run::to_stop`] has named.
    asked: Vec<JobId>,
}

/// How far a block has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Open,
    Passed,
    NotPassed,
}

impl Run {
    /// A run of which nothing is queued yet.
    pub fn new(expansion: Expansion) -> Self {
        let Expansion {
            mut blocks,
            after_pipeline,
            fail_fast,
        } = expansion;
        let has_after = after_pipeline.is_some();
        blocks.extend(after_pipeline);
        let mut states = BTreeMap::new();
        for (block, plan) in blocks.iter().enumerate() {
            let keys = (0..plan.jobs.len()).map(|job| JobKey { block, job });
            states.extend(keys.map(|key| (key, JobState::Waiting)));
        }
        Self {
            blocks,
            has_after,
            fail_fast,
            states,
            keys: BTreeMap::new(),
            is_stopping: false,
            asked: Vec::new(),
        }
    }

    /// The jobs to queue now, in the order of the file. Each is given once.
    pub fn ready(&mut self) -> Vec<(JobKey, JobRequest)> {
        self.settle();
        let mut ready = Vec::new();
        for block in 0..self.blocks.len() {
            if !self.may_start(block) {
                continue;
            }
            for key in self.waiting(block) {
                self.states.insert(key, JobState::Ready);
                ready.push((key, self.request(key)));
            }
        }
        ready
    }

    /// Notes the id under which a job was queued.
    pub fn submitted(&mut self, key: JobKey, id: JobId) {
        if self.states.get(&key) == Some(&JobState::Ready) {
            self.states.insert(key, JobState::Submitted(id.clone()));
            self.keys.insert(id, key);
        }
    }

    /// Notes how a job ended. An unknown id, or a job that has ended already, changes nothing.
    pub fn finished(&mut self, id: &JobId, result: JobResult) {
        let Some(key) = self.keys.get(id).copied() else {
            return;
        };
        if self.states.get(&key) != Some(&JobState::Submitted(id.clone())) {
            return;
        }
        let state = JobState::Finished(id.clone(), result);
        self.states.insert(key, state);
        let counts = !self.is_after(key.block) && result == JobResult::Failed;
        match self.fail_fast {
            FailFast::Stop if counts => self.stop_blocks(),
            FailFast::Cancel if counts => self.cancel_waiting(),
            FailFast::Dependants | FailFast::Cancel | FailFast::Stop => {}
        }
        self.settle();
    }

    /// The jobs that the hub should stop now. Each is named once.
    pub fn to_stop(&mut self) -> Vec<JobId> {
        if !self.is_stopping {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (key, state) in &self.states {
            if let JobState::Submitted(id) = state
                && !self.is_after(key.block)
                && !self.asked.contains(id)
            {
                found.push(id.clone());
            }
        }
        self.asked.extend(found.iter().cloned());
        found
    }

    /// Stops the whole of it, for a time limit: what waits is canceled, what is queued is stopped.
    /// `after_pipeline` still runs.
    pub fn stop(&mut self) {
        self.stop_blocks();
        self.settle();
    }

    /// Whether every job has ended or will never be queued.
    pub fn is_done(&self) -> bool {
        self.states.values().all(has_ended)
    }

    /// How it ended; `None` while it runs. `after_pipeline` does not count.
    pub fn outcome(&self) -> Option<Outcome> {
        self.is_done().then(|| self.result())
    }

    /// Every job in the order of the file, and how far it has come.
    pub fn jobs(&self) -> impl Iterator<Item = (JobKey, &JobRequest, &JobState)> {
        self.states.iter().map(|(key, state)| {
            let request = &self.blocks[key.block].jobs[key.job];
            (*key, request, state)
        })
    }

    /// The blocks of the file, without what runs when they have ended.
    pub fn blocks(&self) -> &[Block] {
        let behind = self.blocks.len() - usize::from(self.has_after);
        &self.blocks[..behind]
    }

    /// Whether nothing of a block was queued, and nothing will be.
    pub fn is_left_out(&self, block: usize) -> bool {
        let mut states = self.states_of(block).map(|(_, state)| state);
        states.all(|state| *state == JobState::Canceled)
    }

    /// The key of a job that was queued.
    pub fn key(&self, id: &JobId) -> Option<JobKey> {
        self.keys.get(id).copied()
    }

    fn is_after(&self, block: usize) -> bool {
        self.has_after && block + 1 == self.blocks.len()
    }

    fn states_of(&self, block: usize) -> impl Iterator<Item = (&JobKey, &JobState)> {
        let (first, behind) = (
            JobKey { block, job: 0 },
            JobKey {
                block: block + 1,
                job: 0,
            },
        );
        self.states.range(first..behind)
    }

    fn waiting(&self, block: usize) -> Vec<JobKey> {
        let states = self.states_of(block);
        let waiting = states.filter(|(_, state)| **state == JobState::Waiting);
        waiting.map(|(key, _)| *key).collect()
    }

    fn progress(&self, block: usize) -> Progress {
        let mut progress = Progress::Passed;
        for (_, state) in self.states_of(block) {
            match state {
                JobState::Waiting | JobState::Ready | JobState::Submitted(_) => {
                    return Progress::Open;
                }
                JobState::Finished(_, JobResult::Passed) => {}
                JobState::Finished(_, JobResult::Failed | JobResult::Stopped)
                | JobState::Canceled => progress = Progress::NotPassed,
            }
        }
        progress
    }

    /// The reader gives no block without a job, so one that has passed was started.
    fn may_start(&self, block: usize) -> bool {
        if self.is_after(block) {
            return (0..block).all(|other| self.progress(other) != Progress::Open);
        }
        let dependencies = &self.blocks[block].dependencies;
        dependencies
            .iter()
            .all(|other| self.progress(*other) == Progress::Passed)
    }

    /// Cancels what waits for a block that did not pass, until nothing changes.
    fn settle(&mut self) {
        loop {
            let lost = |block: &usize| {
                let dependencies = &self.blocks[*block].dependencies;
                let failed = |other: &usize| self.progress(*other) == Progress::NotPassed;
                dependencies.iter().any(failed)
            };
            let blocks = (0..self.blocks.len()).filter(lost);
            let keys: Vec<JobKey> = blocks.flat_map(|block| self.waiting(block)).collect();
            if keys.is_empty() {
                return;
            }
            self.cancel(keys);
        }
    }

    fn cancel(&mut self, keys: Vec<JobKey>) {
        let canceled = keys.into_iter().map(|key| (key, JobState::Canceled));
        self.states.extend(canceled);
    }

    fn cancel_waiting(&mut self) {
        for block in 0..self.blocks.len() {
            if !self.is_after(block) {
                let waiting = self.waiting(block);
                self.cancel(waiting);
            }
        }
    }

    fn stop_blocks(&mut self) {
        self.is_stopping = true;
        self.cancel_waiting();
    }

    fn result(&self) -> Outcome {
        let states = self.states.iter();
        let counted = states.filter(|(key, _)| !self.is_after(key.block));
        let mut outcome = Outcome::Passed;
        for (_, state) in counted {
            match state {
                JobState::Finished(_, JobResult::Passed) => {}
                JobState::Finished(_, JobResult::Failed) => return Outcome::Failed,
                JobState::Finished(_, JobResult::Stopped)
                | JobState::Canceled
                | JobState::Waiting
                | JobState::Ready
                | JobState::Submitted(_) => outcome = Outcome::Stopped,
            }
        }
        outcome
    }

    /// The request of a job; one of `after_pipeline` is told how the pipeline ended.
    fn request(&self, key: JobKey) -> JobRequest {
        let mut request = self.blocks[key.block].jobs[key.job].clone();
        if self.is_after(key.block) {
            let result = self.result().as_str();
            let told = variable("SEMAPHORE_PIPELINE_RESULT", result);
            request.env_vars.push(encoded(&told));
        }
        request
    }
}

fn has_ended(state: &JobState) -> bool {
    match state {
        JobState::Finished(..) | JobState::Canceled => true,
        JobState::Waiting | JobState::Ready | JobState::Submitted(_) => false,
    }
}
