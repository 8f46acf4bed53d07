//! A cloud behind the real client, and orders for it.

use std::time::Duration;

use dayfly::aws::Ec2Cloud;
use dayfly::model::id::{AgentType, Deployment, LaunchToken, PoolName};
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::{Market, Offer};
use dayfly::model::plan::LaunchOrder;
use dayfly::model::pool::{BreakerPolicy, Policy, PoolPolicy, Speculation};
use dayfly::model::template::LaunchTemplate;
use dayfly_lab::emulator::ec2::Ec2;
use dayfly_lab::emulator::ec2::settings::Ec2Settings as Account;
use dayfly_lab::emulator::ec2::throttle::Throttling;

use super::wire::{VirtualClock, Wire};

/// For how long after a launch no other call knows the machine, in the emulator's defaults.
pub const UNSEEN: Duration = Duration::from_secs(2);

/// An account in which nothing is throttled.
pub fn account() -> Account {
    Account {
        throttling: Throttling::Off,
        ..Account::default()
    }
}

pub fn offer(instance_type: &str, subnet: &str, market: Market) -> Offer {
    Offer {
        instance_type: instance_type.to_owned(),
        subnet: subnet.to_owned(),
        market,
        hourly: MicroDollars(100_000),
    }
}

/// Two sizes in two subnets, on demand.
pub fn offers(market: Market) -> Vec<Offer> {
    vec![
        offer("c7i.large", "subnet-a", market),
        offer("c7i.large", "subnet-b", market),
        offer("m7i.large", "subnet-a", market),
        offer("m7i.large", "subnet-b", market),
    ]
}

pub fn pool() -> PoolName {
    PoolName::new("linux")
}

/// A policy whose limits no test reaches by accident.
pub fn policy(offers: Vec<Offer>) -> Policy {
    let pool_policy = PoolPolicy {
        agent_type: AgentType::new("s1-linux"),
        machines_max: 10_000,
        reserve: 0,
        reserve_hours: Vec::new(),
        spot_patience: Duration::ZERO,
        boot_limit: Duration::from_secs(300),
        lifetime: Duration::from_secs(90_000),
        template: LaunchTemplate::new("lt-1", 1),
        offers,
        speculation: Speculation::default(),
        breaker: BreakerPolicy {
            failures_max: 3,
            pause: Duration::from_secs(300),
        },
    };
    Policy {
        deployment: Deployment::new("ci"),
        machines_max: 10_000,
        launches_per_hour_max: 100_000,
        hourly_max: None,
        pools: [(pool(), pool_policy)].into(),
    }
}

/// The emulator, and the cloud that the product sees in it.
pub fn cloud(account: Account) -> (Wire, Ec2Cloud<VirtualClock>) {
    let wire = Wire::new(Ec2::new(account));
    let policy = policy(offers(Market::OnDemand));
    let cloud = Ec2Cloud::new(wire.clients(), &policy, wire.clock);
    (wire, cloud)
}

/// An order for machines on demand.
pub fn order(token: &str, count: u32) -> LaunchOrder {
    LaunchOrder {
        token: LaunchToken::new(token),
        pool: pool(),
        count,
        template: LaunchTemplate::new("lt-1", 1),
        offers: offers(Market::OnDemand),
        boot_limit: Duration::from_secs(300),
        lifetime: Duration::from_secs(90_000),
        idle_timeout: Duration::from_secs(120),
    }
}
