//! The world: one queue of events in virtual time, and everybody who takes part.
//!
//! What must stay true: the same options give the same events, whatever computer runs them. No
//! clock, no runtime, no socket; a controller's tick is a future that is polled when something
//! has happened. What is not here: a copy of a decision. The scaler and the agent are the ones
//! that ship, and the emulators the ones that tests of the wire use.

mod agenda;
mod agents;
mod attempts;
mod body;
mod build;
mod calls;
mod controllers;
mod hub_storms;
mod jobs;
mod lease_table;
mod logs;
mod operator;
mod rest;
mod storms;
mod traffic;

use std::fmt;
use std::time::Duration;

use self::agenda::Agenda;
use self::body::Guests;
use self::calls::CallLog;
use self::controllers::Controllers;
use self::jobs::Workload;
use self::lease_table::LeaseTable;
use self::operator::Operator;
use super::agent::AgentCall;
use super::chance::Chance;
use super::door::line::{Answer, Sent};
use super::mutant::Mutant;
use super::options::Options;
use super::oracle::Oracles;
use super::trace::Trace;
use super::weather::Weather;
use crate::emulator::ec2::Ec2;
use crate::emulator::hub::Hub;
use crate::emulator::message::Response;
use dayfly::hub::wire::agent::JobResult;
use dayfly::model::id::{AgentType, JobId, PoolName};
use dayfly::model::secret::Secret;
use dayfly::model::time::Timestamp;

/// Whose machines the scaler's are.
pub const DEPLOYMENT: &str = "simulated";

/// Everybody who takes part.
pub struct World {
    pub(super) options: Options,
    mutant: Option<Mutant>,
    agenda: Agenda,
    phase: Phase,
    hub: Hub,
    ec2: Ec2,
    operator: Operator,
    lease: LeaseTable,
    controllers: Controllers,
    guests: Guests,
    workload: Workload,
    calls: CallLog,
    chances: Chances,
    oracles: Oracles,
    trace: Trace,
    /// Boots of a bad image, until then.
    bad_image_until: Timestamp,
    /// Until then, the hub's counts learn of pickups late.
    late_pickups_until: Timestamp,
    healed_at: Option<Timestamp>,
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
            let queued = self.agenda.next();
            let own = [self.hub.next_deadline(), self.ec2.next_deadline()];
            let own = own.into_iter().flatten().min();
            match (queued, own) {
                (Some(queued), Some(own)) if own < queued => self.pass_to(own),
                (Some(_), _) => {
                    if let Some((at, happening)) = self.agenda.take() {
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
        self.agenda.pass_to(at);
        self.hub.tick(self.agenda.now);
        self.ec2.tick(self.agenda.now);
        self.take_changes();
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
}
