//! What keeps pools from launching, said once: when it begins, when its reason changes, when it ends.
//!
//! A trouble outlasts the ticks in which nothing shows it. The cloud that refuses is asked again
//! every five minutes, and a breaker that is open lets one machine be tried: neither means that
//! the trouble is over. A cap ends when nothing is held back; everything else only by proof, a
//! machine that came or, after failed boots, an agent that registered.

use std::collections::BTreeMap;

use crate::model::id::PoolName;
use crate::model::plan::{PoolPlan, WaitReason};
use crate::model::time::Timestamp;
use crate::plan::explain::reasons::wait_reason;
use crate::ports::LaunchError;

use super::apply::Outcome;
use super::tick::Tick;

/// The troubles that have begun and not ended, one for each pool at most.
#[derive(Debug, Default)]
pub struct Troubles {
    standing: BTreeMap<PoolName, Trouble>,
}

/// What to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A pool launches less than is missing, for a reason that it did not have before.
    Began {
        /// Which pool.
        pool: PoolName,
        /// Why, in words.
        reason: String,
    },
    /// It is over.
    Ended {
        /// Which pool.
        pool: PoolName,
        /// What it was, in the words of its beginning.
        reason: String,
        /// When it began.
        since: Timestamp,
    },
}

#[derive(Clone, Debug)]
struct Trouble {
    kind: Kind,
    reason: String,
    since: Timestamp,
}

/// A reason without its numbers and moments, which change while the trouble stays.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// A limit that the operator has set.
    Limit(Limit),
    /// Boots keep failing, whether one is being tried or not.
    Boots,
    NoCapacity,
    /// The cloud's word belongs to it: another word is another mistake.
    Refused(String),
    Throttled,
    NoAnswer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    Draining,
    PoolCap,
    DeploymentCap,
    LaunchRate,
    Budget,
    AgentQuota,
}

/// What one tick shows of one pool.
enum Seen {
    /// Everything that was missing has come, or nothing was missing.
    Clear {
        /// Machines came.
        launched: bool,
    },
    /// Nothing can be told.
    Nothing,
    /// It launched less than is missing.
    Trouble(Kind, String),
}

impl Troubles {
    /// Takes in a tick and gives what has changed, by the pools' names.
    pub fn update(&mut self, tick: &Tick) -> Vec<Change> {
        // A pool that is configured no longer has no trouble, and nobody misses it.
        self.standing
            .retain(|name, _| tick.plan.pools.contains_key(name));
        let pools = tick.plan.pools.iter();
        pools
            .filter_map(|(name, pool)| self.change(tick, name, pool))
            .collect()
    }

    fn change(&mut self, tick: &Tick, name: &PoolName, pool: &PoolPlan) -> Option<Change> {
        let standing = self.standing.get(name);
        match seen(tick, name, pool) {
            Seen::Trouble(kind, reason) => {
                if standing.is_some_and(|trouble| trouble.outlasts(&kind)) {
                    return None;
                }
                let trouble = Trouble {
                    kind,
                    reason: reason.clone(),
                    since: tick.at,
                };
                self.standing.insert(name.clone(), trouble);
                let pool = name.clone();
                Some(Change::Began { pool, reason })
            }
            Seen::Clear { launched } => {
                if !has_ended(standing?, launched, tick, name) {
                    return None;
                }
                let Trouble { reason, since, .. } = self.standing.remove(name)?;
                Some(Change::Ended {
                    pool: name.clone(),
                    reason,
                    since,
                })
            }
            Seen::Nothing => None,
        }
    }
}

impl Trouble {
    /// Whether a tick that shows this kind says nothing new: the same again, or a call that
    /// failed by the way, which proves nothing about a trouble that lasts.
    fn outlasts(&self, kind: &Kind) -> bool {
        let is_lasting = match self.kind {
            Kind::Boots | Kind::NoCapacity | Kind::Refused(_) => true,
            Kind::Limit(_) | Kind::Throttled | Kind::NoAnswer => false,
        };
        let is_passing = match kind {
            Kind::Throttled | Kind::NoAnswer => true,
            Kind::Limit(_) | Kind::Boots | Kind::NoCapacity | Kind::Refused(_) => false,
        };
        self.kind == *kind || (is_lasting && is_passing)
    }
}

fn has_ended(trouble: &Trouble, launched: bool, tick: &Tick, name: &PoolName) -> bool {
    match trouble.kind {
        Kind::Limit(_) => true,
        Kind::Boots => has_registered(tick, name, trouble.since),
        Kind::NoCapacity | Kind::Refused(_) | Kind::Throttled | Kind::NoAnswer => launched,
    }
}

/// Whether a machine of the pool has had an agent since then.
fn has_registered(tick: &Tick, name: &PoolName, since: Timestamp) -> bool {
    let of_pool = tick.snapshot.machines.iter().flatten();
    let mut of_pool = of_pool.filter(|(_, machine)| machine.pool == *name);
    // What this tick saw first has been noted before it was decided upon.
    of_pool.any(|(id, _)| {
        let sighting = tick.snapshot.memory.sightings.get(id);
        sighting
            .and_then(|sighting| sighting.registered_at)
            .is_some_and(|at| since <= at)
    })
}

fn seen(tick: &Tick, name: &PoolName, pool: &PoolPlan) -> Seen {
    if let Some(seen) = seen_launching(tick, name) {
        // A launch that gave all it was asked for may still have been held back by a limit.
        return match (seen, &pool.obstacle) {
            (Seen::Clear { .. }, Some(obstacle)) => seen_obstacle(obstacle, tick.at),
            (seen, _) => seen,
        };
    }
    match &pool.obstacle {
        Some(obstacle) => seen_obstacle(obstacle, tick.at),
        None if tick.violations.is_empty() => Seen::Clear { launched: false },
        None => Seen::Nothing,
    }
}

fn seen_launching(tick: &Tick, name: &PoolName) -> Option<Seen> {
    tick.outcomes.iter().find_map(|outcome| match outcome {
        Outcome::LaunchFailed { order, error } if order.pool == *name => {
            let kind = match error {
                LaunchError::NoCapacity { .. } => Kind::NoCapacity,
                LaunchError::Throttled => Kind::Throttled,
                LaunchError::Refused { reason } => Kind::Refused(reason.clone()),
                LaunchError::Unknown { .. } => Kind::NoAnswer,
            };
            Some(Seen::Trouble(kind, error.to_string()))
        }
        Outcome::Launched { order, launched } if order.pool == *name => {
            // A part that came neither proves nor disproves that there is capacity.
            let is_whole = launched.machines.len() as u64 >= u64::from(order.count);
            Some(if is_whole {
                Seen::Clear { launched: true }
            } else {
                Seen::Nothing
            })
        }
        Outcome::Launched { .. }
        | Outcome::LaunchFailed { .. }
        | Outcome::Ended { .. }
        | Outcome::EndFailed { .. } => None,
    })
}

fn seen_obstacle(obstacle: &WaitReason, now: Timestamp) -> Seen {
    let kind = match obstacle {
        WaitReason::Draining => Kind::Limit(Limit::Draining),
        WaitReason::PoolCap { .. } => Kind::Limit(Limit::PoolCap),
        WaitReason::DeploymentCap { .. } => Kind::Limit(Limit::DeploymentCap),
        WaitReason::LaunchRate { .. } => Kind::Limit(Limit::LaunchRate),
        WaitReason::Budget => Kind::Limit(Limit::Budget),
        WaitReason::BreakerOpen { .. }
        | WaitReason::BreakerProbing
        | WaitReason::BootsUnknown { .. } => Kind::Boots,
        WaitReason::AgentQuota { .. } => Kind::Limit(Limit::AgentQuota),
        WaitReason::NoCapacity { .. } | WaitReason::SpotPatience { .. } => Kind::NoCapacity,
        WaitReason::Refused { word, .. } => Kind::Refused(word.clone()),
        // Who did not answer is said on its own, and whatever stood in the way may still.
        WaitReason::CloudSilent | WaitReason::HubSilent => return Seen::Nothing,
    };
    Seen::Trouble(kind, wait_reason(obstacle, now))
}
