//! `GET /metrics`, `GET /occupancy` and `GET /jobs` with a registration token
//! (protocol.md 3.4, 3.5, S9, S13).

use super::answer;
use super::faults::Inside;
use super::job::{Job, JobState, Jobs};
use super::organization::Organization;
use super::row::Rows;
use crate::emulator::message::Response;
use dayfly::hub::wire::queue::{AgentMetrics, JobMetrics, QueuedJob, QueuedJobs};
use dayfly::model::id::{AgentType, JobId};

impl Rows {
    /// The agents of a type, as `GET /metrics` counts them.
    pub(super) fn agent_metrics(&self, agent_type: &AgentType) -> AgentMetrics {
        let mut agents = AgentMetrics::default();
        // Dead, disabled and disconnected rows are counted like the living (S9).
        let rows = self.iter().map(|(_, row)| row);
        for row in rows.filter(|row| row.agent_type == *agent_type) {
            match row.assigned_job {
                Some(_) => agents.occupied += 1,
                None => agents.idle += 1,
            }
        }
        agents
    }
}

impl Jobs {
    /// The jobs of a type, as `GET /metrics` counts them.
    pub(super) fn metrics(&self, agent_type: &AgentType, struck: &[Inside]) -> JobMetrics {
        let stale = self.stale_pickup(agent_type, struck);
        let mut counts = JobMetrics::default();
        for job in self.open_of(agent_type) {
            match job.record.state {
                JobState::Pending | JobState::Finished => {}
                JobState::Enqueued | JobState::Scheduled | JobState::WaitingForAgent => {
                    counts.queued += 1;
                }
                JobState::Started if stale == Some(&job.record.id) => counts.queued += 1,
                JobState::Started => counts.running += 1,
            }
        }
        counts
    }

    /// Newest first, and no more than 500: the oldest fall out (S13).
    pub(super) fn queued(
        &self,
        agent_type: &AgentType,
        organization: &Organization,
        struck: &[Inside],
    ) -> Response {
        let stale = self.stale_pickup(agent_type, struck);
        let jobs_max = organization.settings.limits.queued_jobs_max;
        let is_listed = |job: &&Job| match job.record.state {
            JobState::Pending
            | JobState::Enqueued
            | JobState::Scheduled
            | JobState::WaitingForAgent => true,
            JobState::Started => stale == Some(&job.record.id),
            JobState::Finished => false,
        };
        let mut jobs: Vec<QueuedJob> = self
            .open_of(agent_type)
            .rev()
            .filter(is_listed)
            .take(jobs_max)
            .map(|job| QueuedJob {
                id: job.record.id.as_str().to_owned(),
            })
            .collect();
        if struck.contains(&Inside::QueueFilledUp) {
            let missing = jobs_max.saturating_sub(jobs.len());
            let invented = (0..missing).map(|index| QueuedJob {
                id: organization.draws.invented_job(index),
            });
            jobs.extend(invented);
        }
        answer::json(200, &QueuedJobs { jobs })
    }

    /// The job that was taken last, where the fault makes it still count as queued.
    fn stale_pickup(&self, agent_type: &AgentType, struck: &[Inside]) -> Option<&JobId> {
        if !struck.contains(&Inside::StalePickup) {
            return None;
        }
        self.open_of(agent_type)
            .filter(|job| job.record.state == JobState::Started)
            .max_by_key(|job| job.record.started_at)
            .map(|job| &job.record.id)
    }
}
