//! The world: one queue of events in virtual time, and everybody who takes part.
//!
//! What must stay true: the same options give the same events, whatever computer runs them. No
//! clock, no runtime, no socket; a controller's tick is a future that is polled when something
//! has happened. What is not here: a copy of a decision. The scaler and the agent are the ones
//! that ship, and the emulators the ones that tests of the wire use.

mod agents;
mod attempts;
mod body;
mod build;
mod controllers;
mod hub_storms;
mod jobs;
mod logs;
mod rest;
mod storms;
mod traffic;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use self::body::Body;
use self::controllers::Controller;
use super::agent::AgentCall;
use super::chance::Chance;
use super::door::line::{Answer, Sent};
use super::mutant::Mutant;
use super::options::Options;
use super::oracle::Oracles;
use super::oracle::economy::FleetCall;
use super::trace::Trace;
use super::weather::Weather;
use crate::emulator::ec2::Ec2;
use crate::emulator::hub::Hub;
use crate::emulator::message::Response;
use dayfly::hub::wire::agent::JobResult;
use dayfly::model::id::{AgentType, JobId, PoolName};
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::Market;
use dayfly::model::pool::Policy;
use dayfly::model::secret::Secret;
use dayfly::model::time::Timestamp;

/// Whose machines the scaler's are.
pub const DEPLOYMENT: &str = "simulated";

/// Everybody who takes part.
pub struct World {
    pub(super) options: Options,
    pub(super) mutant: Option<Mutant>,
    pub(super) now: Timestamp,
    pub(super) began_at: Timestamp,
    pub(super) phase: Phase,
    pub(super) hub: Hub,
    pub(super) ec2: Ec2,
    pub(super) pools: Vec<Pool>,
    pub(super) api_token: Option<Secret>,
    /// What the operator wants at this moment, without a mutant.
    pub(super) policy: Policy,
    pub(super) prices: BTreeMap<(String, Market), MicroDollars>,
    pub(super) lease: Option<(String, Timestamp)>,
    controllers: Vec<Controller>,
    pub(super) processes: u64,
    bodies: BTreeMap<String, Body>,
    pub(super) planned: BTreeMap<JobId, PlannedJob>,
    pub(super) chances: Chances,
    pub(super) oracles: Oracles,
    pub(super) trace: Trace,
    queue: BTreeMap<(Timestamp, u64), Happening>,
    sequence: u64,
    /// Boots of a bad image, until then.
    pub(super) bad_image_until: Timestamp,
    /// Until then, the hub's counts learn of pickups late.
    late_pickups_until: Timestamp,
    pub(super) jobs_to_come: u32,
    pub(super) healed_at: Option<Timestamp>,
    /// Jobs whose logs were given up after a minute without the log server, or belong to nobody.
    logs_given_up: BTreeSet<JobId>,
    /// Machines of the launch that is being looked at.
    conceived: Vec<String>,
    /// When each process's last list of all machines was made.
    listed_at: BTreeMap<u64, Timestamp>,
    /// Calls for machines whose answers are on their way.
    fleet_calls: BTreeMap<(u64, u64), FleetCall>,
}

/// How far the world is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Things go wrong.
    Storm,
    /// Nothing goes wrong any more; all that is wrong has to heal.
    Healing,
    /// All jobs have ended; the pools are drained.
    Draining,
    /// It has come to rest, or has not in time.
    Over,
}

/// One pool, as the world knows it.
#[derive(Clone, Debug)]
pub struct Pool {
    /// Our name for it.
    pub name: PoolName,
    /// The hub's.
    pub agent_type: AgentType,
    /// Admits its agents.
    pub token: Secret,
}

/// How a job will go.
#[derive(Clone, Copy, Debug)]
pub struct PlannedJob {
    /// How long it takes.
    pub span: Duration,
    /// How it ends.
    pub result: JobResult,
}

/// The streams of chance.
#[derive(Clone, Debug)]
pub struct Chances {
    pub(super) workload: Chance,
    pub(super) weather: Chance,
    pub(super) machines: Chance,
    pub(super) travel: Chance,
    pub(super) controllers: Chance,
}

/// Something that will happen.
#[derive(Clone, Debug)]
pub enum Happening {
    /// Jobs come into the queue of a pool.
    Jobs { pool: usize, count: u32 },
    /// A job is canceled, if it still waits.
    Cancel { job: JobId },
    /// Something goes wrong.
    Weather(Weather),
    /// What the operator or the weather changed is as it was.
    Restore(Restoration),
    /// Nothing goes wrong any more.
    Heal,
    /// A controller ticks.
    Tick { process: u64 },
    /// A controller looks whether something has come for it.
    Wake { process: u64 },
    /// A controller's call has come to where it goes.
    Arrive { process: u64, sent: Sent },
    /// An answer has come to a controller.
    Answer {
        process: u64,
        call: u64,
        answer: Answer,
    },
    /// A machine does something.
    Machine { id: String, deed: Deed },
    /// The world looks whether it is at rest.
    Look,
}

/// What goes back to where it was.
#[derive(Clone, Debug)]
pub enum Restoration {
    /// The account's quotas.
    Quotas,
    /// The organization's agents.
    AgentsMax,
    /// The operator's limits.
    Limits,
    /// Machines may be terminated.
    Protection,
    /// Clocks go right.
    Clocks,
    /// A machine is no longer held.
    Release(String),
}

/// What a machine does.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Its agent starts.
    Start,
    /// Its boot limit is over.
    BootLimit,
    /// Its lifetime is over.
    Lifetime,
    /// Its agent vanishes.
    Vanish,
    /// It powers itself off.
    PowerOff,
    /// Its agent's deadline has come.
    Deadline,
    /// An answer has come to its agent, or none has come in time.
    Answer(AgentCall, Option<Response>),
    /// Its job has come to its end.
    JobDone(JobId, JobResult),
    /// Its agent looks at its log.
    Log,
}

impl fmt::Debug for World {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the world of seed {}", self.options.seed)
    }
}

impl World {
    /// Lets it all happen, until it has come to rest.
    pub(super) fn run(&mut self) {
        while self.phase != Phase::Over {
            let queued = self.queue.keys().next().map(|(at, _)| *at);
            let own = [self.hub.next_deadline(), self.ec2.next_deadline()];
            let own = own.into_iter().flatten().min();
            match (queued, own) {
                (Some(queued), Some(own)) if own < queued => self.pass_to(own),
                (Some(_), _) => {
                    if let Some(((at, _), happening)) = self.queue.pop_first() {
                        self.pass_to(at);
                        self.happen(happening);
                    }
                }
                (None, Some(own)) => self.pass_to(own),
                (None, None) => break,
            }
            self.take_changes();
        }
    }

    /// Lets time pass.
    fn pass_to(&mut self, at: Timestamp) {
        self.now = self.now.max(at);
        self.hub.tick(self.now);
        self.ec2.tick(self.now);
        self.take_changes();
    }

    /// Something will happen at that moment.
    pub(super) fn at(&mut self, at: Timestamp, happening: Happening) {
        self.sequence += 1;
        self.queue
            .insert((at.max(self.now), self.sequence), happening);
    }

    /// Something will happen after a while.
    pub(super) fn after(&mut self, span: Duration, happening: Happening) {
        self.at(self.now.plus(span), happening);
    }

    /// A machine will do something after a while.
    pub(super) fn machine_after(&mut self, span: Duration, id: &str, deed: Deed) {
        let id = id.to_owned();
        self.after(span, Happening::Machine { id, deed });
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Jobs { pool, count } => self.enqueue(pool, count),
            Happening::Cancel { job } => self.cancel(&job),
            Happening::Weather(weather) => self.storm(weather),
            Happening::Restore(restoration) => self.restore(&restoration),
            Happening::Heal => self.heal(),
            Happening::Tick { process } => self.begin_tick(process),
            Happening::Wake { process } => self.wake(process),
            Happening::Arrive { process, sent } => self.arrive(process, sent),
            Happening::Answer {
                process,
                call,
                answer,
            } => self.deliver(process, call, answer),
            Happening::Machine { id, deed } => self.machine_does(&id, deed),
            Happening::Look => self.look(),
        }
    }

    /// From the beginning, in seconds.
    pub(super) fn elapsed(&self) -> Duration {
        self.now.since(self.began_at)
    }
}
