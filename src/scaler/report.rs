//! What the log says of a tick: one event with all counts, one for each action with its reason,
//! and for whatever lasts one when it begins and one when it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::discriminant;

use crate::model::id::MachineId;
use crate::model::offer::Offer;
use crate::model::plan::LaunchOrder;
use crate::model::time::{Spoken, Timestamp};
use crate::plan::check::Violation;
use crate::plan::explain;
use crate::ports::{CloudError, HubError, Launched};

use super::apply::Outcome;
use super::lease::Standing;
use super::observe::Silence;
use super::tick::Tick;
use super::trouble::{Change, Troubles};

/// What was said last, so that a lasting trouble is said once and not every tick.
#[derive(Debug, Default)]
pub struct Reporter {
    troubles: Troubles,
    silences: Vec<Silence>,
    standing: Option<Standing>,
    violations: Vec<Violation>,
    clocks_disagree: bool,
    /// When the hub last refused an agent.
    quota_refused_at: Option<Timestamp>,
    /// Offers that had no capacity when they were tried last.
    unavailable: BTreeSet<Offer>,
    /// Machines that could not be ended, and why.
    unended: BTreeMap<MachineId, CloudError>,
}

impl Reporter {
    /// Logs one tick.
    pub fn report(&mut self, tick: &Tick) {
        counts(tick);
        tick.outcomes
            .iter()
            .for_each(|outcome| self.action(tick, outcome));
        self.forget_ended(tick);
        for violation in &tick.violations {
            if !self.violations.contains(violation) {
                tracing::error!(%violation, "the plan breaks an invariant and is not carried out");
            }
        }
        self.violations.clone_from(&tick.violations);
        self.standing(&tick.standing);
        self.clock(tick);
        self.quota(tick);
        self.silences(tick);
        self.troubles(tick);
    }

    /// Says when the standing has become another, but not that it goes on.
    fn standing(&mut self, standing: &Standing) {
        let before = self.standing.replace(standing.clone());
        if before.as_ref().map(discriminant) == Some(discriminant(standing)) {
            return;
        }
        match standing {
            Standing::Alone => {}
            Standing::Holder { .. } => tracing::info!("holds the lease, and applies"),
            Standing::Unconfirmed { error, .. } => {
                tracing::warn!(%error, "the lease is not confirmed: applies until it ends");
            }
            Standing::Standby { holder } => {
                let holder = holder.as_ref().map(|(replica, _)| replica.as_str());
                tracing::info!(holder, "another replica holds the lease: observes alone");
            }
            Standing::Without { error: Some(error) } => {
                tracing::error!(%error, "nobody tells who holds the lease: nothing is applied");
            }
            Standing::Without { error: None } => {
                tracing::warn!("the lease ended before its tick could apply");
            }
        }
    }

    /// Logs when the clocks begin to disagree and when they agree again.
    fn clock(&mut self, tick: &Tick) {
        let disagreement = tick.plan.clock;
        match (self.clocks_disagree, disagreement) {
            (false, Some(disagreement)) => {
                let reason = explain::reasons::clock_disagreement(&disagreement);
                tracing::error!(%reason, "clocks disagree");
            }
            (true, None) => tracing::info!("clocks agree again"),
            (false, None) | (true, Some(_)) => {}
        }
        self.clocks_disagree = disagreement.is_some();
    }

    /// Logs each refusal of an agent, also while no other machine is needed.
    fn quota(&mut self, tick: &Tick) {
        let quota = tick.snapshot.memory.agent_quota;
        let refused_at = quota.map(|quota| quota.refused_at);
        if let Some(quota) = quota
            && self.quota_refused_at != refused_at
        {
            tracing::warn!(
                agents = quota.agents,
                "the hub refused an agent: quota reached"
            );
        }
        self.quota_refused_at = refused_at;
    }

    fn silences(&mut self, tick: &Tick) {
        let is_new = |silence: &&Silence| !self.silences.iter().any(|said| is_same(said, silence));
        for silence in tick.silences.iter().filter(is_new) {
            tracing::warn!(%silence, "a question was not answered");
        }
        if tick.silences.is_empty() && !self.silences.is_empty() {
            tracing::info!("all questions are answered again");
        }
        self.silences.clone_from(&tick.silences);
    }

    fn troubles(&mut self, tick: &Tick) {
        for change in self.troubles.update(tick) {
            match change {
                Change::Began { pool, reason } => {
                    tracing::warn!(%pool, %reason, "launches less than is missing");
                }
                Change::Ended {
                    pool,
                    reason,
                    since,
                } => {
                    let lasted = Spoken(tick.at.since(since));
                    tracing::info!(%pool, was = %reason, %lasted, "launches what is missing again");
                }
            }
        }
    }

    fn action(&mut self, tick: &Tick, outcome: &Outcome) {
        match outcome {
            Outcome::Launched { order, launched } => self.launched(tick, order, launched),
            // What it means for the pool is a trouble, and said as one.
            Outcome::LaunchFailed { order, error } => {
                tracing::debug!(pool = %order.pool, asked = order.count, %error, "cannot launch");
            }
            Outcome::Ended { machine, reason } => {
                let reason = explain::reasons::end_reason(reason, tick.at);
                tracing::info!(%machine, %reason, "ended");
            }
            Outcome::EndFailed { machine, error, .. } => {
                let before = self.unended.insert(machine.clone(), error.clone());
                if before.as_ref().map(discriminant) != Some(discriminant(error)) {
                    tracing::warn!(%machine, %error, "cannot end a machine");
                }
            }
        }
    }

    fn launched(&mut self, tick: &Tick, order: &LaunchOrder, launched: &Launched) {
        let balance = tick.plan.pools.get(&order.pool).map(|pool| pool.balance);
        let reason = balance
            .map(|balance| explain::balance(&balance))
            .unwrap_or_default();
        tracing::info!(
            pool = %order.pool,
            machines = ?launched.machines.iter().map(|machine| &machine.id).collect::<Vec<_>>(),
            asked = order.count,
            %reason,
            "launched"
        );
        for machine in &launched.machines {
            self.unavailable.remove(&machine.offer);
        }
        for (offer, word) in &launched.unavailable {
            if self.unavailable.insert(offer.clone()) {
                tracing::warn!(pool = %order.pool, %offer, %word, "an offer has no capacity");
            }
        }
    }

    /// A machine that this tick did not try to end has ended, or need not any more, unless it only
    /// waits for the next attempt.
    fn forget_ended(&mut self, tick: &Tick) {
        let failed = tick.outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::EndFailed { machine, .. } => Some(machine),
            Outcome::Launched { .. } | Outcome::LaunchFailed { .. } | Outcome::Ended { .. } => None,
        });
        let failed: BTreeSet<&MachineId> = failed.collect();
        let refused = &tick.snapshot.memory.refused_terminations;
        self.unended
            .retain(|machine, _| failed.contains(machine) || refused.contains_key(machine));
    }
}

/// Whether two silences are one that lasts: the same question, unanswered in the same way.
/// The words of a cause may differ from time to time.
fn is_same(one: &Silence, other: &Silence) -> bool {
    match (one, other) {
        (
            Silence::Hub {
                pool,
                question,
                error,
            },
            Silence::Hub {
                pool: other_pool,
                question: other_question,
                error: other_error,
            },
        ) => {
            let is_same_error = discriminant(error) == discriminant(other_error)
                && status(error) == status(other_error);
            pool == other_pool && question == other_question && is_same_error
        }
        (Silence::Pipelines(error), Silence::Pipelines(other)) => {
            discriminant(error) == discriminant(other) && status(error) == status(other)
        }
        (Silence::Cloud(error), Silence::Cloud(other)) => {
            discriminant(error) == discriminant(other)
        }
        (Silence::Hub { .. } | Silence::Pipelines(_) | Silence::Cloud(_), _) => false,
    }
}

fn status(error: &HubError) -> Option<u16> {
    match error {
        HubError::Unexpected { status, .. } => Some(*status),
        HubError::Unreachable { .. } | HubError::UnknownToken { .. } => None,
    }
}

/// One event with the sums over all pools. A sum that is unknown of one pool is left out.
fn counts(tick: &Tick) {
    let plan = &tick.plan;
    tracing::info!(
        pools = plan.pools.len(),
        queued = plan.sum(|balance| balance.queued),
        booting = plan.sum(|balance| balance.booting),
        waiting = plan.sum(|balance| balance.waiting),
        running = plan.sum(|balance| balance.running),
        alive = plan.sum(|balance| balance.alive),
        missing = plan.sum(|balance| balance.missing),
        launched = plan.sum(|balance| Some(balance.launched)),
        actions = tick.outcomes.len(),
        silent = tick.silences.len(),
        standing = %tick.standing,
        "tick"
    );
}
