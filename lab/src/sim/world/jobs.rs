//! Jobs: when they come, and how long they take.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Happening, PlannedJob, World};
use crate::emulator::hub::job::JobState;
use crate::emulator::job_request::JobRequest;
use crate::sim::options::Options;
use dayfly::hub::wire::agent::JobResult;
use dayfly::hub::wire::payload::Command;
use dayfly::model::id::JobId;

/// A job that runs for longer is stopped by the hub.
const EXECUTION_LIMIT: Duration = Duration::from_secs(900);

/// The jobs of the world.
#[derive(Debug)]
pub(super) struct Workload {
    /// How each job that came will go.
    pub(super) planned: BTreeMap<JobId, PlannedJob>,
    pub(super) to_come: u32,
    /// Jobs whose logs were given up after a minute without the log server, or belong to nobody.
    pub(super) logs_given_up: BTreeSet<JobId>,
}

impl Workload {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            planned: BTreeMap::new(),
            to_come: options.pools.iter().map(|pool| pool.jobs).sum(),
            logs_given_up: BTreeSet::new(),
        }
    }
}

impl World {
    /// When the jobs of each pool come: some at once, the rest over the storm, in pairs.
    pub(super) fn schedule_jobs(&mut self) {
        for pool in 0..self.options.pools.len() {
            let Some(wanted) = self.options.pools.get(pool).cloned() else {
                continue;
            };
            let arrivals = wanted.arrivals;
            for (at_seconds, count) in &arrivals {
                let (at, count) = (Duration::from_secs(*at_seconds), *count);
                self.agenda.after(at, Happening::Jobs { pool, count });
            }
            if !arrivals.is_empty() {
                continue;
            }
            let (mut left, burst) = (wanted.jobs, wanted.burst);
            let mut count = burst.min(left);
            while 0 < left {
                let latest = self.options.storm_seconds * 9 / 10;
                let at = self.chances.workload.seconds(0, latest);
                self.agenda.after(at, Happening::Jobs { pool, count });
                left -= count;
                count = self.chances.workload.count(1, 2).min(left);
            }
        }
    }

    pub(super) fn enqueue(&mut self, pool: usize, count: u32) {
        let Some(agent_type) = self
            .operator
            .pools
            .get(pool)
            .map(|pool| pool.agent_type.clone())
        else {
            return;
        };
        for _ in 0..count {
            let request = JobRequest {
                name: "job".to_owned(),
                block: String::new(),
                agent_type: agent_type.clone(),
                executor: None,
                env_vars: Vec::new(),
                files: Vec::new(),
                commands: vec![Command {
                    directive: "make".to_owned(),
                    alias: None,
                }],
                epilogue_always: Vec::new(),
                epilogue_on_pass: Vec::new(),
                epilogue_on_fail: Vec::new(),
                execution_time_limit: EXECUTION_LIMIT,
            };
            let job = self.hub.enqueue(request, self.agenda.now);
            let chance = &mut self.chances.workload;
            let result = if chance.per_mille(800) {
                JobResult::Passed
            } else {
                JobResult::Failed
            };
            let span = chance.seconds(2, self.options.job_seconds_max);
            let canceled = chance.per_mille(self.options.rates.canceled);
            let cancel_after = chance.seconds(1, 120);
            if canceled {
                let job = job.clone();
                self.agenda.after(cancel_after, Happening::Cancel { job });
            }
            self.trace.note(self.agenda.now, || {
                format!("job {job} comes to pool {pool}")
            });
            self.workload
                .planned
                .insert(job, PlannedJob { span, result });
        }
        self.workload.to_come = self.workload.to_come.saturating_sub(count);
    }

    /// Stops a job that nobody has taken yet.
    pub(super) fn cancel(&mut self, job: &JobId) {
        let waits = self
            .hub
            .job(job)
            .is_some_and(|job| job.started_at.is_none() && job.state != JobState::Finished);
        if waits {
            self.oracles.economy.excuse(1);
            self.hub.stop_job(job, self.agenda.now);
            self.trace
                .note(self.agenda.now, || format!("job {job} is canceled"));
        }
    }
}
