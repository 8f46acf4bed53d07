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
use super::launch::{Grant, Need, Request, request, share};
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
    let mut censuses = census(snapshot, now);
    let pools: Vec<Pool<'_>> = policy
        .pools
        .iter()
        .map(|(name, pool_policy)| {
            let census = censuses.remove(name).unwrap_or_default();
            Pool::new(name, pool_policy, census, snapshot, policy, now)
        })
        .collect();
    let requests: Vec<Request> = pools
        .iter()
        .map(|pool| pool.request(snapshot, policy, now))
        .collect();
    let grants = share(&requests, snapshot, policy, now);
    let granted = pools.iter().zip(&requests).zip(grants);
    Plan {
        pools: granted
            .map(|((pool, request), grant)| {
                let plan = pool.plan(snapshot, policy, request, grant, now);
                (pool.name.clone(), plan)
            })
            .collect(),
        strays: strays(&censuses, snapshot, now),
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
            snapshot.outlooks.get(name)
        }
    }
}

/// A pool of which the hub said nothing.
static UNKNOWN: PoolView = PoolView {
    counts: None,
    jobs: None,
    agents: None,
};

/// One pool, and everything that its plan is made of.
struct Pool<'a> {
    name: &'a PoolName,
    policy: &'a PoolPolicy,
    view: &'a PoolView,
    census: Census<'a>,
    outlook: Option<&'a Outlook>,
    supply: Supply,
    balance: Balance,
}

impl<'a> Pool<'a> {
    fn new(
        name: &'a PoolName,
        pool_policy: &'a PoolPolicy,
        census: Census<'a>,
        snapshot: &'a Snapshot,
        policy: &Policy,
        now: Timestamp,
    ) -> Self {
        let view = snapshot.pools.get(name).unwrap_or(&UNKNOWN);
        let outlook = outlook(snapshot, name, pool_policy);
        let overdue_after = outlook.and_then(|outlook| outlook.overdue_after);
        let supply = supply(&census, view, overdue_after, now);
        let mut pool = Self {
            name,
            policy: pool_policy,
            view,
            census,
            outlook,
            supply,
            balance: Balance::default(),
        };
        pool.balance = pool.balance(snapshot, policy, now);
        pool
    }

    /// Need against supply. What was not answered stays unknown.
    fn balance(&self, snapshot: &Snapshot, policy: &Policy, now: Timestamp) -> Balance {
        let supply = self.supply;
        let counts = self.view.counts;
        let draining = policy.machines_max == 0 || self.policy.machines_max == 0;
        let reserve = if draining {
            0
        } else {
            self.policy.reserve_at(now)
        };
        let picked_up = counts.map_or(0, |counts| picked_up(&self.census, counts, supply, now));
        let untaken = counts.map(|counts| counts.queued.saturating_sub(picked_up));
        let ahead = match (untaken, self.outlook) {
            (Some(untaken), Some(outlook)) if !draining => ahead(untaken, reserve, supply, outlook),
            (Some(_) | None, Some(_) | None) => Ahead::default(),
        };
        let listed = |count| snapshot.machines.is_some().then_some(count);
        let has_agents = self.view.agents.is_some() || counts.is_some();
        let reported = |count| listed(count).filter(|_| has_agents);
        Balance {
            queued: counts.map(|counts| counts.queued),
            reserve,
            expected: ahead.expected,
            race: ahead.race,
            booting: listed(supply.booting),
            overdue: listed(supply.overdue),
            waiting: reported(supply.waiting),
            running: reported(supply.running),
            picked_up,
            alive: listed(supply.alive),
            missing: untaken.and_then(|untaken| listed(missing(untaken, reserve, supply))),
            ahead: ahead.count,
            launched: 0,
        }
    }

    /// What the pool asks for: nothing at all while its queue or the machines are unknown.
    fn request(&self, snapshot: &Snapshot, policy: &Policy, now: Timestamp) -> Request {
        let nothing = |obstacle| Request {
            missing: 0,
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
        let Some(missing) = self.balance.missing else {
            return nothing(WaitReason::HubSilent);
        };
        if policy.machines_max == 0 && 0 < missing {
            return nothing(WaitReason::Draining);
        }
        let need = Need {
            missing,
            reserve: self.balance.reserve,
            ahead: self.balance.ahead,
        };
        request(
            self.name,
            self.policy,
            &snapshot.memory,
            self.supply,
            need,
            now,
        )
    }

    fn plan(
        &self,
        snapshot: &Snapshot,
        policy: &Policy,
        request: &Request,
        grant: Grant,
        now: Timestamp,
    ) -> PoolPlan {
        let balance = Balance {
            launched: grant.count,
            ..self.balance
        };
        let listed = self.view.jobs.as_deref().unwrap_or_default();
        let jobs = match &grant.obstacle {
            Some(unknown @ WaitReason::CloudSilent) => jobs::all_blocked(listed, unknown),
            obstacle => jobs::verdicts(listed, &balance, self.supply, obstacle.as_ref()),
        };
        let kept_ready = balance.reserve.saturating_add(balance.expected);
        let order = |count| self.order(policy, count, kept_ready, &request.offers, now);
        PoolPlan {
            balance,
            jobs,
            machines: self.machines(snapshot, now),
            launch: (0 < grant.count).then(|| order(grant.count)),
            obstacle: grant.obstacle,
            expectation: self.outlook.map(|outlook| outlook.expectation),
            next_block: self.outlook.and_then(|outlook| outlook.next_block.clone()),
        }
    }

    fn machines(&self, snapshot: &Snapshot, now: Timestamp) -> BTreeMap<MachineId, MachineVerdict> {
        let mut verdicts: Vec<MachineVerdict> = self
            .census
            .iter()
            .map(|(_, counted)| reap::verdict(*counted, now))
            .collect();
        withhold::withhold(&self.census, &mut verdicts, snapshot, now);
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
    snapshot: &Snapshot,
    now: Timestamp,
) -> BTreeMap<MachineId, MachineVerdict> {
    let verdict = |counted: Counted<'_>| {
        let mut verdict = reap::stray_verdict(counted, now);
        withhold::withhold_one(counted.machine, &mut verdict, snapshot, now);
        verdict
    };
    censuses
        .values()
        .flatten()
        .map(|(id, counted)| ((*id).clone(), verdict(*counted)))
        .collect()
}
