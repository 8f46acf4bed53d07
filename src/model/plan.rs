//! What a tick decided: a verdict with its reason for every job and every machine,
//! and orders that leave no choice to whoever carries them out.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::clock::ClockDisagreement;
use super::id::{JobId, LaunchToken, MachineId, PoolName};
use super::offer::Offer;
use super::outlook::{Expectation, NextBlock};
use super::template::LaunchTemplate;
use super::time::Timestamp;

/// All decisions of one tick.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// One plan for each pool of the policy.
    pub pools: BTreeMap<PoolName, PoolPlan>,
    /// Verdicts on machines that carry our tag but belong to no pool of the policy.
    pub strays: BTreeMap<MachineId, MachineVerdict>,
    /// Another clock that disagrees with this host's; then nothing is terminated.
    #[serde(default)]
    pub clock: Option<ClockDisagreement>,
}

/// The decisions for one pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolPlan {
    /// The arithmetic behind the launch.
    pub balance: Balance,
    /// A verdict for every job that the hub listed.
    pub jobs: BTreeMap<JobId, JobVerdict>,
    /// A verdict for every machine of this pool.
    pub machines: BTreeMap<MachineId, MachineVerdict>,
    /// What to launch, if anything.
    pub launch: Option<LaunchOrder>,
    /// What stood in the way of launching all that is missing.
    pub obstacle: Option<WaitReason>,
    /// What is expected, where machines may be launched ahead of demand.
    #[serde(default)]
    pub expectation: Option<Expectation>,
    /// The block of a running pipeline that most of those machines are for, if any are.
    #[serde(default)]
    pub next_block: Option<NextBlock>,
}

impl Plan {
    /// The sum of one number of all pools; `None` if it is unknown of any of them.
    pub fn sum(&self, of: impl Fn(&Balance) -> Option<u32>) -> Option<u32> {
        self.pools.values().map(|pool| of(&pool.balance)).sum()
    }
}

/// Need against supply, in machines. What was not answered is `None`, which is not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// Queued jobs that an agent could take; `None` if the hub did not say.
    pub queued: Option<u32>,
    /// The reserve that the policy wants, whatever is expected.
    pub reserve: u32,
    /// Machines beyond that which are worth keeping ready for what is expected.
    #[serde(default)]
    pub expected: u32,
    /// Machines beyond the queued jobs that are worth launching because some boots are slow.
    #[serde(default)]
    pub race: u32,
    /// Machines within their boot limit whose agent has not registered yet; `None` if the cloud
    /// did not list its machines.
    pub booting: Option<u32>,
    /// Those of them that take so long that they are not counted upon.
    #[serde(default)]
    pub overdue: Option<u32>,
    /// Machines whose agent waits for a job; `None` if the machines are unknown, or if the hub
    /// returned neither its counts nor its agents.
    pub waiting: Option<u32>,
    /// Machines whose agent has a job; `None` as for `waiting`.
    pub running: Option<u32>,
    /// Jobs that the hub still lists as queued although an agent has just taken them.
    pub picked_up: u32,
    /// Machines that count against the caps; `None` if the cloud did not list its machines.
    pub alive: Option<u32>,
    /// Machines that are needed and not there, for queued jobs and the reserve; `None` if the
    /// queue or the machines are unknown.
    pub missing: Option<u32>,
    /// Machines that are worth launching ahead of demand, beyond those.
    #[serde(default)]
    pub ahead: u32,
    /// Machines that this plan launches.
    pub launched: u32,
}

/// One batch to launch: everything is decided, nothing is left to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchOrder {
    /// Made of the causes of this batch; a repeat gives the same machines.
    pub token: LaunchToken,
    /// For which pool.
    pub pool: PoolName,
    /// How many machines.
    pub count: u32,
    /// What is launched.
    pub template: LaunchTemplate,
    /// Where, the best first.
    pub offers: Vec<Offer>,
    /// Tagged on the machine: how long it may boot.
    pub boot_limit: Duration,
    /// Tagged on the machine: how long it may live.
    pub lifetime: Duration,
    /// Tagged on the machine: how long its agent waits for a job before the hub sends it away.
    pub idle_timeout: Duration,
}

/// What happens for one job, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum JobVerdict {
    /// An agent that waits will be offered it.
    Waiting,
    /// A machine that boots will be offered it.
    Booting,
    /// A machine is launched because of it.
    Launch,
    /// It was just taken; the hub's queue still lists it.
    PickedUp,
    /// The hub lists it, and no agent could take it yet.
    NotReady,
    /// No machine is launched for it, for this reason.
    Blocked {
        /// What stands in the way.
        reason: WaitReason,
    },
}

/// What stands in the way of a launch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum WaitReason {
    /// `machines_max = 0`: the pool or the deployment is being drained.
    Draining,
    /// The pool has as many machines as it may.
    PoolCap {
        /// `machines_max` of the pool.
        machines_max: u32,
    },
    /// All pools together have as many machines as they may.
    DeploymentCap {
        /// `machines_max` of the deployment.
        machines_max: u32,
    },
    /// As many machines as an hour may see have been launched.
    LaunchRate {
        /// `launches_per_hour_max` of the deployment.
        launches_per_hour_max: u32,
    },
    /// Another machine would cost more than the budget allows.
    Budget,
    /// Boots of this template version keep failing.
    BreakerOpen {
        /// When one machine is tried.
        until: Timestamp,
        /// Failed boots in a row.
        failures: u32,
    },
    /// Boots failed, and the one machine that is tried now has not registered yet.
    BreakerProbing,
    /// Machines ended without a sign of an agent: one is launched at a time until one registers.
    BootsUnknown {
        /// How many in a row.
        unknown: u32,
    },
    /// The hub registers no more agents.
    AgentQuota {
        /// How many of ours it had when it refused another.
        agents: u32,
        /// When one more machine is tried.
        until: Timestamp,
    },
    /// No offer has capacity.
    NoCapacity {
        /// When the first of them is tried again.
        until: Timestamp,
        /// The cloud's word for that one: capacity, a quota, or addresses.
        word: String,
    },
    /// No spot offer has capacity, and it is too early for on-demand ones.
    SpotPatience {
        /// Since when spot fails.
        since: Timestamp,
        /// How long it may.
        patience: Duration,
        /// The cloud's last word for it.
        word: String,
    },
    /// The cloud refused the configuration.
    Refused {
        /// The cloud's word.
        word: String,
        /// When launching is tried once more.
        until: Timestamp,
    },
    /// The cloud did not list its machines.
    CloudSilent,
    /// The hub did not return counts.
    HubSilent,
}

/// What happens to one machine, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum MachineVerdict {
    /// It stays.
    Keep {
        /// Why it stays.
        reason: KeepReason,
    },
    /// It is ended now.
    End {
        /// Why it is ended.
        reason: EndReason,
    },
    /// No source explains it; it is left to its own timers.
    Undecided {
        /// What is not known.
        reason: UndecidedReason,
    },
}

/// Why a machine stays.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum KeepReason {
    /// An operator holds it.
    Held,
    /// Its agent has until then to register.
    Booting {
        /// The boot limit, as a moment.
        until: Timestamp,
    },
    /// As booting, and the cloud's own checks of it fail: another is launched in its place.
    Impaired {
        /// The boot limit, as a moment.
        until: Timestamp,
    },
    /// Its agent waits for a job; the hub ends it when it has waited long enough.
    Waiting,
    /// Its agent has a job.
    Running,
    /// Its agent has registered; whether it has a job is not known.
    Registered,
    /// It has nothing left to do, and powers itself off until then.
    Closing {
        /// When it is ended from outside.
        until: Timestamp,
    },
    /// The cloud is ending it already, or has.
    Ending,
    /// It should be terminated, and so should too many others of its pool at once, because the
    /// hub's agent list does not show their agents: it stays until that has lasted.
    Unconfirmed {
        /// Why it should be terminated.
        wanted: EndReason,
        /// How many machines of the pool are missing from the list so.
        machines: u32,
        /// When it is terminated if nothing changes.
        until: Timestamp,
    },
    /// It should be terminated because the hub's agent list lacks its agent, but too few answers
    /// in a row have said so.
    TooFewAnswers {
        /// Why it should be terminated.
        wanted: EndReason,
        /// How many have.
        answers: u32,
    },
    /// It should be terminated, but this host's clock disagrees with another, and the reason is a
    /// span that was measured with it.
    ClocksDisagree {
        /// Why it should be terminated.
        wanted: EndReason,
    },
    /// It should be terminated, and the cloud refuses: it is asked again later.
    TerminationRefused {
        /// Why it should be terminated.
        wanted: EndReason,
        /// The cloud's words.
        refusal: String,
        /// When the cloud is asked again.
        until: Timestamp,
    },
}

/// Why a machine is ended from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum EndReason {
    /// No agent registered within the boot limit.
    BootLimit {
        /// The limit.
        limit: Duration,
    },
    /// The agent had registered and is gone, and the machine did not end by itself.
    AgentLeft {
        /// Since when it was missing.
        since: Timestamp,
    },
    /// It exists for longer than any machine may.
    Lifetime {
        /// The limit.
        limit: Duration,
    },
}

/// What is not known of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum UndecidedReason {
    /// It is past its boot limit, and neither the hub nor its console tells whether an agent came.
    AgentUnknown,
    /// Its pool is not in the configuration.
    PoolUnknown,
}
