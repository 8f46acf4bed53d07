//! What an hour of a machine costs, by what it is and where it stands.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::money::MicroDollars;
use crate::model::offer::{Market, Offer};
use crate::model::pool::{Policy, SpotPrices};

/// The prices that a policy's offers name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    exact: BTreeMap<(String, String, Market), MicroDollars>,
    /// For a machine of an offer that is no longer made: the dearest that we know of its type.
    by_type: BTreeMap<(String, Market), MicroDollars>,
}

impl Prices {
    /// Of everything that a policy offers.
    pub fn of(policy: &Policy) -> Self {
        let mut prices = Self::default();
        for offer in policy.pools.values().flat_map(|pool| &pool.offers) {
            let Offer {
                instance_type,
                subnet,
                market,
                hourly,
            } = offer.clone();
            let of_type = prices
                .by_type
                .entry((instance_type.clone(), market))
                .or_default();
            *of_type = hourly.max(*of_type);
            prices.exact.insert((instance_type, subnet, market), hourly);
        }
        prices
    }

    /// The sizes and the subnets of all spot offers.
    pub fn spot_places(&self) -> (Vec<String>, Vec<String>) {
        let spot = self
            .exact
            .keys()
            .filter(|(_, _, market)| *market == Market::Spot);
        let (sizes, subnets): (BTreeSet<String>, BTreeSet<String>) = spot
            .map(|(size, subnet, _)| (size.clone(), subnet.clone()))
            .unzip();
        (sizes.into_iter().collect(), subnets.into_iter().collect())
    }

    /// Takes over what the spot market asks now, for the machines that are listed.
    pub fn learn(&mut self, spot: &SpotPrices) {
        for ((size, subnet), price) in spot {
            let key = (size.clone(), subnet.clone(), Market::Spot);
            self.exact.entry(key).and_modify(|known| *known = *price);
        }
    }

    /// An offer with its price; zero if nobody has said one.
    pub fn offer(&self, instance_type: &str, subnet: &str, market: Market) -> Offer {
        let key = (instance_type.to_owned(), subnet.to_owned(), market);
        let exact = self.exact.get(&key);
        let (instance_type, subnet, _) = key.clone();
        let of_type = || self.by_type.get(&(instance_type.clone(), market));
        Offer {
            hourly: exact.or_else(of_type).copied().unwrap_or_default(),
            instance_type: instance_type.clone(),
            subnet,
            market,
        }
    }
}
