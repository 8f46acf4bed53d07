//! What ticks teach: how long boots take, when jobs come, and what of it is worth a machine that waits.
//!
//! Fed by the scaler with what each tick saw; gives an `Outlook` for each pool, which `plan` takes
//! in. What must stay true: it is a hint. Losing or poisoning it costs money, never correctness;
//! its size is bounded; without history it expects nothing, and launches follow the queue alone.
//! Whole numbers only: the same ticks give the same outlook.
//! What is not here: a launch, a clock, a file.
#![deny(missing_docs)]

pub mod arrivals;
pub mod boots;
pub mod calendar;
pub mod durations;
pub mod histogram;
pub mod lognormal;
pub mod overdue;
pub mod overhead;
pub mod pipelines;
pub mod pool;
pub mod race;
pub mod schedule;
pub mod season;
pub mod waits;
pub mod worth;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::beside::beside;
use crate::model::id::{MachineId, PoolName};
use crate::model::machine::Machine;
use crate::model::outlook::Outlook;
use crate::model::pipeline::Look;
use crate::model::pool::{Policy, Speed};
use crate::model::snapshot::{Memory, PoolView};
use crate::model::time::Timestamp;

use durations::Durations;
use pipelines::{Seen, coming};
use pool::PoolForecast;

/// The shape of what is saved; a file of another is not read.
pub const VERSION: u32 = 1;

/// A look at the pipelines that is older says nothing any more.
const LOOK_MAX: Duration = Duration::from_secs(60);

/// What has been learned of all pools.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    version: u32,
    pools: BTreeMap<PoolName, PoolForecast>,
    /// How long blocks of pipelines take; a pipeline may go through several pools.
    #[serde(default)]
    durations: Durations,
    #[serde(skip)]
    seen: Seen,
}

impl Default for Forecast {
    fn default() -> Self {
        Self {
            version: VERSION,
            pools: BTreeMap::new(),
            durations: Durations::default(),
            seen: Seen::default(),
        }
    }
}

impl Forecast {
    /// Whether it has the shape that this program writes.
    pub fn is_current(&self) -> bool {
        self.version == VERSION
    }

    /// The same as it is believed of a file, which may be old, spoiled or another pool's: its
    /// shares and times stand, and a short time of watching outweighs it.
    #[must_use]
    pub fn doubted(mut self) -> Self {
        self.pools.values_mut().for_each(PoolForecast::doubt);
        self.durations.doubt();
        self
    }

    /// Takes in what a tick saw, after the memory has: a pool of which the hub did not give its
    /// counts teaches nothing. `look` is what was seen of running pipelines, if anything was.
    pub fn see(
        &mut self,
        policy: &Policy,
        pools: &BTreeMap<PoolName, PoolView>,
        machines: Option<&BTreeMap<MachineId, Machine>>,
        look: Option<&Look>,
        memory: &Memory,
        now: Timestamp,
    ) {
        self.pools.retain(|name, _| policy.pools.contains_key(name));
        let look = look.filter(|look| is_recent(look, now));
        let looked = look.map(|look| (look.at, self.seen.take_in(look, &mut self.durations)));
        let Some(machines) = machines else { return };
        for (name, pool_policy) in &policy.pools {
            if pool_policy.speculation.speed == Speed::Reactive {
                continue;
            }
            let Some(view) = pools.get(name) else {
                continue;
            };
            let of_pool = beside(machines, &memory.sightings)
                .filter(|(_, machine, _)| machine.pool == *name)
                .filter_map(|(_, machine, sighting)| Some((machine, sighting?)));
            let forecast = self.pools.entry(name.clone()).or_default();
            if let Some((looked_at, later)) = &looked {
                forecast.see_later(later.get(name).copied().unwrap_or(0), *looked_at);
            }
            forecast.see(view, of_pool, now);
        }
    }

    /// What is expected of each pool that may launch ahead of demand.
    pub fn outlooks(
        &mut self,
        policy: &Policy,
        look: Option<&Look>,
        now: Timestamp,
    ) -> BTreeMap<PoolName, Outlook> {
        let look = look.filter(|look| is_recent(look, now));
        let speculating = policy
            .pools
            .iter()
            .filter(|(_, pool)| pool.speculation.speed != Speed::Reactive);
        speculating
            .filter_map(|(name, pool)| {
                let forecast = self.pools.get_mut(name)?;
                let blocks =
                    look.map(|look| coming(look, name, &self.durations, &forecast.leads(), now));
                let outlook = forecast.outlook(pool.speculation, blocks.as_deref(), now);
                Some((name.clone(), outlook))
            })
            .collect()
    }
}

/// Whether a look is of now, and not of a hub that has been silent for long.
fn is_recent(look: &Look, now: Timestamp) -> bool {
    look.at <= now && now.since(look.at) <= LOOK_MAX
}
