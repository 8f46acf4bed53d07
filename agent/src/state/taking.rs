//! A job's way through the agent: taken, fetched, run, its log closed, reported (protocol.md 4.2).

use std::time::Duration;

use super::denials::{CONFIRMED_AFTER, Denials};
use super::{CallFailure, Effect, Misfortune, Phase, State};
use dayfly::hub::wire::agent::JobResult;
use dayfly::model::id::JobId;
use dayfly::model::time::Timestamp;

/// The payload is asked for at least this often before the job fails for want of it,
const FETCHES_MIN: u32 = 10;
/// and for at least this long.
const FETCH_FOR: Duration = Duration::from_secs(180);

/// The payload is asked for, or a pause lasts before it is asked for again.
#[derive(Clone, Debug)]
pub(super) struct Fetching {
    since: Timestamp,
    failures: u32,
    /// The hub says that the job is not ours, or that it does not know us.
    denials: Denials,
    /// The next call, while a pause lasts.
    pub(super) retry_at: Option<Timestamp>,
}

impl State {
    /// `run-job`. Safe to be told twice: the hub repeats it until we report that we are starting.
    pub(super) fn take_job(&mut self, job_id: &str, now: Timestamp) -> Vec<Effect> {
        let Phase::Waiting = self.phase else {
            return Vec::new();
        };
        if job_id.is_empty() {
            return Vec::new();
        }
        let job = JobId::new(job_id);
        if let Some((_, result)) = self.reported.as_ref().filter(|(done, _)| *done == job) {
            // The hub lost what it acknowledged. A job is never run twice, so its result is said again.
            let result = *result;
            return self.finish(job, result, now);
        }
        self.phase = Phase::Starting {
            job: job.clone(),
            fetching: Fetching {
                since: now,
                failures: 0,
                denials: Denials::default(),
                retry_at: None,
            },
        };
        vec![Effect::FetchPayload(job)]
    }

    /// `stop-job`. A foreign job is none of ours; an ended one cannot be stopped (quirk A20).
    pub(super) fn stop_job(&mut self, job_id: &str, now: Timestamp) -> Vec<Effect> {
        let ours = self.job().is_some_and(|job| job.as_str() == job_id);
        if ours || job_id.is_empty() {
            self.stop_own_job(now)
        } else {
            Vec::new()
        }
    }

    pub(super) fn stop_own_job(&mut self, now: Timestamp) -> Vec<Effect> {
        match &mut self.phase {
            Phase::Starting { job, .. } => {
                let job = job.clone();
                self.finish(job, JobResult::Stopped, now)
            }
            Phase::Running { job, stopping } if !*stopping => {
                *stopping = true;
                vec![Effect::StopJob(job.clone())]
            }
            Phase::Running { .. }
            | Phase::New
            | Phase::Registering(_)
            | Phase::Waiting
            | Phase::Closing { .. }
            | Phase::Finished { .. }
            | Phase::Leaving(_)
            | Phase::Left => Vec::new(),
        }
    }

    pub(super) fn payload_arrived(&mut self, arrived: &JobId) -> Vec<Effect> {
        self.run(arrived, Effect::RunJob(arrived.clone()))
    }

    pub(super) fn payload_unusable(&mut self, arrived: &JobId, why: Misfortune) -> Vec<Effect> {
        self.run(arrived, Effect::FailJob(arrived.clone(), why))
    }

    pub(super) fn payload_failed(
        &mut self,
        wanted: &JobId,
        failure: CallFailure,
        now: Timestamp,
    ) -> Vec<Effect> {
        let Phase::Starting { job, fetching } = &mut self.phase else {
            return Vec::new();
        };
        if job != wanted {
            return Vec::new();
        }
        fetching.failures += 1;
        fetching.denials.add(failure, &[404], now);
        if fetching.denials.are_confirmed(CONFIRMED_AFTER, now) {
            // The job is not ours, so its log is not ours to write either.
            let job = job.clone();
            return self.finish(job, JobResult::Failed, now);
        }
        if FETCHES_MIN <= fetching.failures && FETCH_FOR <= now.since(fetching.since) {
            return self.payload_unusable(wanted, Misfortune::NotFetched(failure));
        }
        let pause = self.spread.growing(fetching.failures, 1_000, 15_000);
        fetching.retry_at = Some(now.plus(pause));
        Vec::new()
    }

    pub(super) fn job_ended(&mut self, ended: &JobId, result: JobResult) -> Vec<Effect> {
        match &self.phase {
            Phase::Running { job, stopping } if job == ended => {
                self.phase = Phase::Closing {
                    job: ended.clone(),
                    result,
                    stopping: *stopping,
                };
                vec![Effect::CloseLog(ended.clone())]
            }
            Phase::Leaving(_) => self.job_ended_while_leaving(ended, result),
            Phase::Running { .. }
            | Phase::New
            | Phase::Registering(_)
            | Phase::Waiting
            | Phase::Starting { .. }
            | Phase::Closing { .. }
            | Phase::Finished { .. }
            | Phase::Left => Vec::new(),
        }
    }

    pub(super) fn log_closed(&mut self, closed: &JobId, now: Timestamp) -> Vec<Effect> {
        match &self.phase {
            Phase::Closing { job, result, .. } if job == closed => {
                let result = *result;
                self.finish(closed.clone(), result, now)
            }
            Phase::Leaving(_) => self.log_closed_while_leaving(closed, now),
            Phase::Closing { .. }
            | Phase::New
            | Phase::Registering(_)
            | Phase::Waiting
            | Phase::Starting { .. }
            | Phase::Running { .. }
            | Phase::Finished { .. }
            | Phase::Left => Vec::new(),
        }
    }

    /// Opens the log of a job whose payload was waited for; a late one is let go.
    fn run(&mut self, arrived: &JobId, effect: Effect) -> Vec<Effect> {
        let Phase::Starting { job, .. } = &self.phase else {
            return Vec::new();
        };
        if job != arrived {
            return Vec::new();
        }
        self.phase = Phase::Running {
            job: arrived.clone(),
            stopping: false,
        };
        vec![effect]
    }

    /// From here on the result is repeated until the hub has it, and the log is not touched again.
    fn finish(&mut self, job: JobId, result: JobResult, now: Timestamp) -> Vec<Effect> {
        self.phase = Phase::Finished { job, result };
        self.sync_soon(now)
    }
}
