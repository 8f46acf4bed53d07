//! How many virtual processors the account may have alive at once, against what the pools want.
//!
//! EC2 counts them by family of types and by market, for all of an account's machines in a region.
//! The codes are those by which Service Quotas lists them (`aws service-quotas
//! list-service-quotas --service-code ec2`).

use std::collections::BTreeMap;

use super::Finding;
use crate::model::offer::Market;
use crate::model::pool::{Policy, PoolPolicy};

/// Types that share a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// A, C, D, H, I, M, R, T and Z.
    Standard,
    /// G and VT: graphics and video.
    Graphics,
    /// P: accelerators.
    Accelerated,
}

/// A quota: of a family, on a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quota {
    /// Which types count.
    pub family: Family,
    /// Where.
    pub market: Market,
}

/// Virtual processors of each type, by its name.
pub type Processors = BTreeMap<String, u32>;

/// How many virtual processors may be alive, or why that is not known, in AWS's words.
pub type Granted = BTreeMap<Quota, Result<u64, String>>;

impl Family {
    /// Whose quota a type counts against; `None` for the rarer ones, whose quotas we do not read.
    pub fn of(instance_type: &str) -> Option<Self> {
        let is_digit = |letter: char| letter.is_ascii_digit();
        let letters = instance_type.split(is_digit).next().unwrap_or_default();
        match letters {
            "a" | "c" | "d" | "h" | "i" | "im" | "is" | "m" | "r" | "t" | "z" => {
                Some(Self::Standard)
            }
            "g" | "gr" | "vt" => Some(Self::Graphics),
            "p" => Some(Self::Accelerated),
            _rarer => None,
        }
    }
}

impl Quota {
    /// Its code in Service Quotas, for the service `ec2`.
    pub fn code(self) -> &'static str {
        match (self.family, self.market) {
            (Family::Standard, Market::OnDemand) => "L-1216C47A",
            (Family::Standard, Market::Spot) => "L-34B43A08",
            (Family::Graphics, Market::OnDemand) => "L-DB2E81BA",
            (Family::Graphics, Market::Spot) => "L-3819A6DF",
            (Family::Accelerated, Market::OnDemand) => "L-417A185B",
            (Family::Accelerated, Market::Spot) => "L-7212CCBC",
        }
    }

    fn subject(self) -> String {
        let family = match self.family {
            Family::Standard => "standard types",
            Family::Graphics => "G and VT types",
            Family::Accelerated => "P types",
        };
        format!("quota of {family}, {}", self.market)
    }
}

/// What all pools may want at once of each quota, in virtual processors: each as many machines as
/// it may have, of its largest type that counts there, and all together no more machines than
/// the deployment may have.
pub fn wanted(policy: &Policy, processors: &Processors) -> BTreeMap<Quota, u64> {
    let mut wanted: BTreeMap<Quota, (u64, u32)> = BTreeMap::new();
    for pool in policy.pools.values() {
        for (quota, largest) in largest(pool, processors) {
            let machines = pool.machines_max.min(policy.machines_max);
            let (sum, most) = wanted.entry(quota).or_default();
            *sum += u64::from(machines) * u64::from(largest);
            *most = (*most).max(largest);
        }
    }
    let all = u64::from(policy.machines_max);
    let bounded = |(sum, most): (u64, u32)| sum.min(all * u64::from(most));
    let wanted = wanted.into_iter();
    wanted.map(|(quota, it)| (quota, bounded(it))).collect()
}

fn largest(pool: &PoolPolicy, processors: &Processors) -> BTreeMap<Quota, u32> {
    let mut largest = BTreeMap::new();
    for offer in &pool.offers {
        let (Some(family), Some(count)) = (
            Family::of(&offer.instance_type),
            processors.get(&offer.instance_type),
        ) else {
            continue;
        };
        let market = offer.market;
        let most = largest.entry(Quota { family, market }).or_default();
        *most = (*count).max(*most);
    }
    largest
}

/// Whether the account may have what the pools may want. Other machines of the account count
/// against the same quotas, and are not looked at.
pub fn quotas(wanted: &BTreeMap<Quota, u64>, granted: &Granted) -> Vec<Finding> {
    let finding = |(quota, wanted): (&Quota, &u64)| {
        let subject = quota.subject();
        match granted.get(quota) {
            Some(Ok(0)) => {
                Finding::wrong(subject, "0 vCPUs: nothing can be launched", raise(*quota))
            }
            Some(Ok(granted)) if granted < wanted => Finding::warning(
                subject,
                format!("{granted} vCPUs, and the pools may want {wanted} at once"),
                raise(*quota),
            ),
            Some(Ok(granted)) => Finding::ok(
                subject,
                format!("{granted} vCPUs, and the pools want {wanted} at most"),
            ),
            Some(Err(word)) => Finding::warning(
                subject,
                format!("cannot be told: {word}"),
                "allow servicequotas:GetServiceQuota to whoever asks, or look at Service Quotas",
            ),
            None => Finding::warning(subject, "was not asked for", "report this as a bug"),
        }
    };
    wanted.iter().map(finding).collect()
}

fn raise(quota: Quota) -> String {
    format!(
        "ask for more in Service Quotas, code {}, or lower machines_max",
        quota.code()
    )
}
