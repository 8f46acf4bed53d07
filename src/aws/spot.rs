//! What the spot market asks now.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::primitives::DateTime;
use aws_sdk_ec2::types::InstanceType;
use tokio::time::Instant;

use super::cloud::Ec2Cloud;
use super::describe::filter;
use super::failure::Failure;
use super::throttle::Bucket;
use crate::model::money::MicroDollars;
use crate::model::pool::SpotPrices;
use crate::ports::{Clock, CloudError};

/// How often prices are asked for: AWS has smoothed them over hours since 2017.
const EVERY: Duration = Duration::from_secs(600);
/// What the price is for: machines with Linux, in a network of their own account.
const PRODUCT: &str = "Linux/UNIX";

impl<K: Clock> Ec2Cloud<K> {
    /// The prices of the policy's spot offers, if there are any and nobody has asked for a while.
    /// No answer changes nothing: the on-demand price stays as the upper bound.
    pub(super) async fn ask_prices(&self) -> Option<SpotPrices> {
        let (sizes, subnets) = {
            let mut known = self.known();
            let is_fresh = known.priced_at.is_some_and(|at| at.elapsed() < EVERY);
            let (sizes, subnets) = known.prices.spot_places();
            if is_fresh || sizes.is_empty() {
                return None;
            }
            known.priced_at = Some(Instant::now());
            (sizes, subnets)
        };
        let asked = tokio::join!(self.zones(&subnets), self.zone_prices(&sizes));
        let (zones, prices) = match asked {
            (Ok(zones), Ok(prices)) => (zones, prices),
            (Err(error), _) | (_, Err(error)) => {
                tracing::warn!(%error, "spot prices are not known: on-demand prices stand in");
                return None;
            }
        };
        let places = sizes
            .iter()
            .flat_map(|size| zones.iter().map(move |zone| (size, zone)));
        let found = places.filter_map(|(size, (subnet, zone))| {
            let price = prices.get(&(size.clone(), zone.clone()))?;
            Some(((size.clone(), subnet.clone()), *price))
        });
        let found: SpotPrices = found.collect();
        self.known().prices.learn(&found);
        Some(found)
    }

    /// The zone of each subnet.
    async fn zones(&self, subnets: &[String]) -> Result<BTreeMap<String, String>, CloudError> {
        let asked_at = self.may(Bucket::Prices).await?;
        let wanted = filter("subnet-id", subnets.iter().map(String::as_str));
        let call = self.ec2.describe_subnets().filters(wanted);
        let answer = call.send().await.map_err(Failure::from);
        let answer = answer.map_err(|failure| self.failed(Bucket::Prices, asked_at, failure))?;
        let pair = |subnet: &aws_sdk_ec2::types::Subnet| {
            let zone = subnet.availability_zone()?.to_owned();
            Some((subnet.subnet_id()?.to_owned(), zone))
        };
        Ok(answer.subnets().iter().filter_map(pair).collect())
    }

    /// The newest price of each size in each zone.
    async fn zone_prices(
        &self,
        sizes: &[String],
    ) -> Result<BTreeMap<(String, String), MicroDollars>, CloudError> {
        let now = self.clock.now().as_millis();
        let now = DateTime::from_millis(i64::try_from(now).unwrap_or(i64::MAX));
        let named = sizes.iter().map(|size| InstanceType::from(size.as_str()));
        let named: Vec<InstanceType> = named.collect();
        let mut newest: BTreeMap<(String, String), (i64, MicroDollars)> = BTreeMap::new();
        let mut next: Option<String> = None;
        loop {
            let asked_at = self.may(Bucket::Prices).await?;
            let call = self
                .ec2
                .describe_spot_price_history()
                .set_instance_types(Some(named.clone()))
                .product_descriptions(PRODUCT)
                .start_time(now)
                .max_results(1000)
                .set_next_token(next);
            let page = call.send().await.map_err(Failure::from);
            let page = page.map_err(|failure| self.failed(Bucket::Prices, asked_at, failure))?;
            for row in page.spot_price_history() {
                let size = row.instance_type().map(|size| size.as_str().to_owned());
                let zone = row.availability_zone().map(str::to_owned);
                let price = row.spot_price().and_then(MicroDollars::parse);
                let (Some(size), Some(zone), Some(price)) = (size, zone, price) else {
                    continue;
                };
                let at = row.timestamp().map_or(0, DateTime::secs);
                let kept = newest.entry((size, zone)).or_insert((at, price));
                if kept.0 < at {
                    *kept = (at, price);
                }
            }
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                let prices = newest.into_iter();
                return Ok(prices.map(|(place, (_, price))| (place, price)).collect());
            }
        }
    }
}
