//! A machine's body: what the cloud knows nothing of.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Chances;
use crate::sim::agent::Agent;
use crate::sim::options::Options;
use dayfly::model::pool::Speculation;
use dayfly::model::time::Timestamp;

/// What runs in a machine, and how it will go.
#[derive(Debug)]
pub(super) struct Body {
    /// Whose it is.
    pub(super) pool: usize,
    /// When it was launched.
    pub(super) launched_at: Timestamp,
    /// From launch to a registered agent, at most.
    pub(super) boot_limit: Duration,
    /// How long its agent waits for a job before the hub sends it away, as its launch says it.
    pub(super) idle_timeout: Duration,
    /// How it boots.
    pub(super) boot: Boot,
    /// Its agent vanishes so long after it has registered.
    pub(super) vanishes_after: Option<Duration>,
    /// It does not power off when its agent has left.
    pub(super) stays_on: bool,
    /// Nothing of it shows on its console.
    pub(super) mute: bool,
    /// Its agent, while it runs.
    pub(super) agent: Option<Agent>,
    /// Its agent has registered at some time.
    pub(super) has_registered: bool,
    /// How many jobs it has run.
    pub(super) jobs_run: u32,
    /// How far it is.
    pub(super) life: Life,
    /// An operator holds it, since then.
    pub(super) held_since: Option<Timestamp>,
    /// The price of an hour, in millionths.
    pub(super) hourly: u64,
    /// What went wrong with it is no fault of the scaler's.
    pub(super) excused: bool,
    /// When its agent left or vanished.
    pub(super) left_at: Option<Timestamp>,
    /// The process that was told of its launch.
    pub(super) heard_by: Option<u64>,
    /// That it is overdue has been told.
    pub(super) told: bool,
}

impl Body {
    /// How long its agent waits for a job, which registers as soon as its machine has booted.
    pub(super) fn agent_waits(&self) -> Duration {
        match self.boot {
            Boot::Works(uptime) => Speculation::idle_timeout_at(self.idle_timeout, uptime),
            Boot::Hangs | Boot::Fails(_) | Boot::WithoutAgent => self.idle_timeout,
        }
    }
}

/// How a machine boots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Boot {
    /// Its agent starts after that long.
    Works(Duration),
    /// Nothing in it ever runs: not even its own boot limit.
    Hangs,
    /// It powers itself off after that long.
    Fails(Duration),
    /// No agent ever starts; its boot limit ends it.
    WithoutAgent,
}

/// How far a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// Pending.
    Pending,
    /// Powered on.
    On,
    /// Powered off, and on its way out.
    Ending,
    /// Gone.
    Gone,
}

impl Body {
    /// Whether the cloud counts it.
    pub(super) fn is_alive(&self) -> bool {
        self.life != Life::Gone
    }
}

/// What runs in the machines.
#[derive(Debug, Default)]
pub(super) struct Guests {
    pub(super) all: BTreeMap<String, Body>,
    /// Machines of the launch that is being looked at.
    pub(super) launched: Vec<String>,
}

impl Guests {
    pub(super) fn add(&mut self, id: &str, body: Body) {
        self.launched.push(id.to_owned());
        self.all.insert(id.to_owned(), body);
    }

    pub(super) fn agent(&mut self, id: &str) -> Option<&mut Agent> {
        self.all.get_mut(id)?.agent.as_mut()
    }

    /// How many the cloud counts.
    pub(super) fn alive(&self) -> usize {
        self.all.values().filter(|body| body.is_alive()).count()
    }

    /// Faults of a machine are not the scaler's.
    pub(super) fn excuse(&mut self, id: &str) {
        if let Some(body) = self.all.get_mut(id) {
            body.excused = true;
        }
    }

    /// A process was told of a machine.
    pub(super) fn heard(&mut self, id: &str, process: u64) {
        if let Some(body) = self.all.get_mut(id) {
            body.heard_by = Some(process);
        }
    }

    /// An operator holds a machine, or lets go of it.
    pub(super) fn hold(&mut self, id: &str, since: Option<Timestamp>) {
        if let Some(body) = self.all.get_mut(id) {
            body.held_since = since;
        }
    }

    /// The machines that an operator holds.
    pub(super) fn held(&self) -> Vec<String> {
        let held = self
            .all
            .iter()
            .filter(|(_, body)| body.held_since.is_some());
        held.map(|(id, _)| id.clone()).collect()
    }

    /// The machines that an operator wants to look into: those that do not do what they should, or
    /// any if all do.
    pub(super) fn suspects(&self) -> Vec<String> {
        let alive = || self.all.iter().filter(|(_, body)| body.is_alive());
        let odd = alive().filter(|(_, body)| body.agent.is_none());
        let odd: Vec<String> = odd.map(|(id, _)| id.clone()).collect();
        if odd.is_empty() {
            alive().map(|(id, _)| id.clone()).collect()
        } else {
            odd
        }
    }
}

/// What a world's images and its luck make of a boot.
#[derive(Clone, Copy, Debug)]
pub(super) struct BootConditions {
    pub(super) boot_limit: Duration,
    pub(super) in_storm: bool,
    pub(super) is_image_bad: bool,
}

impl Chances {
    /// How a machine that is launched now will boot.
    pub(super) fn boot(&mut self, options: &Options, conditions: BootConditions) -> Boot {
        let (rates, fastest) = (options.rates, options.boot_seconds);
        let chance = &mut self.machines;
        let drawn = [
            (rates.hangs, Boot::Hangs),
            (rates.fails, Boot::Fails(chance.seconds(1, 60))),
            (rates.without_agent, Boot::WithoutAgent),
            (rates.straggles, Boot::Works(chance.seconds(fastest, 400))),
        ];
        let works = Boot::Works(chance.seconds(fastest, fastest * 3 / 2));
        let wrong = drawn.map(|(rate, boot)| (chance.per_mille(rate), boot));
        if !conditions.in_storm {
            return works;
        }
        if conditions.is_image_bad {
            return Boot::WithoutAgent;
        }
        let wrong = wrong.into_iter().find(|(struck, _)| *struck);
        let boot = wrong.map_or(works, |(_, boot)| boot);
        // A boot that takes as long as it may is one that fails.
        match boot {
            Boot::Works(span) if conditions.boot_limit <= span => Boot::WithoutAgent,
            boot => boot,
        }
    }
}
