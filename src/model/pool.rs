//! What an operator wants: the caps of a deployment and of each pool.
//!
//! Built by `config::resolve` alone, so every value in it has been checked.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::hours::{ReserveHours, largest};
use super::id::{AgentType, Deployment, PoolName};
use super::money::MicroDollars;
use super::offer::{Market, Offer};
use super::template::LaunchTemplate;
use super::time::Timestamp;

/// The operator's wishes and limits for all pools together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The tag value that marks our machines.
    pub deployment: Deployment,
    /// Live machines of all pools together. Zero drains.
    pub machines_max: u32,
    /// Launches of all pools together within any hour.
    pub launches_per_hour_max: u32,
    /// What all live machines together may cost in an hour; no limit if absent.
    pub hourly_max: Option<MicroDollars>,
    /// The pools, by name.
    pub pools: BTreeMap<PoolName, PoolPolicy>,
}

/// What an hour costs on the spot market, by instance type and subnet.
pub type SpotPrices = BTreeMap<(String, String), MicroDollars>;

impl Policy {
    /// The same policy with spot offers at what they cost now. A configuration gives them the
    /// on-demand price, which is their upper bound and stays so; zero stands for an unknown price.
    #[must_use]
    pub fn with_spot_prices(mut self, prices: &SpotPrices) -> Self {
        for offer in self.pools.values_mut().flat_map(|pool| &mut pool.offers) {
            let place = (offer.instance_type.clone(), offer.subnet.clone());
            match (offer.market, prices.get(&place)) {
                (Market::Spot, Some(price)) if offer.hourly == MicroDollars::default() => {
                    offer.hourly = *price;
                }
                (Market::Spot, Some(price)) => offer.hourly = offer.hourly.min(*price),
                (Market::Spot, None) | (Market::OnDemand, _) => {}
            }
        }
        self
    }
}

/// The operator's wishes and limits for one pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolPolicy {
    /// The hub's name for this pool.
    pub agent_type: AgentType,
    /// Live machines of this pool. Zero drains it.
    pub machines_max: u32,
    /// Machines kept waiting ahead of demand, at any time.
    pub reserve: u32,
    /// Hours in which it may be more.
    #[serde(default)]
    pub reserve_hours: Vec<ReserveHours>,
    /// From launch to a registered agent, at most.
    pub boot_limit: Duration,
    /// From launch to the end, at most, whatever the machine does.
    pub lifetime: Duration,
    /// What is launched.
    pub template: LaunchTemplate,
    /// Where to launch it, the best first. Never empty.
    pub offers: Vec<Offer>,
    /// How long spot offers may fail before on-demand ones are taken, where there are both.
    pub spot_patience: Duration,
    /// When to stop repeating boots that fail.
    pub breaker: BreakerPolicy,
    /// What may be launched ahead of demand.
    #[serde(default)]
    pub speculation: Speculation,
}

impl PoolPolicy {
    /// Machines kept waiting ahead of demand at a moment: the most that its hours or the rest of
    /// the policy ask for.
    pub fn reserve_at(&self, now: Timestamp) -> u32 {
        let hours = self.reserve_hours.iter().filter(|hours| hours.hold(now));
        self.reserve.max(largest(hours))
    }

    /// Machines kept waiting ahead of demand when they are the most.
    pub fn reserve_max(&self) -> u32 {
        self.reserve.max(largest(&self.reserve_hours))
    }
}

/// What may be launched ahead of demand, and what a job's waiting is worth.
///
/// The default is none of it: launches follow the queue and the fixed reserve alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speculation {
    /// What a job's waiting minute is worth.
    pub speed: Speed,
    /// Whether more machines than jobs may be launched, so that slow boots are overtaken.
    pub race: bool,
    /// Machine time that no job used, in percent of what jobs used, over a day; beyond it
    /// launches follow the queue alone.
    pub overhead_max_percent: u32,
    /// How long an agent that is kept ready waits for a job before the hub sends it away.
    pub idle_timeout: Duration,
    /// How long one waits at least that was launched for a queued job, where none is kept ready.
    pub spare_timeout: Duration,
}

impl Speculation {
    /// Measured (docs/POLICY.md): a machine that is sent away sooner is launched anew too often,
    /// and one that stays longer outlives what it was launched for.
    pub const IDLE_TIMEOUT: Duration = Duration::from_secs(120);
    /// Another machine has taken its job: it stays while it costs nothing, and leaves with its next
    /// sync after that (docs/POLICY.md).
    pub const SPARE_TIMEOUT: Duration = Duration::from_secs(5);
    /// How long after its boot began a machine costs nothing more: EC2 bills a minute at least
    /// (aws.md F). An agent hears that it may leave with one of its syncs, six seconds later at
    /// most (protocol.md 4.3), and some more pass until the power is off.
    pub const PAID_ANYWAY: Duration = Duration::from_secs(50);

    /// What holds where a configuration says nothing.
    pub const fn product() -> Self {
        Self::of(Speed::Balanced)
    }

    /// What holds for a speed where a configuration says nothing else. Who pays for thirty minutes
    /// of a machine to save one of waiting lets machines wait for longer than jobs run.
    pub const fn of(speed: Speed) -> Self {
        Self {
            speed,
            race: true,
            overhead_max_percent: match speed {
                Speed::Reactive | Speed::Economy | Speed::Balanced => 100,
                // Who wants a wait pays for it, up to what the fastest named speed would.
                Speed::Fast | Speed::WaitP95(_) => 300,
                // As the named speed that it is nearest to below.
                Speed::Worth(worth) if 30 <= worth => 300,
                Speed::Worth(_) => 100,
            },
            idle_timeout: Self::IDLE_TIMEOUT,
            spare_timeout: Self::SPARE_TIMEOUT,
        }
    }

    /// How long the agents of a launch wait for a job, next to so many machines that are worth
    /// keeping ready. Where any is, a machine that finds no job is one of those; elsewhere somebody
    /// else took its job, and it only costs.
    pub fn idle_timeout_beside(&self, kept_ready: u32) -> Duration {
        if 0 < kept_ready {
            self.idle_timeout
        } else {
            self.spare_timeout
        }
    }

    /// How long an agent waits for a job whose launch says so long, and whose machine has been on
    /// for so long when it registers: nobody leaves before the minute is over that is paid anyway.
    /// (In a machine, `begin.py` of `cloud-init/user-data.yaml` does the same.)
    pub fn idle_timeout_at(told: Duration, uptime: Duration) -> Duration {
        told.max(Self::PAID_ANYWAY.saturating_sub(uptime))
    }
}

impl Default for Speculation {
    fn default() -> Self {
        Self {
            speed: Speed::Reactive,
            race: false,
            ..Self::product()
        }
    }
}

/// What a job's waiting is worth, in machine time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Speed {
    /// Nothing: no machine is launched ahead of demand.
    #[default]
    Reactive,
    /// A waiting minute is worth three minutes of a machine.
    Economy,
    /// Ten.
    Balanced,
    /// Thirty.
    Fast,
    /// So many.
    Worth(u32),
    /// As many as let nineteen jobs in twenty wait for so long at most; they are searched for
    /// (`forecast::worth`).
    WaitP95(Duration),
}

impl Speed {
    /// Waits are told apart up to so many seconds (`forecast::worth`): no longer one can be wanted.
    pub const WAIT_MAX_SECONDS: u32 = 300;

    /// How long nineteen jobs in twenty are to wait at most, where that is what is wanted.
    pub const fn wanted_wait(self) -> Option<Duration> {
        match self {
            Self::WaitP95(wanted) => Some(wanted),
            Self::Reactive | Self::Economy | Self::Balanced | Self::Fast | Self::Worth(_) => None,
        }
    }

    /// Seconds of a machine that a second of waiting is worth; of a wanted wait, at first.
    pub const fn waiting_worth(self) -> u32 {
        match self {
            Self::Reactive => 0,
            Self::Economy => 3,
            Self::Balanced | Self::WaitP95(_) => 10,
            Self::Fast => 30,
            Self::Worth(worth) => worth,
        }
    }
}

/// When boots that keep failing stop being repeated, per pool and template version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerPolicy {
    /// Failed boots in a row that open the breaker.
    pub failures_max: u32,
    /// How long it stays open before one machine is tried.
    pub pause: Duration,
}
