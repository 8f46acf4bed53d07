//! The caps of all pools together, in one place: whatever is launched passes through here.

use std::time::Duration;

use crate::model::machine::{Machine, Phase};
use crate::model::money::MicroDollars;
use crate::model::plan::WaitReason;
use crate::model::pool::Policy;
use crate::model::snapshot::Snapshot;
use crate::model::time::Timestamp;

/// The span that `launches_per_hour_max` speaks of.
pub const RATE_WINDOW: Duration = Duration::from_secs(3600);

/// How long after a refusal one more machine is tried: the slots of other agent types and a raised
/// quota are not seen otherwise.
pub const QUOTA_RETRY: Duration = Duration::from_secs(300);

/// How much may still be launched by all pools together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    machines: u32,
    launches: u32,
    /// What is left of the hourly budget; `None` without one.
    hourly: Option<MicroDollars>,
    hourly_max: Option<MicroDollars>,
    machines_max: u32,
    launches_per_hour_max: u32,
    /// Agents that the hub still registers; `None` while it has refused none.
    agents: Option<(u32, WaitReason)>,
}

impl Room {
    /// The room that a snapshot leaves. Machines of unknown pools count as well: they are paid for.
    pub fn left(snapshot: &Snapshot, policy: &Policy, now: Timestamp) -> Self {
        let alive = || known_machines(snapshot).filter(|machine| machine.phase.is_alive());
        let alive_count = u32::try_from(alive().count()).unwrap_or(u32::MAX);
        let hourly: MicroDollars = alive().map(|machine| machine.offer.hourly).sum();
        let launches = launches_in_window(snapshot, now);
        Self {
            machines: policy.machines_max.saturating_sub(alive_count),
            launches: policy.launches_per_hour_max.saturating_sub(launches),
            hourly: policy.hourly_max.map(|budget| budget.less(hourly)),
            hourly_max: policy.hourly_max,
            machines_max: policy.machines_max,
            launches_per_hour_max: policy.launches_per_hour_max,
            agents: agents_left(snapshot, now),
        }
    }

    /// Takes the room for one machine ahead of demand, if enough is left for jobs: a fifth of the
    /// machines and of the budget, and half of an hour's launches.
    pub fn take_ahead(&mut self, price: MicroDollars) -> bool {
        let budget_kept = self.hourly_max.map(|budget| MicroDollars(budget.0 / 5));
        let leaves_budget = match (self.hourly, budget_kept) {
            (Some(left), Some(kept)) => kept + price <= left,
            (Some(_) | None, Some(_) | None) => true,
        };
        let leaves_machines = self.machines_max.div_ceil(5) < self.machines;
        let leaves_launches = self.launches_per_hour_max.div_ceil(2) < self.launches;
        leaves_machines && leaves_launches && leaves_budget && self.take(price).is_ok()
    }

    /// Takes the room for one machine at that price, or says what stands in the way.
    pub fn take(&mut self, price: MicroDollars) -> Result<(), WaitReason> {
        if self.machines == 0 {
            return Err(WaitReason::DeploymentCap {
                machines_max: self.machines_max,
            });
        }
        if self.launches == 0 {
            let launches_per_hour_max = self.launches_per_hour_max;
            return Err(WaitReason::LaunchRate {
                launches_per_hour_max,
            });
        }
        if let Some((0, reason)) = &self.agents {
            return Err(reason.clone());
        }
        if let Some(left) = self.hourly {
            if left < price {
                return Err(WaitReason::Budget);
            }
            self.hourly = Some(left.less(price));
        }
        self.machines -= 1;
        self.launches -= 1;
        if let Some((left, _)) = &mut self.agents {
            *left -= 1;
        }
        Ok(())
    }
}

/// How many agents the hub may still register, after it has refused one. A machine counts from
/// its launch until it is on its way out. Some time after the last refusal one more is tried.
fn agents_left(snapshot: &Snapshot, now: Timestamp) -> Option<(u32, WaitReason)> {
    let quota = snapshot.memory.agent_quota?;
    let registers = |machine: &&Machine| match machine.phase {
        Phase::Pending | Phase::Running => true,
        Phase::Stopping | Phase::Gone => false,
    };
    let machines = known_machines(snapshot).filter(registers).count();
    let machines = u32::try_from(machines).unwrap_or(u32::MAX);
    let until = quota.refused_at.plus(QUOTA_RETRY);
    let tried = u32::from(until <= now);
    let left = quota.agents.saturating_add(tried).saturating_sub(machines);
    let agents = quota.agents;
    Some((left, WaitReason::AgentQuota { agents, until }))
}

/// Every machine of the snapshot once: as listed, or else as the launch ledger has it.
fn known_machines(snapshot: &Snapshot) -> impl Iterator<Item = &Machine> {
    let listed = snapshot.machines.as_deref();
    let is_listed = move |id| listed.is_some_and(|listed| listed.contains_key(id));
    let ledger = snapshot.memory.ledger.iter();
    let unlisted = ledger.filter(move |(id, _)| !is_listed(*id));
    let all = listed.into_iter().flatten().chain(unlisted);
    all.map(|(_, machine)| machine)
}

/// Launches within the last hour. The cloud's list forgets machines that ended long ago, and the
/// memory forgets everything when the process restarts: the larger number is nearer the truth. While
/// clocks disagree, nobody knows which launches an hour saw, and all that are known count.
fn launches_in_window(snapshot: &Snapshot, now: Timestamp) -> u32 {
    let window_start = match snapshot.clocks.disagreement() {
        None => now.minus(RATE_WINDOW),
        Some(_) => Timestamp::default(),
    };
    let listed = known_machines(snapshot)
        .filter(|machine| window_start < machine.launched_at)
        .count();
    let remembered = snapshot
        .memory
        .launches
        .iter()
        .filter(|(at, _)| window_start < **at)
        .fold(0_u32, |sum, (_, count)| sum.saturating_add(*count));
    u32::try_from(listed).unwrap_or(u32::MAX).max(remembered)
}
