//! What a tick saw. An answer that did not come is `None`, which is not "empty".

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::clock::ClockOffsets;
use super::copied_late::Shared;
use super::id::{JobId, MachineId, PoolName, TemplateVersion};
use super::job::{AgentReport, QueueCounts};
use super::machine::Machine;
use super::money::MicroDollars;
use super::offer::Offer;
use super::outlook::Outlook;
use super::time::Timestamp;

/// Machines by their ids, handed on without a copy from the cloud that lists them to whoever
/// keeps a tick.
pub type Machines = Shared<BTreeMap<MachineId, Machine>>;

/// Everything that `decide` may look at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// What the hub said of each pool.
    pub pools: BTreeMap<PoolName, PoolView>,
    /// The machines that carry our deployment's tag, of all pools, from one listing.
    pub machines: Option<Machines>,
    /// How far this host's clock is from the clocks of those who answered.
    #[serde(default)]
    pub clocks: ClockOffsets,
    /// What is expected now of each pool that may launch ahead of demand.
    #[serde(default)]
    pub outlooks: BTreeMap<PoolName, Outlook>,
    /// What earlier ticks remember. Losing it costs money, never correctness. The scaler goes on
    /// with the same memory, so a snapshot does not copy it.
    pub memory: Shared<Memory>,
}

/// What the hub said of one pool's agent type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolView {
    /// The counts; without them nothing is launched.
    pub counts: Option<QueueCounts>,
    /// Jobs that have not started, oldest first, at most 500 and some of them not yet to be had.
    pub jobs: Option<Vec<JobId>>,
    /// The registered agents by name, where an API token lets us list them.
    pub agents: Option<BTreeMap<MachineId, AgentReport>>,
}

/// Hints from earlier ticks of the same process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// When the last tick saw the world, by this host's clock.
    #[serde(default)]
    pub ticked_at: Timestamp,
    /// Machines that were launched and that the cloud's list has not shown yet.
    pub ledger: BTreeMap<MachineId, Machine>,
    /// When each launch of the last hour was made, and how many machines it gave.
    pub launches: BTreeMap<Timestamp, u32>,
    /// Offers that had no capacity, and until when they are left alone.
    #[serde(with = "super::pairs")]
    pub unavailable: BTreeMap<Offer, Shortage>,
    /// Pools that ask for spot machines and get none.
    pub droughts: BTreeMap<PoolName, Drought>,
    /// Pools whose configuration the cloud has refused, and its word.
    pub refused: BTreeMap<PoolName, Refusal>,
    /// How many agents the hub accepts, if it has refused one.
    #[serde(default)]
    pub agent_quota: Option<AgentQuota>,
    /// What the hub's answers about each pool told of its agents as a whole.
    #[serde(default)]
    pub agent_signs: BTreeMap<PoolName, AgentSigns>,
    /// Machines that the cloud refuses to terminate.
    #[serde(default)]
    pub refused_terminations: BTreeMap<MachineId, RefusedTermination>,
    /// Failed boots in a row.
    pub boots: BTreeMap<PoolName, BTreeMap<TemplateVersion, BootRecord>>,
    /// What is known of each machine's agent from earlier looks.
    pub sightings: BTreeMap<MachineId, Sighting>,
    /// The jobs of each pool that an agent could take, and when each was first seen as one.
    #[serde(default)]
    pub waiting: BTreeMap<PoolName, BTreeMap<JobId, Timestamp>>,
}

impl PoolView {
    /// Whether an agent that the hub's list does not show is not registered: the counts, which
    /// came with the list, know of no further agent. One answer alone proves no absence, because
    /// a list that is empty by mistake would end every running job.
    pub fn lists_every_agent(&self) -> bool {
        let (Some(agents), Some(counts)) = (&self.agents, self.counts) else {
            return false;
        };
        counts.agents() as usize <= agents.len()
    }
}

impl Memory {
    /// What is known of an offer that is left alone at that moment, at whatever price: the price
    /// of spot machines moves, and a place without capacity stays one.
    pub fn shortage(&self, offer: &Offer, now: Timestamp) -> Option<&Shortage> {
        if self.unavailable.is_empty() {
            return None;
        }
        let at = |hourly| Offer {
            hourly,
            ..offer.clone()
        };
        let prices = at(MicroDollars(u64::MIN))..=at(MicroDollars(u64::MAX));
        let shortages = self.unavailable.range(prices).map(|(_, shortage)| shortage);
        shortages.filter(|shortage| now < shortage.until).max()
    }
}

/// An offer has no capacity.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shortage {
    /// When it is tried again.
    pub until: Timestamp,
    /// The cloud's word for it: capacity, a quota, or addresses.
    pub word: String,
}

/// A pool asks for spot machines and gets none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drought {
    /// When the first of these orders failed.
    pub since: Timestamp,
    /// When spot machines were asked for last.
    pub asked_at: Timestamp,
    /// The cloud's last word for it.
    pub word: String,
}

/// A cloud's refusal that trying again would not change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The cloud's word for it.
    pub reason: String,
    /// When launching is tried once more.
    pub until: Timestamp,
}

/// The cloud refuses to terminate a machine, for example because it is protected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedTermination {
    /// The cloud's words.
    pub refusal: String,
    /// Refusals in a row.
    pub refusals: u32,
    /// When the cloud is asked again.
    pub retry_at: Timestamp,
}

/// How the boots of one template version went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootRecord {
    /// Boots that failed since the last one that did not.
    pub failures: u32,
    /// When the last one failed.
    pub failed_at: Timestamp,
    /// Machines in a row that ended without a sign of an agent and without evidence against one.
    #[serde(default)]
    pub unknown: u32,
}

/// Signs of agents that need no list of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSigns {
    /// Agents that the hub counted when it last did.
    pub counted: u32,
    /// When an agent was last known to have registered: the hub counted more than before, or a
    /// job had left the queue.
    pub seen_at: Option<Timestamp>,
}

/// The hub has refused to register an agent, because the organization has as many as it may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentQuota {
    /// How many agents of our pools the hub had when it refused another; the organization's quota
    /// counts those of other agent types as well.
    pub agents: u32,
    /// When it last refused one.
    pub refused_at: Timestamp,
}

/// What earlier looks saw of a machine's agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// When the agent was first seen registered.
    pub registered_at: Option<Timestamp>,
    /// When it was first seen with a job.
    pub running_since: Option<Timestamp>,
    /// Since when it is missing after having been registered.
    pub missing_since: Option<Timestamp>,
    /// Since when the hub's agent list, where it is believed, has not shown its agent.
    #[serde(default)]
    pub absent_since: Option<Timestamp>,
    /// How many answers have said so in a row. Failed requests in between do not count, and end
    /// the row only if they last.
    #[serde(default)]
    pub absent_answers: u32,
    /// Since when the hub's agent list has not shown its agent, believed or contradicted by the
    /// hub's counts.
    #[serde(default)]
    pub unlisted_since: Option<Timestamp>,
    /// When the list last came without it.
    #[serde(default)]
    pub unlisted_at: Option<Timestamp>,
    /// Its boot has been counted as failed already.
    pub boot_failed: bool,
    /// Its boot has been counted as unknown, and nothing has proved it since.
    #[serde(default)]
    pub boot_unknown: bool,
    /// The hub refused its agent, which has been noted.
    #[serde(default)]
    pub refused_by_hub: bool,
    /// When that was.
    #[serde(default)]
    pub boot_failed_at: Option<Timestamp>,
    /// When its console was last read.
    #[serde(default)]
    pub console_read_at: Option<Timestamp>,
    /// How often its console was read.
    #[serde(default)]
    pub console_reads: u32,
}
