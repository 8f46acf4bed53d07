//! The operator: what the scaler is told to want, and what it is given for it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Pool;
use crate::sim::mutant::Mutant;
use crate::sim::options::Options;
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::Market;
use dayfly::model::pool::Policy;
use dayfly::model::secret::Secret;

/// The operator's account, pools and policy.
#[derive(Debug)]
pub(super) struct Operator {
    pub(super) pools: Vec<Pool>,
    pub(super) api_token: Option<Secret>,
    /// What the operator wants at this moment, without a mutant.
    pub(super) policy: Policy,
    /// What an hour costs, by size and market.
    pub(super) prices: BTreeMap<(String, Market), MicroDollars>,
}

impl Operator {
    /// What the scaler is given: the operator's policy, without the rule that is switched off.
    pub(super) fn policy_for(&self, mutant: Option<Mutant>) -> Policy {
        let mut policy = self.policy.clone();
        let pools = policy.pools.values_mut();
        match mutant {
            Some(Mutant::ForgetsPoolCap) => pools.for_each(|pool| pool.machines_max = u32::MAX),
            Some(Mutant::ForgetsDeploymentCap) => policy.machines_max = u32::MAX,
            Some(Mutant::ForgetsLaunchRate) => policy.launches_per_hour_max = u32::MAX,
            Some(Mutant::ForgetsBudget) => policy.hourly_max = None,
            Some(Mutant::ForgetsBreaker) => {
                pools.for_each(|pool| pool.breaker.failures_max = u32::MAX);
            }
            Some(Mutant::ForgetsPatience) => {
                pools.for_each(|pool| pool.spot_patience = Duration::ZERO);
            }
            Some(Mutant::ForgetsReserve) => pools.for_each(|pool| pool.reserve = 0),
            Some(Mutant::ForgetsReserveHours) => pools.for_each(|pool| pool.reserve_hours.clear()),
            Some(_) | None => {}
        }
        policy
    }

    /// The place of a pool among all.
    pub(super) fn pool(&self, name: &str) -> Option<usize> {
        self.pools.iter().position(|it| it.name.as_str() == name)
    }

    /// What an hour of a machine costs, in millionths.
    pub(super) fn hourly(&self, instance_type: &str, market: Market) -> u64 {
        let place = (instance_type.to_owned(), market);
        self.prices.get(&place).map_or(0, |price| price.0)
    }

    /// Halves every limit on machines.
    pub(super) fn cut_limits(&mut self) {
        self.policy.machines_max = self.policy.machines_max.div_ceil(2);
        for pool in self.policy.pools.values_mut() {
            pool.machines_max = pool.machines_max.div_ceil(2);
        }
    }

    /// Takes that back for the pools.
    pub(super) fn restore_pools(&mut self, options: &Options) {
        let each = self.policy.pools.values_mut().zip(&options.pools);
        each.for_each(|(pool, wanted)| pool.machines_max = wanted.machines_max);
    }

    /// Lifts what would only make the rest wait.
    pub(super) fn lift_rates(&mut self) {
        self.policy.launches_per_hour_max = 10_000;
        self.policy.hourly_max = None;
    }

    /// The texts that nobody may show.
    pub(super) fn tokens(&self) -> Vec<&str> {
        let tokens = self.pools.iter().map(|pool| pool.token.expose());
        let api_token = self.api_token.as_ref().map(|token| token.expose());
        tokens.chain(api_token).collect()
    }
}
