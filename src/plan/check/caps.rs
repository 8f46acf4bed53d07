//! Whether a plan stays within the limits: machines, launches, dollars, and the hub's agents.

use std::time::Duration;

use super::{Violation, launches};
use crate::model::id::MachineId;
use crate::model::machine::{Machine, Phase};
use crate::model::plan::{LaunchOrder, Plan};
use crate::model::pool::Policy;
use crate::model::snapshot::Snapshot;
use crate::model::time::Timestamp;

pub(super) fn check_caps(
    policy: &Policy,
    plan: &Plan,
    machines: &[(&MachineId, &Machine)],
    now: Timestamp,
    found: &mut Vec<Violation>,
) {
    // What is there may exceed a cap that was lowered: only adding to it is wrong.
    if launches(plan).next().is_none() {
        return;
    }
    let machines = || machines.iter().map(|(_, machine)| *machine);
    let alive: Vec<&Machine> = machines()
        .filter(|machine| machine.phase != Phase::Gone)
        .collect();
    for (name, pool) in &plan.pools {
        let Some(pool_policy) = policy.pools.get(name) else {
            continue;
        };
        let there = alive.iter().filter(|machine| machine.pool == *name).count() as u64;
        let added = pool
            .launch
            .as_ref()
            .map_or(0, |order| u64::from(order.count));
        let max = u64::from(pool_policy.machines_max);
        found.extend(over(format!("machines of pool {name}"), there, added, max));
    }
    let added: u64 = launches(plan).map(|order| u64::from(order.count)).sum();
    let max = u64::from(policy.machines_max);
    found.extend(over("machines".into(), alive.len() as u64, added, max));
    let hour_ago = now.minus(Duration::from_secs(3600));
    let launched = machines()
        .filter(|machine| hour_ago < machine.launched_at)
        .count();
    let max = u64::from(policy.launches_per_hour_max);
    found.extend(over(
        "launches in an hour".into(),
        launched as u64,
        added,
        max,
    ));
    if let Some(budget) = policy.hourly_max {
        let spent: u64 = alive.iter().map(|machine| machine.offer.hourly.0).sum();
        let added: u64 = launches(plan).map(dearest).sum();
        found.extend(over("micro-dollars an hour".into(), spent, added, budget.0));
    }
}

/// After the hub has refused an agent, no more machines than agents that it accepts: one more once
/// five minutes have passed.
pub(super) fn check_quota(
    snapshot: &Snapshot,
    plan: &Plan,
    machines: &[(&MachineId, &Machine)],
    now: Timestamp,
    found: &mut Vec<Violation>,
) {
    let Some(quota) = snapshot.memory.agent_quota else {
        return;
    };
    let is_up = |machine: &Machine| matches!(machine.phase, Phase::Pending | Phase::Running);
    let there = machines
        .iter()
        .filter(|(_, machine)| is_up(machine))
        .count() as u64;
    let added: u64 = launches(plan).map(|order| u64::from(order.count)).sum();
    let is_tried = quota.refused_at.plus(Duration::from_secs(300)) <= now;
    let max = u64::from(quota.agents) + u64::from(is_tried);
    found.extend(over("agents".into(), there, added, max));
}

/// What is there already may exceed a cap that was lowered; adding to it may not.
fn over(what: String, there: u64, added: u64, max: u64) -> Option<Violation> {
    let planned = there + added;
    (0 < added && max < planned).then_some(Violation::Capped { what, planned, max })
}

/// What a batch costs an hour if its dearest offer is taken.
fn dearest(order: &LaunchOrder) -> u64 {
    let hourly = order
        .offers
        .iter()
        .map(|offer| offer.hourly.0)
        .max()
        .unwrap_or(0);
    hourly * u64::from(order.count)
}
