//! `GET /metrics`, `GET /occupancy` and `GET /jobs` with a registration token
//! (protocol.md 3.4, 3.5, S9, S13).

use super::Hub;
use super::answer;
use super::faults::Inside;
use super::job::{Job, JobState};
use crate::emulator::message::Response;
use dayfly::hub::wire::queue::{AgentMetrics, JobMetrics, Metrics, QueuedJob, QueuedJobs};
use dayfly::model::id::{AgentType, JobId};

impl Hub {
    pub(super) fn metrics(&self, agent_type: &AgentType) -> Response {
        let mut agents = AgentMetrics::default();
        // Dead, disabled and disconnected rows are counted like the living (S9).
        for row in self.agents().filter(|row| row.agent_type == *agent_type) {
            match row.assigned_job {
                Some(_) => agents.occupied += 1,
                None => agents.idle += 1,
            }
        }
        let jobs = self.job_metrics(agent_type);
        answer::json(200, &Metrics { jobs, agents })
    }

    pub(super) fn occupancy(&self, agent_type: &AgentType) -> Response {
        answer::json(200, &self.job_metrics(agent_type))
    }

    fn job_metrics(&self, agent_type: &AgentType) -> JobMetrics {
        let stale = self.stale_pickup(agent_type);
        let mut counts = JobMetrics::default();
        for job in self.jobs.open_of(agent_type) {
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
    pub(super) fn queued_jobs(&self, agent_type: &AgentType) -> Response {
        let stale = self.stale_pickup(agent_type);
        let jobs_max = self.settings.limits.queued_jobs_max;
        let is_listed = |job: &&Job| match job.record.state {
            JobState::Pending
            | JobState::Enqueued
            | JobState::Scheduled
            | JobState::WaitingForAgent => true,
            JobState::Started => stale == Some(&job.record.id),
            JobState::Finished => false,
        };
        let mut jobs: Vec<QueuedJob> = self
            .jobs
            .open_of(agent_type)
            .rev()
            .filter(is_listed)
            .take(jobs_max)
            .map(|job| QueuedJob {
                id: job.record.id.as_str().to_owned(),
            })
            .collect();
        if self.struck.contains(&Inside::QueueFilledUp) {
            let missing = jobs_max.saturating_sub(jobs.len());
            let invented = (0..missing).map(|index| QueuedJob {
                id: self.draws.invented_job(index),
            });
            jobs.extend(invented);
        }
        answer::json(200, &QueuedJobs { jobs })
    }

    /// The job that was taken last, where the fault makes it still count as queued.
    fn stale_pickup(&self, agent_type: &AgentType) -> Option<&JobId> {
        if !self.struck.contains(&Inside::StalePickup) {
            return None;
        }
        self.jobs
            .open_of(agent_type)
            .filter(|job| job.record.state == JobState::Started)
            .max_by_key(|job| job.record.started_at)
            .map(|job| &job.record.id)
    }
}
