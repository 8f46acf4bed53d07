//! The whole decision, step by step.

use std::collections::BTreeMap;

use crate::model::id::{MachineId, PoolName};
use crate::model::outlook::Outlook;
use crate::model::plan::{Balance, LaunchOrder, MachineVerdict, Plan, PoolPlan, WaitReason};
use crate::model::pool::{Policy, PoolPolicy, Speed};
use crate::model::snapshot::{PoolView, Snapshot};
use crate::model::time::Timestamp;

use super::census::{Census, Counted, census};
use super::demand::{Ahead, ahead, missing, picked_up};
use super::launch::{Grant, Request, request, share};
use super::supply::{Supply, supply};
use super::token::{Causes, launch_token};
use super::{jobs, reap, withhold};

/// Decides what to do about what was seen.
///
/// Takes a snapshot, the operator's policy and the present moment; gives a plan with one entry
/// for each pool of the policy. It is total and pure: see `docs/ARCHITECTURE.md`.
///
/// ```
/// use dayfly::model::{pool::Policy, snapshot::Snapshot, time::Timestamp};
/// use dayfly::model::id::Deployment;
///
/// let policy = Policy {
///     deployment: Deployment::new("ci"),
///     machines_max: 10,
///     launches_per_hour_max: 100,
///     hourly_max: None,
///     pools: Default::default(),
/// };
/// let plan = dayfly::plan::decide(&Snapshot::default(), &policy, Timestamp::from_seconds(0));
/// assert!(plan.pools.is_empty());
/// ```
pub fn decide(snapshot: &Snapshot, policy: &Policy, now: Timestamp) -> Plan {
    let blind = PoolView::default();
    let empty = Census::new();
    let censuses = census(snapshot, now);
    // All of them in the order of the policy, which is that of the names.
    let pools = policy.pools.iter().map(|(name, pool_policy)| {
        let view = snapshot.pools.get(name).unwrap_or(&blind);
        let census = censuses.get(name).unwrap_or(&empty);
        let outlook = outlook(snapshot, name, pool_policy);
        let overdue_after = outlook.and_then(|outlook| outlook.overdue_after);
        Pool {
            name,
            policy: pool_policy,
            view,
            census,
            outlook,
            supply: supply(census, view, overdue_after, now),
        }
    });
    let pools: Vec<Pool<'_>> = pools.collect();
    let balances = pools.iter().map(|pool| pool.balance(policy, now));
    let balances: Vec<Balance> = balances.collect();
    let requests = pools.iter().zip(&balances);
    let requests = requests.map(|(pool, balance)| pool.request(balance, policy, snapshot, now));
    let requests: Vec<Request> = requests.collect();
    let grants = share(&requests, snapshot, policy, now);
    let granted = balances.into_iter().zip(&requests).zip(grants);
    let plans = pools.iter().zip(granted);
    let plans = plans.map(|(pool, ((balance, request), grant))| {
        let plan = pool.plan(policy, snapshot, balance, request, grant, now);
        (pool.name.clone(), plan)
    });
    let plans = plans.collect();
    Plan {
        pools: plans,
        strays: strays(&censuses, policy, snapshot, now),
        clock: snapshot.clocks.disagreement(),
    }
}

/// What is expected of a pool, if it may launch ahead of demand.
fn outlook<'a>(
    snapshot: &'a Snapshot,
    name: &PoolName,
    policy: &PoolPolicy,
) -> Option<&'a Outlook> {
    match policy.speculation.speed {
        Speed::Reactive => None,
        Speed::Economy | Speed::Balanced | Speed::Fast | Speed::Worth(_) | Speed::WaitP95(_) => {
            snapshot.memory.outlooks.get(name)
        }
    }
}

/// One pool, and everything that its plan is made of.
#[derive(Clone, Copy)]
struct Pool<'a> {
    name: &'a PoolName,
    policy: &'a PoolPolicy,
    view: &'a PoolView,
    census: &'a Census<'a>,
    outlook: Option<&'a Outlook>,
    supply: Supply,
}

impl Pool<'_> {
    /// Need against supply. Without the hub's counts nothing is missing that we know of.
    fn balance(&self, policy: &Policy, now: Timestamp) -> Balance {
        let supply = self.supply;
        let picked_up = self
            .view
            .counts
            .map_or(0, |counts| picked_up(self.census, counts, supply, now));
        let draining = policy.machines_max == 0 || self.policy.machines_max == 0;
        let reserve = if draining {
            0
        } else {
            self.policy.reserve_at(now)
        };
        let queued = self
            .view
            .counts
            .map(|counts| counts.queued.saturating_sub(picked_up));
        let missing = queued.map_or(0, |queued| missing(queued, reserve, supply));
        let ahead = match (queued, self.outlook) {
            (Some(queued), Some(outlook)) if !draining => ahead(queued, reserve, supply, outlook),
            (Some(_) | None, Some(_) | None) => Ahead::default(),
        };
        Balance {
            queued: self.view.counts.map(|counts| counts.queued),
            reserve,
            expected: ahead.expected,
            race: ahead.race,
            booting: supply.booting,
            overdue: supply.overdue,
            waiting: supply.waiting,
            running: supply.running,
            picked_up,
            alive: supply.alive,
            missing,
            ahead: ahead.count,
            launched: 0,
        }
    }

    /// What the pool asks for; nothing at all while the cloud or the hub is silent.
    fn request(
        &self,
        balance: &Balance,
        policy: &Policy,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Request {
        let nothing = |obstacle| Request {
            missing: balance.missing,
            urgent: 0,
            alive: self.supply.alive,
            allowed: 0,
            ahead: 0,
            obstacle: Some(obstacle),
            offers: Vec::new(),
        };
        if snapshot.machines.is_none() {
            return nothing(WaitReason::CloudSilent);
        }
        if balance.queued.is_none() {
            return nothing(WaitReason::HubSilent);
        }
        if policy.machines_max == 0 && 0 < balance.missing {
            return nothing(WaitReason::Draining);
        }
        request(
            self.name,
            self.policy,
            &snapshot.memory,
            self.supply,
            balance,
            now,
        )
    }

    fn plan(
        &self,
        policy: &Policy,
        snapshot: &Snapshot,
        balance: Balance,
        request: &Request,
        grant: Grant,
        now: Timestamp,
    ) -> PoolPlan {
        let balance = Balance {
            launched: grant.count,
            ..balance
        };
        let listed = self.view.jobs.as_deref().unwrap_or_default();
        let silent = match grant.obstacle {
            Some(WaitReason::CloudSilent) => true,
            Some(_) | None => false,
        };
        let jobs = if silent {
            jobs::all_blocked(listed, &WaitReason::CloudSilent)
        } else {
            jobs::verdicts(listed, &balance, grant.obstacle.as_ref())
        };
        let kept_ready = balance.reserve.saturating_add(balance.expected);
        let order = |count| self.order(policy, count, kept_ready, &request.offers, now);
        let launch = (0 < grant.count).then(|| order(grant.count));
        PoolPlan {
            balance,
            jobs,
            machines: self.machines(snapshot, now),
            launch,
            obstacle: grant.obstacle,
            expectation: self.outlook.map(|outlook| outlook.expectation),
            next_block: self.outlook.and_then(|outlook| outlook.next_block.clone()),
        }
    }

    fn machines(&self, snapshot: &Snapshot, now: Timestamp) -> BTreeMap<MachineId, MachineVerdict> {
        let machines = self.census.iter();
        let verdicts = machines.map(|(_, counted)| reap::verdict(*counted, now));
        let mut verdicts: Vec<MachineVerdict> = verdicts.collect();
        withhold::withhold(self.census, &mut verdicts, snapshot, now);
        let ids = self.census.iter().map(|(id, _)| (*id).clone());
        ids.zip(verdicts).collect()
    }

    fn order(
        &self,
        policy: &Policy,
        count: u32,
        kept_ready: u32,
        offers: &[crate::model::offer::Offer],
        now: Timestamp,
    ) -> LaunchOrder {
        let causes = Causes {
            deployment: &policy.deployment,
            pool: self.name,
            template: &self.policy.template,
            count,
            offers,
            machines: self.census.iter().map(|(id, _)| *id).collect(),
        };
        LaunchOrder {
            token: launch_token(&causes, now),
            pool: self.name.clone(),
            count,
            template: self.policy.template.clone(),
            offers: offers.to_vec(),
            boot_limit: self.policy.boot_limit,
            lifetime: self.policy.lifetime,
            idle_timeout: self.policy.speculation.idle_timeout_beside(kept_ready),
        }
    }
}

/// Verdicts on the machines of pools that the policy does not have.
fn strays(
    censuses: &BTreeMap<&PoolName, Census<'_>>,
    policy: &Policy,
    snapshot: &Snapshot,
    now: Timestamp,
) -> BTreeMap<MachineId, MachineVerdict> {
    let verdict = |counted: Counted<'_>| {
        let mut verdict = reap::stray_verdict(counted, now);
        withhold::withhold_one(counted.machine, &mut verdict, snapshot, now);
        verdict
    };
    censuses
        .iter()
        .filter(|(name, _)| !policy.pools.contains_key(**name))
        .flat_map(|(_, census)| census)
        .map(|(id, counted)| ((*id).clone(), verdict(*counted)))
        .collect()
}
