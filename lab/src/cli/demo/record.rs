//! What a demo did: the facts that the summary and `--json` are made of.

use serde::Serialize;

use crate::emulator::hub::job::JobRecord;
use dayfly::hub::wire::agent::JobResult;
use dayfly::model::time::Timestamp;

/// Everything about one run of the demo.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Record {
    /// In the order of their creation; those that were never created at the end.
    pub(super) jobs: Vec<JobRow>,
    /// How many machines it took.
    pub(super) machines: Machines,
    /// How long jobs waited for an agent.
    pub(super) waits_seconds: Waits,
    /// What the pipeline file asked for and a local run cannot give.
    pub(super) notices: Vec<String>,
}

/// One job. Times are Unix milliseconds, and absent if it never came to that.
#[derive(Clone, Debug, Serialize)]
pub(super) struct JobRow {
    /// Its UUID; empty for a job that was never created.
    pub(super) id: String,
    /// As the pipeline names it.
    pub(super) name: String,
    /// The pipeline's block.
    pub(super) block: String,
    /// `passed`, `failed`, `stopped` or `canceled`.
    pub(super) result: &'static str,
    /// When it was put into the queue.
    pub(super) queued_at: Option<Timestamp>,
    /// When an agent took it.
    pub(super) started_at: Option<Timestamp>,
    /// When it ended.
    pub(super) finished_at: Option<Timestamp>,
    /// The machine that ran it.
    pub(super) machine: Option<String>,
    /// When its log was complete and closed.
    pub(super) log_closed_at: Option<Timestamp>,
    /// When its machine was gone.
    pub(super) machine_gone_at: Option<Timestamp>,
}

/// How many machines a demo took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Machines {
    /// In all.
    pub(super) launched: u32,
    /// At the same time, at most.
    pub(super) peak: u32,
    /// Left over at the end: anything but 0 is a leak.
    pub(super) alive: u32,
}

/// How long jobs waited from the queue to an agent, in seconds with milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Waits {
    /// Half of them waited no longer.
    pub(super) p50: f64,
    /// All but one in twenty waited no longer.
    pub(super) p95: f64,
    /// The longest.
    pub(super) max: f64,
}

impl JobRow {
    /// A row of the hub's record and of what the cloud knows of its machine.
    pub(super) fn new(job: &JobRecord, gone_at: Option<Timestamp>) -> Self {
        Self {
            id: job.id.to_string(),
            name: job.name.clone(),
            block: job.block.clone(),
            result: job.result.map_or("unfinished", JobResult::as_str),
            queued_at: Some(job.created_at),
            started_at: job.started_at,
            finished_at: job.finished_at,
            machine: job.agent_name.clone(),
            log_closed_at: job.log_closed_at,
            machine_gone_at: gone_at,
        }
    }

    /// A job whose block was canceled before it was created.
    pub(super) fn canceled(name: String, block: String) -> Self {
        Self {
            id: String::new(),
            name,
            block,
            result: "canceled",
            queued_at: None,
            started_at: None,
            finished_at: None,
            machine: None,
            log_closed_at: None,
            machine_gone_at: None,
        }
    }

    /// From the queue to an agent, in milliseconds.
    pub(super) fn waited_ms(&self) -> Option<u64> {
        Some(
            self.started_at?
                .as_millis()
                .saturating_sub(self.queued_at?.as_millis()),
        )
    }

    /// From an agent to the end, in milliseconds.
    pub(super) fn ran_ms(&self) -> Option<u64> {
        Some(
            self.finished_at?
                .as_millis()
                .saturating_sub(self.started_at?.as_millis()),
        )
    }
}

impl Waits {
    /// The quantiles of some waits, by the nearest rank.
    pub(super) fn of(jobs: &[JobRow]) -> Self {
        let mut waits: Vec<u64> = jobs.iter().filter_map(JobRow::waited_ms).collect();
        waits.sort_unstable();
        let rank = |percent: usize| {
            let index = (waits.len() * percent).div_ceil(100).saturating_sub(1);
            waits.get(index).map_or(0.0, |wait| seconds(*wait))
        };
        Self {
            p50: rank(50),
            p95: rank(95),
            max: rank(100),
        }
    }
}

impl Record {
    /// Whether everything went as it should: every job passed, and nothing is left.
    pub(super) fn has_passed(&self) -> bool {
        self.machines.alive == 0 && self.jobs.iter().all(|job| job.result == "passed")
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a wait in milliseconds is far below 2^52"
)]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waited(milliseconds: u64) -> JobRow {
        JobRow {
            queued_at: Some(Timestamp::from_millis(1000)),
            started_at: Some(Timestamp::from_millis(1000 + milliseconds)),
            ..JobRow::canceled("job".into(), "block".into())
        }
    }

    #[test]
    fn quantiles_are_waits_that_a_job_had() {
        let jobs: Vec<JobRow> = (1..=20).map(|tenth| waited(tenth * 100)).collect();
        assert_eq!(
            Waits::of(&jobs),
            Waits {
                p50: 1.0,
                p95: 1.9,
                max: 2.0
            }
        );
        assert_eq!(
            Waits::of(&jobs[..1]),
            Waits {
                p50: 0.1,
                p95: 0.1,
                max: 0.1
            }
        );
        assert_eq!(Waits::of(&[]), Waits::default());
    }
}
