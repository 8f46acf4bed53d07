//! How large a world is, and what may go wrong in it: all drawn from the seed.
//!
//! The rates of faults are drawn themselves, and many are zero: a world in which everything goes
//! wrong at once hides what a single fault does.

use serde::Serialize;

use super::chance::{Chance, Purpose};
use super::weather::{Kind, Weather};
use dayfly::model::hours::ReserveHours;

/// Everything that was drawn before the world began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Options {
    /// The seed.
    pub seed: u64,
    /// How long things may go wrong.
    pub storm_seconds: u64,
    /// From tick to tick.
    pub interval_seconds: u64,
    /// How many processes scale.
    pub replicas: usize,
    /// Whether one lease decides which of them applies.
    pub lease: bool,
    /// Whether the scaler may list agents.
    pub api_token: bool,
    /// Live machines of all pools together.
    pub machines_max: u32,
    /// Launches of all pools together within an hour.
    pub launches_per_hour_max: u32,
    /// What an hour may cost, in cents; no limit if absent.
    pub hourly_cents_max: Option<u32>,
    /// From launch to a registered agent, at most.
    pub boot_limit_seconds: u64,
    /// From launch to the end, at most.
    pub lifetime_seconds: u64,
    /// After how long the hub sends a waiting agent away.
    pub idle_timeout_seconds: u64,
    /// As above, where none is kept ready.
    pub spare_timeout_seconds: u64,
    /// The fastest boot, from running to a registered agent.
    pub boot_seconds: u64,
    /// The longest job.
    pub job_seconds_max: u64,
    /// The longest way of a call, there or back.
    pub travel_ms_max: u64,
    /// For how long no list shows a new machine.
    pub unseen_seconds: u64,
    /// For how long a list shows machines that have ended.
    pub listed_seconds: u64,
    /// The pools.
    pub pools: Vec<PoolOptions>,
    /// How machines go wrong.
    pub rates: Rates,
    /// What goes wrong when.
    pub weather: Vec<Weather>,
}

/// One pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PoolOptions {
    /// Live machines at once.
    pub machines_max: u32,
    /// Machines kept waiting.
    pub reserve: u32,
    /// Hours in which that is more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reserve_hours: Vec<ReserveHours>,
    /// Whether it launches ahead of demand, as the product does by default.
    pub ahead: bool,
    /// How many jobs come.
    pub jobs: u32,
    /// How many of them come at once.
    pub burst: u32,
    /// When so many come, in seconds, where chance does not say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arrivals: Vec<(u64, u32)>,
    /// Whether it asks for spot machines first, and how long these may fail; `None` is on-demand
    /// alone.
    pub spot_patience_seconds: Option<u64>,
    /// Failed boots in a row that open the breaker.
    pub failures_max: u32,
    /// How long it stays open.
    pub pause_seconds: u64,
}

/// How many machines of a thousand go wrong, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rates {
    /// Boots that hang: nothing in the machine ends it.
    pub hangs: u32,
    /// Boots that end with the machine powering off.
    pub fails: u32,
    /// Boots without an agent: the machine's own boot limit ends it.
    pub without_agent: u32,
    /// Boots that take longer than they may.
    pub straggles: u32,
    /// Agents that vanish with whatever they do, while the machine goes on.
    pub vanishes: u32,
    /// Machines that do not power off when their agent has left.
    pub stays_on: u32,
    /// Machines whose consoles show nothing.
    pub mute: u32,
    /// Jobs that are stopped while they wait, of a thousand.
    pub canceled: u32,
}

impl Options {
    /// What the seed gives.
    pub fn draw(seed: u64) -> Self {
        let mut chance = Chance::of(seed, Purpose::Options);
        let storm_seconds = chance.between(600, 1500);
        let interval_seconds = chance.one_of(&[5, 10, 15, 20, 30, 60], 10);
        let replicas = if chance.per_mille(250) { 2 } else { 1 };
        let lease = replicas == 2 && chance.per_mille(700);
        let pools: Vec<PoolOptions> = (0..chance.one_of(&[1, 1, 1, 2, 3], 1))
            .map(|_| PoolOptions::draw(&mut chance))
            .collect();
        let all: u32 = pools.iter().map(|pool| pool.machines_max).sum();
        let job_seconds_max = chance.between(20, 600);
        let mut options = Self {
            seed,
            storm_seconds,
            interval_seconds,
            replicas,
            lease,
            api_token: chance.per_mille(750),
            machines_max: if chance.per_mille(300) {
                chance.count(2, all)
            } else {
                all
            },
            launches_per_hour_max: if chance.per_mille(150) {
                chance.count(5, 30)
            } else {
                1000
            },
            hourly_cents_max: chance.per_mille(150).then(|| chance.count(30, 150)),
            boot_limit_seconds: chance.between(90, 300),
            lifetime_seconds: chance.between(2400, 4200),
            idle_timeout_seconds: chance.between(60, 300),
            // Drawn below.
            spare_timeout_seconds: 0,
            boot_seconds: chance.between(10, 40),
            job_seconds_max,
            travel_ms_max: chance.one_of(&[20, 100, 500, 1500], 100),
            unseen_seconds: chance.one_of(&[0, 1, 2, 5, 20], 2),
            listed_seconds: chance.one_of(&[200, 300, 600, 3600], 600),
            pools,
            rates: Rates::draw(&mut chance),
            weather: Vec::new(),
        };
        let mut chance_ahead = Chance::of(seed, Purpose::Ahead);
        let ahead = chance_ahead.per_mille(500);
        options.spare_timeout_seconds = chance_ahead.between(5, 60);
        options.pools.iter_mut().for_each(|pool| pool.ahead = ahead);
        // One world in eight is calm: what it costs there has no excuse.
        if chance.per_mille(125) {
            options.rates = Rates::default();
        } else {
            options.weather = Kind::draw_all(seed, storm_seconds);
        }
        options
    }

    /// Whether nothing goes wrong.
    pub fn is_calm(&self) -> bool {
        self.weather.is_empty() && self.rates == Rates::default()
    }
}

impl PoolOptions {
    fn draw(chance: &mut Chance) -> Self {
        let jobs = chance.count(3, 25);
        Self {
            machines_max: chance.count(2, 12),
            reserve: chance.one_of(&[0, 0, 0, 1, 2], 0),
            reserve_hours: Vec::new(),
            ahead: false,
            jobs,
            burst: if chance.per_mille(300) { jobs } else { 3 },
            arrivals: Vec::new(),
            spot_patience_seconds: chance
                .per_mille(400)
                .then(|| chance.one_of(&[0, 60, 300], 60)),
            failures_max: chance.count(2, 5),
            pause_seconds: chance.between(60, 300),
        }
    }
}

impl Rates {
    /// Most of them are zero in most worlds.
    fn draw(chance: &mut Chance) -> Self {
        let mut rate = |often: u32, max: u32| {
            let rate = chance.count(1, max);
            if chance.per_mille(often) { rate } else { 0 }
        };
        Self {
            hangs: rate(250, 200),
            fails: rate(250, 300),
            without_agent: rate(250, 200),
            straggles: rate(250, 300),
            vanishes: rate(250, 200),
            stays_on: rate(250, 400),
            mute: rate(200, 500),
            canceled: rate(300, 400),
        }
    }
}
