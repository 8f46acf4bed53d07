//! One tick: observe, decide, apply, with the three results between them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::forecast::Forecast;
use crate::model::clock::{ClockOffset, ClockOffsets};
use crate::model::copied_late::Shared;
use crate::model::plan::Plan;
use crate::model::pool::{Policy, SpotPrices};
use crate::model::snapshot::{Memory, Snapshot};
use crate::model::time::Timestamp;
use crate::plan::check::{Violation, check};
use crate::plan::decide;
use crate::ports::{Alone, Clock, Cloud, Hub, Lease, LeaseError};

use super::apply::{Outcome, apply};
use super::lease::{Permit, Standing, Tenure, Terms};
use super::memory;
use super::observe::{Observed, Silence, observe};
use super::suspects::{self, suspects};

/// The scaler: its doors, the operator's policy, and what it remembers.
#[derive(Debug)]
pub struct Scaler<H, C, K, L = Alone> {
    hub: H,
    cloud: C,
    clock: K,
    lease: L,
    terms: Terms,
    tenure: Tenure,
    policy: Policy,
    spot_prices: SpotPrices,
    /// The policy with those prices.
    priced: Policy,
    memory: Shared<Memory>,
    forecast: Arc<Mutex<Forecast>>,
}

/// Everything about one tick, from what was seen to what became of it.
#[derive(Clone, Debug)]
pub struct Tick {
    /// When the answers were in.
    pub at: Timestamp,
    /// Whether this replica might apply; without a question, `Alone`.
    pub standing: Standing,
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
    /// A scaler that remembers nothing yet, and is the only one of its deployment.
    pub fn new(hub: H, cloud: C, clock: K, policy: Policy) -> Self {
        Self {
            hub,
            cloud,
            clock,
            lease: Alone,
            terms: Terms::new(Duration::ZERO, Duration::ZERO),
            tenure: Tenure::default(),
            priced: policy.clone(),
            policy,
            spot_prices: SpotPrices::default(),
            memory: Shared::default(),
            forecast: Arc::default(),
        }
    }

    /// The same scaler as one of several replicas, of which only the lease's holder applies.
    pub fn with_lease<L: Lease>(self, lease: L, terms: Terms) -> Scaler<H, C, K, L> {
        Scaler {
            hub: self.hub,
            cloud: self.cloud,
            clock: self.clock,
            lease,
            terms,
            tenure: self.tenure,
            policy: self.policy,
            spot_prices: self.spot_prices,
            priced: self.priced,
            memory: self.memory,
            forecast: self.forecast,
        }
    }
}

impl<H: Hub, C: Cloud, K: Clock, L: Lease> Scaler<H, C, K, L> {
    /// The cloud behind the scaler.
    pub fn cloud(&self) -> &C {
        &self.cloud
    }

    /// The operator's policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The operator's policy with what the spot market was last heard to ask: the one that is
    /// decided by.
    pub fn priced_policy(&self) -> &Policy {
        &self.priced
    }

    /// What has been learned so far, and is being learned: for whoever keeps it across restarts.
    pub fn forecast(&self) -> Arc<Mutex<Forecast>> {
        Arc::clone(&self.forecast)
    }

    /// Goes on from what an earlier process has learned, as far as that is believed.
    pub fn set_forecast(&mut self, forecast: Forecast) {
        self.forecast = Arc::new(Mutex::new(forecast.doubted()));
    }

    /// Changes the operator's policy from the next tick on; `machines_max = 0` drains.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
        self.price();
    }

    fn price(&mut self) {
        self.priced = self.policy.clone().with_spot_prices(&self.spot_prices);
    }

    /// Claims the lease, observes, decides and applies. Never fails: what went wrong stands in the
    /// result, and the next tick looks at the world again.
    ///
    /// The claim comes first: a plan that was made from what was seen under another's lease would
    /// repeat what that one has just launched. A replica without the lease observes and decides
    /// all the same, so that its memory is warm when it gets it.
    pub async fn tick(&mut self) -> Tick {
        let started_at = self.clock.now();
        let standing = self.claim().await;
        // A cloud's calls are large; on the heap, a tick stays small for those that hold it.
        let mut tick = Box::pin(self.look()).await;
        let now = self.clock.now();
        tick.standing = standing.at(now);
        if tick.violations.is_empty() {
            let apply = |within| Box::pin(apply(&self.cloud, &self.clock, &tick.plan, within));
            tick.outcomes = match tick.standing.permit(now) {
                Permit::Unlimited => apply(None).await,
                Permit::Within(span) => apply(Some(span)).await,
                Permit::Nothing => Vec::new(),
            };
        }
        let now = self.clock.now();
        // The snapshot keeps the memory as it was, so changing it costs a copy.
        if !tick.outcomes.is_empty() {
            let machines = tick.snapshot.machines.as_deref();
            memory::record(&mut self.memory, machines, &tick.outcomes, now);
        }
        tick.took = now.since(started_at);
        tick
    }

    /// How far this host's clock is from those of hub and cloud, whose answers have just come. Ages are
    /// measured by the moment of asking, so a clock that was ahead then and has been set since
    /// disagrees as well.
    fn clocks(&self, asked_at: Timestamp) -> ClockOffsets {
        let latest = self.clock.now().max(asked_at);
        let offset = |other| ClockOffset::between(latest, other);
        ClockOffsets {
            hub: self.hub.time().map(offset),
            cloud: self.cloud.time().map(offset),
        }
    }

    async fn claim(&mut self) -> Standing {
        let asked_at = self.clock.now();
        let until = asked_at.plus(self.terms.length);
        let answer = self.lease.claim(asked_at, until).await;
        let now = self.clock.now();
        self.tenure.answered(answer, self.terms, asked_at, now)
    }

    /// Gives the lease back, if it may be ours, so that another replica goes on at its next tick.
    ///
    /// # Errors
    /// Nobody took the word; then the others wait until the lease ends.
    pub async fn release(&mut self) -> Result<(), LeaseError> {
        if !self.tenure.is_held() {
            return Ok(());
        }
        self.tenure = Tenure::default();
        self.lease.release().await
    }

    /// Observes and decides, and changes nothing but what is remembered: `dayfly plan`.
    ///
    /// What was seen is judged by the moment of asking. Between an answer and now the process may
    /// have been frozen, as functions are, and whoever had not registered then may have since.
    pub async fn look(&mut self) -> Tick {
        let now = self.clock.now();
        let Observed {
            pools,
            mut machines,
            pipelines,
            silences,
        } = observe(&self.hub, &self.cloud, &self.policy, now).await;
        let clocks = self.clocks(now);
        if let Some(prices) = self.cloud.spot_prices().await {
            self.spot_prices = prices;
            self.price();
        }
        if let Some(machines) = &mut machines {
            let suspects = suspects(&pools, machines, &self.memory, now);
            if !suspects.is_empty() {
                let consoles = self.cloud.consoles(&suspects).await;
                suspects::note(consoles, machines, &mut self.memory, now);
            }
        }
        memory::see(&mut self.memory, &pools, machines.as_deref(), clocks, now);
        let (seen, look) = (machines.as_deref(), pipelines.as_deref());
        let policy = &self.priced;
        let outlooks = {
            // A thread that died while it read leaves a forecast as good as before.
            let mut forecast = self.forecast.lock().unwrap_or_else(PoisonError::into_inner);
            // Boots that last a day, as a wrong clock shows them, would be believed for weeks.
            if clocks.disagreement().is_none() {
                forecast.see(policy, &pools, seen, look, &self.memory, now);
            }
            forecast.outlooks(policy, look, now)
        };
        let snapshot = Snapshot {
            pools,
            machines,
            clocks,
            outlooks,
            memory: self.memory.clone(),
        };
        let plan = decide(&snapshot, policy, now);
        let violations = check(&snapshot, policy, &plan, now);
        Tick {
            at: now,
            standing: Standing::Alone,
            snapshot,
            plan,
            outcomes: Vec::new(),
            silences,
            violations,
            took: self.clock.now().since(now),
        }
    }
}
