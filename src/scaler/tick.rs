//! One tick: observe, decide, apply, with the three results between them.

use std::time::Duration;

use crate::model::plan::Plan;
use crate::model::pool::Policy;
use crate::model::snapshot::{Memory, Snapshot};
use crate::model::time::Timestamp;
use crate::plan::check::{Violation, check};
use crate::plan::decide;
use crate::ports::{Clock, Cloud, Hub};

use super::apply::{Outcome, apply};
use super::memory;
use super::observe::{Observed, Silence, observe};

/// The scaler: three doors, the operator's policy, and what it remembers.
#[derive(Debug)]
pub struct Scaler<H, C, K> {
    hub: H,
    cloud: C,
    clock: K,
    policy: Policy,
    memory: Memory,
}

/// Everything about one tick, from what was seen to what became of it.
#[derive(Clone, Debug)]
pub struct Tick {
    /// When the answers were in.
    pub at: Timestamp,
    /// What was seen.
    pub snapshot: Snapshot,
    /// What was decided.
    pub plan: Plan,
    /// What became of each action.
    pub outcomes: Vec<Outcome>,
    /// Who did not answer.
    pub silences: Vec<Silence>,
    /// Invariants that the plan broke; such a plan is not carried out.
    pub violations: Vec<Violation>,
    /// From the first question to the last action's answer.
    pub took: Duration,
}

impl<H: Hub, C: Cloud, K: Clock> Scaler<H, C, K> {
    /// A scaler that remembers nothing yet.
    pub fn new(hub: H, cloud: C, clock: K, policy: Policy) -> Self {
        Self {
            hub,
            cloud,
            clock,
            policy,
            memory: Memory::default(),
        }
    }

    /// The cloud behind the scaler.
    pub fn cloud(&self) -> &C {
        &self.cloud
    }

    /// The operator's policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Changes the operator's policy from the next tick on; `machines_max = 0` drains.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// Observes, decides and applies. Never fails: what went wrong stands in the result,
    /// and the next tick looks at the world again.
    pub async fn tick(&mut self) -> Tick {
        let started_at = self.clock.now();
        let mut tick = self.look().await;
        if tick.violations.is_empty() {
            tick.outcomes = apply(&self.cloud, &tick.plan).await;
        }
        let machines = tick.snapshot.machines.as_ref();
        let now = self.clock.now();
        memory::record(&mut self.memory, machines, &tick.outcomes, now);
        tick.took = now.since(started_at);
        tick
    }

    /// Observes and decides, and changes nothing but what is remembered: `dayfly plan`.
    pub async fn look(&mut self) -> Tick {
        let started_at = self.clock.now();
        let Observed {
            pools,
            machines,
            silences,
        } = observe(&self.hub, &self.cloud, &self.policy).await;
        let now = self.clock.now();
        memory::see(&mut self.memory, &pools, machines.as_ref(), now);
        let snapshot = Snapshot {
            pools,
            machines,
            memory: self.memory.clone(),
        };
        let plan = decide(&snapshot, &self.policy, now);
        let violations = check(&snapshot, &self.policy, &plan, now);
        Tick {
            at: now,
            snapshot,
            plan,
            outcomes: Vec::new(),
            silences,
            violations,
            took: now.since(started_at),
        }
    }
}
