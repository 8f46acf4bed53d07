//! What the log says of a tick: one event with all counts, one for each action with its reason.

use std::collections::BTreeMap;

use crate::model::id::PoolName;
use crate::model::plan::{Plan, WaitReason};
use crate::plan::explain;

use super::apply::Outcome;
use super::observe::Silence;
use super::tick::Tick;

/// What was said last, so that a lasting trouble is said once and not every tick.
#[derive(Debug, Default)]
pub struct Reporter {
    silences: Vec<Silence>,
    obstacles: BTreeMap<PoolName, WaitReason>,
}

impl Reporter {
    /// Logs one tick.
    pub fn report(&mut self, tick: &Tick) {
        counts(tick);
        tick.outcomes
            .iter()
            .for_each(|outcome| action(tick, outcome));
        for violation in &tick.violations {
            tracing::error!(%violation, "the plan breaks an invariant and is not carried out");
        }
        self.silences(tick);
        self.obstacles(tick);
    }

    fn silences(&mut self, tick: &Tick) {
        for silence in tick
            .silences
            .iter()
            .filter(|silence| !self.silences.contains(silence))
        {
            tracing::warn!(%silence, "a question was not answered");
        }
        if tick.silences.is_empty() && !self.silences.is_empty() {
            tracing::info!("all questions are answered again");
        }
        self.silences.clone_from(&tick.silences);
    }

    fn obstacles(&mut self, tick: &Tick) {
        let obstacles = obstacles(&tick.plan);
        for (pool, obstacle) in &obstacles {
            let before = self.obstacles.get(pool).map(std::mem::discriminant);
            if before != Some(std::mem::discriminant(obstacle)) {
                let reason = explain::reasons::wait_reason(obstacle, tick.at);
                tracing::warn!(%pool, %reason, "launches less than is missing");
            }
        }
        self.obstacles = obstacles;
    }
}

fn obstacles(plan: &Plan) -> BTreeMap<PoolName, WaitReason> {
    plan.pools
        .iter()
        .filter_map(|(name, pool)| Some((name.clone(), pool.obstacle.clone()?)))
        .collect()
}

/// One event with the sums over all pools.
fn counts(tick: &Tick) {
    let sum = |of: fn(&crate::model::plan::Balance) -> u32| -> u32 {
        tick.plan.pools.values().map(|pool| of(&pool.balance)).sum()
    };
    tracing::info!(
        pools = tick.plan.pools.len(),
        queued = sum(|balance| balance.queued.unwrap_or(0)),
        booting = sum(|balance| balance.booting),
        waiting = sum(|balance| balance.waiting),
        running = sum(|balance| balance.running),
        alive = sum(|balance| balance.alive),
        missing = sum(|balance| balance.missing),
        launched = sum(|balance| balance.launched),
        actions = tick.outcomes.len(),
        silent = tick.silences.len(),
        "tick"
    );
}

fn action(tick: &Tick, outcome: &Outcome) {
    match outcome {
        Outcome::Launched { order, launched } => {
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
            for (offer, word) in &launched.unavailable {
                tracing::warn!(pool = %order.pool, %offer, %word, "an offer has no capacity");
            }
        }
        Outcome::LaunchFailed { order, error } => {
            tracing::warn!(pool = %order.pool, asked = order.count, %error, "cannot launch");
        }
        Outcome::Ended { machine, reason } => {
            let reason = explain::reasons::end_reason(reason, tick.at);
            tracing::info!(%machine, %reason, "ended");
        }
        Outcome::EndFailed { machine, error, .. } => {
            tracing::warn!(%machine, %error, "cannot end a machine");
        }
    }
}
