//! What the agent does next: a function of what it has learnt and of the time (protocol.md section 4).
//!
//! [`State::step`] takes an [`Event`] and gives [`Effect`]s; [`State::deadline`] says when to come
//! back with `DeadlinePassed` if nothing else happens. What must stay true: one sync at a time; a job
//! runs once, however often it is offered; once a `finished-job` was asked for nothing opens a log
//! again for that job; every wait has an end. What is not here: calls, tokens, the log's events.
//! Where the official agent waits for ever or too long we do not; `leaving` tells where.

mod denials;
mod event;
mod interruption;
mod leaving;
mod pause;
mod registering;
mod syncing;
mod taking;

use std::time::Duration;

pub use self::event::{CallFailure, Effect, Event, Misfortune, Reason};
use self::interruption::Interruption;
use self::leaving::Leaving;
use self::pause::Spread;
use self::registering::Registering;
use self::syncing::SyncClock;
use self::taking::Fetching;
use dayfly::hub::wire::agent::JobResult;
use dayfly::model::id::JobId;
use dayfly::model::time::Timestamp;

/// What the operator wants, as far as it changes what happens next.
#[derive(Clone, Debug)]
pub struct StateSettings {
    /// Leave after one job (`disconnect-after-job`).
    pub single_job: bool,
    /// A job to take at registration was named (`job-id`): a lost answer cannot be repeated.
    pub preassigned: bool,
    /// How long a job may go on after a termination signal.
    pub interruption_grace_period: Duration,
    /// How long registering may take, repeats included.
    pub registration_timeout: Duration,
    /// Spreads the pauses; any number.
    pub seed: u64,
}

/// The agent's state.
#[derive(Clone, Debug)]
pub struct State {
    settings: StateSettings,
    spread: Spread,
    phase: Phase,
    sync: SyncClock,
    interruption: Option<Interruption>,
    /// The hub said `shutdown` while a job had yet to be reported.
    leave_when_reported: Option<Reason>,
    /// The last job that the hub acknowledged, and how it ended.
    reported: Option<(JobId, JobResult)>,
}

/// How far the agent's life has come.
#[derive(Clone, Debug)]
enum Phase {
    New,
    Registering(Registering),
    Waiting,
    /// The payload is being fetched.
    Starting {
        job: JobId,
        fetching: Fetching,
    },
    Running {
        job: JobId,
        stopping: bool,
    },
    /// The job has ended; its last events are on their way.
    Closing {
        job: JobId,
        result: JobResult,
        stopping: bool,
    },
    /// The result is to be reported, until the hub has acknowledged it.
    Finished {
        job: JobId,
        result: JobResult,
    },
    Leaving(Leaving),
    Left,
}

impl State {
    /// An agent that has not started.
    pub fn new(settings: StateSettings) -> Self {
        Self {
            spread: Spread::new(settings.seed),
            settings,
            phase: Phase::New,
            sync: SyncClock::default(),
            interruption: None,
            leave_when_reported: None,
            reported: None,
        }
    }

    /// Learns what happened and says what to do about it, in order. An event that no longer
    /// matters, such as a late answer, gives nothing.
    pub fn step(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        match event {
            Event::Started => self.start(now),
            Event::Registered => self.registered(now),
            Event::RegisterFailed(failure) => self.register_failed(failure, now),
            Event::SyncAnswered(answer) => self.sync_answered(&answer, now),
            Event::SyncFailed(failure) => self.sync_failed(failure, now),
            Event::PayloadArrived(job) => self.payload_arrived(&job),
            Event::PayloadUnusable(job, why) => self.payload_unusable(&job, why),
            Event::PayloadFailed(job, failure) => self.payload_failed(&job, failure, now),
            Event::JobEnded(job, result) => self.job_ended(&job, result),
            Event::LogClosed(job) => self.log_closed(&job, now),
            Event::Signal => self.signal(now),
            Event::Disconnected => self.disconnected(),
            Event::DisconnectFailed(failure) => self.disconnect_failed(failure, now),
            Event::DeadlinePassed => self.due(now),
        }
    }

    /// When `DeadlinePassed` is due if nothing happens before; `None` while an answer has to come first.
    pub fn deadline(&self) -> Option<Timestamp> {
        let own = match &self.phase {
            Phase::New | Phase::Left => return None,
            Phase::Registering(registering) => registering.retry_at,
            Phase::Starting { fetching, .. } => fetching.retry_at,
            Phase::Leaving(leaving) => Some(leaving.deadline()),
            Phase::Waiting
            | Phase::Running { .. }
            | Phase::Closing { .. }
            | Phase::Finished { .. } => None,
        };
        let times = [own, self.sync_deadline(), self.interruption_deadline()];
        times.into_iter().flatten().min()
    }

    /// Does what the clock alone brings about.
    fn due(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut effects = match &mut self.phase {
            Phase::New
            | Phase::Left
            | Phase::Waiting
            | Phase::Running { .. }
            | Phase::Closing { .. }
            | Phase::Finished { .. } => Vec::new(),
            Phase::Registering(registering) => {
                let due = take_due(&mut registering.retry_at, now);
                due.then_some(Effect::Register).into_iter().collect()
            }
            Phase::Starting { job, fetching } => {
                let due = take_due(&mut fetching.retry_at, now);
                due.then(|| Effect::FetchPayload(job.clone()))
                    .into_iter()
                    .collect()
            }
            Phase::Leaving(_) => self.leaving_due(now),
        };
        effects.extend(self.interruption_due(now));
        effects.extend(self.sync_due(now));
        effects
    }

    /// The job that was taken and not yet acknowledged.
    fn job(&self) -> Option<&JobId> {
        match &self.phase {
            Phase::New
            | Phase::Registering(_)
            | Phase::Waiting
            | Phase::Leaving(_)
            | Phase::Left => None,
            Phase::Starting { job, .. }
            | Phase::Running { job, .. }
            | Phase::Closing { job, .. }
            | Phase::Finished { job, .. } => Some(job),
        }
    }
}

/// Whether the moment has come; it is forgotten then.
fn take_due(at: &mut Option<Timestamp>, now: Timestamp) -> bool {
    let due = at.is_some_and(|at| at <= now);
    if due {
        *at = None;
    }
    due
}
