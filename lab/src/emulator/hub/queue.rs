//! Jobs on their way, and the moments at which the hub moves them on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::job::JobNumber;
use dayfly::model::id::AgentType;
use dayfly::model::time::Timestamp;

/// What is due at a moment, for one job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
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
    pub(super) enqueued: BTreeSet<JobNumber>,
    /// Scheduled or started: these count against the organization's parallelism.
    pub(super) parallel: BTreeSet<JobNumber>,
    /// Occupation requests, oldest first.
    requests: BTreeMap<AgentType, VecDeque<JobNumber>>,
}

impl Queue {
    /// The next moment at which a job moves.
    pub(super) fn next_wake(&self) -> Option<Timestamp> {
        self.wakes.first().map(|(at, _, _)| *at)
    }

    /// A job waits for an agent of a type.
    pub(super) fn request(&mut self, agent_type: AgentType, number: JobNumber) {
        let requests = self.requests.entry(agent_type).or_default();
        requests.push_back(number);
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

    /// Takes the moment that is due at `at`, if one is.
    pub(super) fn take_due(&mut self, at: Timestamp) -> Option<(JobNumber, Due)> {
        let wake = self.wakes.first().copied().filter(|wake| wake.0 == at)?;
        self.wakes.remove(&wake);
        let (_, number, due) = wake;
        Some((number, due))
    }

    pub(super) fn set(&mut self, at: Timestamp, number: JobNumber, due: Due) {
        self.wakes.insert((at, number, due));
        self.wakes_of.entry(number).or_default().push((at, due));
    }

    pub(super) fn forget_waiting(&mut self, number: JobNumber) {
        if let Some(wakes) = self.wakes_of.get_mut(&number) {
            for (at, due) in wakes.extract_if(.., |(_, due)| *due == Due::WaitedTooLong) {
                self.wakes.remove(&(at, number, due));
            }
        }
    }

    pub(super) fn forget(&mut self, number: JobNumber) {
        for (at, due) in self.wakes_of.remove(&number).unwrap_or_default() {
            self.wakes.remove(&(at, number, due));
        }
    }
}
