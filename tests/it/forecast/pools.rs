//! What has been learned of all pools, and what of it a file keeps.

use std::collections::BTreeMap;
use std::time::Duration;

use dayfly::forecast::Forecast;
use dayfly::model::id::{AgentType, Deployment, MachineId, PoolName};
use dayfly::model::machine::Machine;
use dayfly::model::pool::{BreakerPolicy, Policy, PoolPolicy, Speculation};
use dayfly::model::snapshot::{Memory, Sighting};
use dayfly::model::template::LaunchTemplate;

use super::watched::{at, machine, speculation, view};

pub fn pool(name: &str) -> PoolName {
    PoolName::new(name)
}

fn pool_policy(speculation: Speculation) -> PoolPolicy {
    PoolPolicy {
        agent_type: AgentType::new("s1-linux"),
        machines_max: 100,
        reserve: 0,
        reserve_hours: Vec::new(),
        boot_limit: Duration::from_secs(300),
        lifetime: Duration::from_secs(7200),
        template: LaunchTemplate::new("lt-1", 7),
        offers: Vec::new(),
        spot_patience: Duration::ZERO,
        speculation,
        breaker: BreakerPolicy {
            failures_max: 3,
            pause: Duration::from_secs(300),
        },
    }
}

/// Pools of these names that may launch ahead of demand, and one that may not.
pub fn policy(names: &[&str]) -> Policy {
    let speculating = names
        .iter()
        .map(|name| (pool(name), pool_policy(speculation(40))));
    let reactive = (pool("reactive"), pool_policy(Speculation::default()));
    Policy {
        deployment: Deployment::new("ci"),
        machines_max: 1000,
        launches_per_hour_max: 1000,
        hourly_max: None,
        pools: speculating.chain([reactive]).collect(),
    }
}

/// A forecast that has seen twenty boots of 40 s in `linux`, twenty of 70 s in the pool that is
/// reactive, and none in `mac`.
pub fn seen() -> Forecast {
    let mut machines: BTreeMap<MachineId, Machine> = BTreeMap::new();
    let mut memory = Memory::default();
    let sighting = Sighting {
        registered_at: Some(at(100)),
        ..Sighting::default()
    };
    for (name, took) in [("linux", 40), ("reactive", 70)] {
        for number in 0..20 {
            let id = format!("i-{name}-{number}");
            let machine = Machine {
                pool: pool(name),
                ..machine(&id, &id, at(100 - took))
            };
            memory.sightings.insert(machine.id.clone(), sighting);
            machines.insert(machine.id.clone(), machine);
        }
    }
    let views = ["linux", "mac", "reactive"].map(|name| (pool(name), view(0, 0)));
    let mut forecast = Forecast::default();
    let policy = policy(&["linux", "mac"]);
    forecast.see(
        &policy,
        &views.into(),
        Some(&machines),
        None,
        &memory,
        at(100),
    );
    forecast
}

/// How long boots of each pool take that has an outlook, in seconds.
fn boots(forecast: &Forecast, policy: &Policy) -> Vec<(String, u64)> {
    let outlooks = forecast.clone().outlooks(policy, None, at(100));
    let boot = outlooks
        .into_iter()
        .map(|(name, outlook)| (name.to_string(), outlook.expectation.boot.as_secs()));
    boot.collect()
}

#[test]
fn each_pool_learns_from_its_own_machines_and_a_reactive_one_not_at_all() {
    let forecast = seen();
    let both = policy(&["linux", "mac"]);
    let expected = [("linux".to_owned(), 40), ("mac".to_owned(), 0)];
    assert_eq!(boots(&forecast, &both), expected);
    // Had it learned, it would expect something now that it may.
    let all = policy(&["linux", "mac", "reactive"]);
    assert_eq!(boots(&forecast, &all).len(), 2);
}

#[test]
fn a_pool_that_was_removed_is_forgotten() {
    let mut forecast = seen();
    let nothing = BTreeMap::new();
    let mac = policy(&["mac"]);
    forecast.see(&mac, &nothing, None, None, &Memory::default(), at(110));
    assert_eq!(
        boots(&forecast, &policy(&["linux", "mac"])),
        [("mac".to_owned(), 0)]
    );
}

#[test]
fn a_file_of_another_shape_is_told_from_ours() {
    let forecast = seen();
    assert!(forecast.is_current());
    let mut written = serde_json::to_value(&forecast).expect("JSON");
    let read: Forecast = serde_json::from_value(written.clone()).expect("its own shape");
    assert!(read.is_current() && read == forecast);
    written["version"] = 2.into();
    let newer: Forecast = serde_json::from_value(written).expect("the fields are the same");
    assert!(!newer.is_current());
}

#[test]
fn what_is_doubted_is_not_forgotten() {
    let policy = policy(&["linux", "mac"]);
    let doubted = seen().doubted();
    assert_eq!(boots(&doubted, &policy), boots(&seen(), &policy));
}
