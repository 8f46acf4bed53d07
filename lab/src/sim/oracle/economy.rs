//! It costs no more than it has to: launches, machines' time and calls, against what was needed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Findings, Invariant};
use crate::sim::options::Options;
use crate::sim::weather::Kind;
use dayfly::model::time::Timestamp;

/// An offer without capacity is left alone for three minutes; the answer was on its way for some
/// seconds of them.
const LEFT_ALONE: Duration = Duration::from_secs(170);
/// A refused configuration is left alone for five minutes.
const REFUSED_FOR: Duration = Duration::from_secs(290);
/// How far a clock is ahead of the time at most (`storms.rs`).
const CLOCK_AHEAD_MAX: Duration = Duration::from_secs(50);
/// How far a clock steps at most (`storms.rs`).
const CLOCK_STEP: Duration = Duration::from_secs(86_400);
/// Consoles that a tick may read.
const CONSOLES_MAX: u32 = 20;

/// One call for machines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FleetCall {
    /// Who calls.
    pub process: u64,
    /// For which pool.
    pub pool: String,
    /// On the spot market.
    pub is_spot: bool,
    /// Size and subnet of each offer.
    pub offers: Vec<(String, String)>,
}

/// What one process was told.
#[derive(Debug, Default)]
struct Told {
    /// Offers that had no capacity, and when it heard so.
    short: BTreeMap<(bool, String, String), Timestamp>,
    /// Pools whose configuration was refused, and when it heard so.
    refused: BTreeMap<String, Timestamp>,
    /// When it first heard that a pool gets no spot machine.
    dry_since: BTreeMap<String, Timestamp>,
    /// Calls since its tick began.
    calls: Calls,
    /// Calls for machines of this tick that have no answer yet.
    unanswered: u32,
    /// When this tick began.
    began_at: Timestamp,
}

#[derive(Clone, Copy, Debug, Default)]
struct Calls {
    launches: u32,
    lists: u32,
    consoles: u32,
}

/// What was spent, and what excuses it.
#[derive(Debug)]
pub struct Economy {
    told: BTreeMap<u64, Told>,
    pools: u32,
    patience: BTreeMap<String, Duration>,
    /// Kinds of weather that came.
    pub weather: BTreeSet<Kind>,
    /// Machines that were launched, by whom does not matter.
    pub launched: u32,
    /// Those of them that were launched after the storm.
    pub launched_healing: u32,
    /// Machines that jobs were launched for which then needed none.
    pub excused: u32,
    /// Processes that were killed.
    pub crashes: u32,
    /// Machines' time, in seconds.
    pub machine_seconds: u64,
}

impl Economy {
    /// Nothing has been spent.
    pub fn new(options: &Options) -> Self {
        let patience = (0..).zip(&options.pools).filter_map(|(index, pool)| {
            let seconds = pool.spot_patience_seconds?;
            Some((format!("pool-{index}"), Duration::from_secs(seconds)))
        });
        Self {
            told: BTreeMap::new(),
            pools: u32::try_from(options.pools.len()).unwrap_or(u32::MAX),
            patience: patience.collect(),
            weather: BTreeSet::new(),
            launched: 0,
            launched_healing: 0,
            excused: 0,
            crashes: 0,
            machine_seconds: 0,
        }
    }

    /// So many machines may be launched for nothing.
    pub fn excuse(&mut self, machines: u32) {
        self.excused += machines;
    }

    /// Something goes wrong.
    pub fn storm(&mut self, kind: Kind) {
        self.weather.insert(kind);
    }

    /// A process was killed, and what it knew is gone.
    pub fn crashed(&mut self) {
        self.crashes += 1;
    }

    /// A machine is gone.
    pub fn machine_gone(&mut self, launched_at: Timestamp, now: Timestamp) {
        self.machine_seconds += now.since(launched_at).as_secs();
    }

    /// A process lists machines.
    pub fn lists(&mut self, process: u64) {
        self.told.entry(process).or_default().calls.lists += 1;
    }

    /// A process reads a console.
    pub fn reads_console(&mut self, process: u64) {
        self.told.entry(process).or_default().calls.consoles += 1;
    }

    /// A process asks for machines, in a tick that began at `began_at`: what it has heard since
    /// then comes too late, for all pools ask at once. A clock that was wrong since excuses it too:
    /// what it decided may rest on that, although the clock is right again when it asks.
    pub fn asks(
        &mut self,
        call: &FleetCall,
        began_at: Timestamp,
        clock_was_right: bool,
        findings: &mut Findings,
        now: Timestamp,
    ) {
        let patience = self.patience.get(&call.pool).copied();
        // While a clock is ahead, what was heard before is forgotten too soon; so is what was heard
        // while it was behind, once it is right again.
        let ahead = if self.weather.contains(&Kind::ClockStep) {
            CLOCK_STEP
        } else if self.weather.contains(&Kind::ClockJump) {
            CLOCK_AHEAD_MAX
        } else {
            Duration::ZERO
        };
        let told = self.told.entry(call.process).or_default();
        told.calls.launches += 1;
        told.unanswered += 1;
        told.began_at = began_at;
        if !clock_was_right {
            return;
        }
        if let Some(at) = told.refused.get(&call.pool)
            && now.since(*at) + ahead < REFUSED_FOR
        {
            let seconds = now.since(*at).as_secs();
            let text = format!("{} asks {seconds} s after it was refused", call.pool);
            findings.add(Invariant::NoPestering, text, now);
        }
        for (size, subnet) in &call.offers {
            let offer = (call.is_spot, size.clone(), subnet.clone());
            if let Some(at) = told.short.get(&offer)
                && *at <= began_at
                && now.since(*at) + ahead < LEFT_ALONE
            {
                let seconds = now.since(*at).as_secs();
                let text = format!("{size} in {subnet} is asked for {seconds} s after it had none");
                findings.add(Invariant::NoPestering, text, now);
            }
        }
        if let Some(patience) = patience
            && !call.is_spot
        {
            let dry_for = told.dry_since.get(&call.pool).map(|at| now.since(*at));
            if dry_for.unwrap_or_default() + ahead + Duration::from_secs(2) < patience {
                let text = format!("{} takes on-demand before its patience is over", call.pool);
                findings.add(Invariant::Patience, text, now);
            }
        }
    }

    /// A process hears that these offers of its call had no capacity.
    pub fn hears_shortage(&mut self, call: &FleetCall, short: &[(String, String)], now: Timestamp) {
        let told = self.told.entry(call.process).or_default();
        told.unanswered = told.unanswered.saturating_sub(1);
        for (size, subnet) in short {
            let offer = (call.is_spot, size.clone(), subnet.clone());
            told.short.insert(offer, now);
        }
        if call.is_spot && !short.is_empty() {
            told.dry_since.entry(call.pool.clone()).or_insert(now);
        }
    }

    /// A process hears something while its clock is wrong: how long ago that was it cannot know.
    pub fn hears_at_a_wrong_time(&mut self, call: &FleetCall) {
        let told = self.told.entry(call.process).or_default();
        let at = Timestamp::default();
        told.unanswered = told.unanswered.saturating_sub(1);
        told.dry_since.insert(call.pool.clone(), at);
    }

    /// What a process has heard since then of the offers of a pool, it could not keep.
    pub fn forgets_since(&mut self, call: &FleetCall, began_at: Timestamp) {
        let told = self.told.entry(call.process).or_default();
        told.unanswered = told.unanswered.saturating_sub(1);
        told.short.retain(|_, at| *at < began_at);
    }

    /// A process hears that its pool's configuration is wrong.
    pub fn hears_refusal(&mut self, call: &FleetCall, now: Timestamp) {
        let told = self.told.entry(call.process).or_default();
        told.unanswered = told.unanswered.saturating_sub(1);
        told.refused.insert(call.pool.clone(), now);
    }

    /// In a tick that has ended a process took no answer for these pools: one that came when it was
    /// frozen, or when its lease was over, was not heard.
    pub fn unheard<'a>(&mut self, process: u64, pools: impl Iterator<Item = &'a str>) {
        let told = self.told.entry(process).or_default();
        for pool in pools {
            // What it heard in an earlier tick it has kept.
            let heard_at = told.refused.get(pool);
            if heard_at.is_some_and(|at| told.began_at <= *at) {
                told.refused.remove(pool);
            }
        }
    }

    /// A tick has ended: it made few calls.
    pub fn see_tick(&mut self, process: u64, findings: &mut Findings, now: Timestamp) {
        let told = self.told.entry(process).or_default();
        let calls = std::mem::take(&mut told.calls);
        // As for an answer that is unclear: one that never came takes the rest of its order along.
        if 0 < std::mem::take(&mut told.unanswered) {
            let began_at = told.began_at;
            told.short.retain(|_, at| *at < began_at);
        }
        // The list, and what a launch looks up whose token was used before.
        let lists_max = 1 + 2 * self.pools;
        let bounds = [
            ("launches", calls.launches, 2 * self.pools),
            ("lists", calls.lists, lists_max),
            ("consoles", calls.consoles, CONSOLES_MAX),
        ];
        for (what, made, max) in bounds {
            if max < made {
                let text = format!("{made} {what} in a tick, and {max} would do");
                findings.add(Invariant::FewCalls, text, now);
            }
        }
    }
}
