//! A machine's body: what the cloud knows nothing of.

use std::time::Duration;

use super::{Phase, World};
use crate::sim::agent::Agent;
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

impl World {
    /// How a machine that is launched now will boot.
    pub(super) fn draw_boot(&mut self, boot_limit: Duration) -> Boot {
        let (rates, fastest) = (self.options.rates, self.options.boot_seconds);
        let chance = &mut self.chances.machines;
        let drawn = [
            (rates.hangs, Boot::Hangs),
            (rates.fails, Boot::Fails(chance.seconds(1, 60))),
            (rates.without_agent, Boot::WithoutAgent),
            (rates.straggles, Boot::Works(chance.seconds(fastest, 400))),
        ];
        let works = Boot::Works(chance.seconds(fastest, fastest * 3 / 2));
        let wrong = drawn.map(|(rate, boot)| (chance.per_mille(rate), boot));
        if self.phase != Phase::Storm {
            return works;
        }
        if self.now < self.bad_image_until {
            return Boot::WithoutAgent;
        }
        let wrong = wrong.into_iter().find(|(struck, _)| *struck);
        let boot = wrong.map_or(works, |(_, boot)| boot);
        // A boot that takes as long as it may is one that fails.
        match boot {
            Boot::Works(span) if boot_limit <= span => Boot::WithoutAgent,
            boot => boot,
        }
    }
}
