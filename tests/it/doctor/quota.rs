//! How many processors the account may have, against what the pools want.

use dayfly::doctor::Health;
use dayfly::doctor::quota::{Family, Granted, Processors, Quota, quotas, wanted};
use dayfly::model::id::{Deployment, PoolName};
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::{Market, Offer};
use dayfly::model::pool::{Policy, PoolPolicy};

use super::assert_said;
use crate::plan::world::pool_policy;

const STANDARD: Quota = Quota {
    family: Family::Standard,
    market: Market::OnDemand,
};
const SPOT: Quota = Quota {
    family: Family::Standard,
    market: Market::Spot,
};
const GRAPHICS: Quota = Quota {
    family: Family::Graphics,
    market: Market::OnDemand,
};

fn pool(machines_max: u32, offers: &[(&str, Market)]) -> PoolPolicy {
    let offer = |(instance_type, market): &(&str, Market)| Offer {
        instance_type: (*instance_type).to_owned(),
        subnet: "subnet-a".to_owned(),
        market: *market,
        hourly: MicroDollars(1),
    };
    PoolPolicy {
        offers: offers.iter().map(offer).collect(),
        ..pool_policy(machines_max, 0)
    }
}

fn of(machines_max: u32, pools: [PoolPolicy; 2]) -> Policy {
    let names = ["linux", "large"].map(PoolName::new);
    Policy {
        deployment: Deployment::new("ci"),
        machines_max,
        launches_per_hour_max: 100,
        hourly_max: None,
        pools: names.into_iter().zip(pools).collect(),
    }
}

fn processors() -> Processors {
    let sizes = [("c7i.large", 2), ("m7i.xlarge", 4), ("g5.xlarge", 4)];
    sizes.map(|(name, count)| (name.to_owned(), count)).into()
}

#[test]
fn a_pool_wants_its_machines_of_the_largest_type_on_each_market() {
    let both = [
        ("c7i.large", Market::Spot),
        ("m7i.xlarge", Market::Spot),
        ("c7i.large", Market::OnDemand),
    ];
    let graphics = pool(3, &[("g5.xlarge", Market::OnDemand)]);
    let policy = of(100, [pool(10, &both), graphics]);
    let found = wanted(&policy, &processors());
    assert_eq!(found, [(STANDARD, 20), (SPOT, 40), (GRAPHICS, 12)].into());
}

#[test]
fn no_more_is_wanted_than_all_pools_together_may_have() {
    let linux = [("c7i.large", Market::OnDemand)];
    let large = [("m7i.xlarge", Market::OnDemand)];
    let policy = of(12, [pool(10, &linux), pool(50, &large)]);
    let found = wanted(&policy, &processors());
    assert_eq!(found, [(STANDARD, 48)].into());
}

#[test]
fn types_of_rarer_families_and_of_unknown_size_are_left_out() {
    for name in [
        "x2idn.metal",
        "u-6tb1.metal",
        "trn1.2xlarge",
        "hpc7a.48xlarge",
    ] {
        assert_eq!(Family::of(name), None, "{name}");
    }
    for name in ["c7i-flex.large", "im4gn.large", "t3a.small"] {
        assert_eq!(Family::of(name), Some(Family::Standard), "{name}");
    }
    let unknown = pool(3, &[("c8i.large", Market::OnDemand)]);
    let policy = of(9, [unknown, pool(3, &[("x2idn.metal", Market::Spot)])]);
    assert!(wanted(&policy, &processors()).is_empty());
}

#[test]
fn too_little_is_a_warning_nothing_is_wrong_and_no_answer_is_said() {
    let wanted = [(STANDARD, 64), (SPOT, 64), (GRAPHICS, 4)].into();
    let granted: Granted = [(STANDARD, Ok(32)), (SPOT, Ok(64)), (GRAPHICS, Ok(0))].into();
    let [spot, standard, graphics] = &quotas(&wanted, &granted)[..] else {
        panic!("one for each");
    };
    assert_said(
        standard,
        Health::Warning,
        "32 vCPUs, and the pools may want 64 at once; ask for more in Service Quotas, code L-1216C47A",
    );
    assert_said(spot, Health::Ok, "64 vCPUs, and the pools want 64 at most");
    assert_said(graphics, Health::Wrong, "0 vCPUs: nothing can be launched");
    let silent = [(STANDARD, Err("AccessDenied: no".to_owned()))].into();
    let wanted = [(STANDARD, 64)].into();
    assert_said(
        &quotas(&wanted, &silent)[0],
        Health::Warning,
        "cannot be told: AccessDenied: no; allow servicequotas:GetServiceQuota",
    );
}
