//! What holds after any calls in any order.

use std::collections::{BTreeMap, BTreeSet};

use dayfly::model::offer::Market;
use dayfly_lab::emulator::ec2::Supply;
use proptest::prelude::*;

use super::world::World;

const CAPACITY: u32 = 6;
const ON_DEMAND_VCPUS: u32 = 16;

/// Something that happens to an account.
#[derive(Clone, Debug)]
enum Step {
    Run { token: u8, count: u8, subnet: bool },
    Fleet { token: u8, count: u8, spot: bool },
    End { place: usize },
    PowerOff { place: usize },
    Interrupt { place: usize },
    Pass { seconds: u16 },
}

fn step() -> impl Strategy<Value = Step> {
    let token = 0..6_u8;
    prop_oneof![
        (token.clone(), 1..5_u8, any::<bool>()).prop_map(|(token, count, subnet)| Step::Run {
            token,
            count,
            subnet
        }),
        (token, 1..9_u8, any::<bool>()).prop_map(|(token, count, spot)| Step::Fleet {
            token,
            count,
            spot
        }),
        any::<usize>().prop_map(|place| Step::End { place }),
        any::<usize>().prop_map(|place| Step::PowerOff { place }),
        any::<usize>().prop_map(|place| Step::Interrupt { place }),
        (0..400_u16).prop_map(|seconds| Step::Pass { seconds }),
    ]
}

fn account() -> World {
    let mut world = World::with(|settings| settings.on_demand_vcpus_max = ON_DEMAND_VCPUS);
    for market in [Market::Spot, Market::OnDemand] {
        let supply = Supply {
            instance_type: "c7i.large".to_owned(),
            zone: "eu-central-1a".to_owned(),
            market,
        };
        world.ec2.set_capacity(supply, Some(CAPACITY));
    }
    world
}

/// Gives what the step's token is, and the machines that it was answered.
fn take(world: &mut World, step: &Step) -> Option<(String, Vec<String>)> {
    let chosen = |world: &World, place: usize| {
        let all: Vec<String> = world
            .ec2
            .machines()
            .map(|machine| machine.id.clone())
            .collect();
        (!all.is_empty()).then(|| all[place % all.len()].clone())
    };
    let now = world.now;
    match step {
        Step::Run {
            token,
            count,
            subnet,
        } => {
            let subnet = if *subnet { "subnet-a" } else { "subnet-b" };
            let token = format!("run-{token}");
            let answer = world.run(
                1,
                u32::from(*count),
                &[("ClientToken", &token), ("SubnetId", subnet)],
            );
            return (answer.response.status == 200).then(|| (token, answer.all("instanceId")));
        }
        Step::Fleet { token, count, spot } => {
            let market = if *spot { "spot" } else { "on-demand" };
            let token = format!("fleet-{token}");
            let overrides = [("c7i.large", "subnet-a"), ("m7i.large", "subnet-b")];
            let answer = world.fleet(
                market,
                u32::from(*count),
                &overrides,
                &[("ClientToken", &token)],
            );
            return (answer.response.status == 200).then(|| (token, answer.fleet_ids()));
        }
        Step::End { place } => {
            if let Some(id) = chosen(world, *place) {
                world.end(&id);
            }
        }
        Step::PowerOff { place } => {
            if let Some(id) = chosen(world, *place) {
                world.ec2.power_off(&id, now);
            }
        }
        Step::Interrupt { place } => {
            if let Some(id) = chosen(world, *place) {
                world.ec2.interrupt(&id, now);
            }
        }
        Step::Pass { seconds } => world.pass(u64::from(*seconds)),
    }
    None
}

fn check_limits(world: &World) {
    let mut live: BTreeMap<Market, u32> = BTreeMap::new();
    let mut vcpus = 0;
    for machine in world
        .ec2
        .machines()
        .filter(|machine| machine.state.is_live())
    {
        if machine.instance_type == "c7i.large" && machine.zone == "eu-central-1a" {
            *live.entry(machine.market).or_default() += 1;
        }
        if machine.market == Market::OnDemand {
            vcpus += 2;
        }
    }
    assert!(live.values().all(|live| *live <= CAPACITY), "{live:?}");
    assert!(vcpus <= ON_DEMAND_VCPUS, "{vcpus}");
}

/// All ids, page by page.
fn paged(world: &mut World) -> Vec<String> {
    let (mut ids, mut token) = (Vec::new(), String::new());
    loop {
        let page = world.describe(&[("MaxResults", "5"), ("NextToken", &token)]);
        ids.extend(page.all("instanceId"));
        token = page.one("nextToken");
        if token.is_empty() {
            return ids;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_called_the_account_keeps_its_promises(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut world = account();
        let mut answered: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut ended: BTreeSet<String> = BTreeSet::new();
        for step in &steps {
            if let Some((token, ids)) = take(&mut world, step) {
                let first = answered.entry(token).or_insert_with(|| ids.clone());
                prop_assert_eq!(&*first, &ids, "a client token launches once");
            }
            check_limits(&world);
            for machine in world.ec2.machines() {
                let is_answered = answered.values().flatten().any(|id| *id == machine.id);
                prop_assert!(is_answered, "a repeat launched {} in secret", machine.id);
                let runs = machine.state.is_live();
                prop_assert!(!(runs && ended.contains(&machine.id)), "runs again");
                if machine.terminated_at.is_some() {
                    ended.insert(machine.id.clone());
                }
            }
        }
        world.pass(3);
        let all: Vec<String> = world.ec2.machines().map(|machine| machine.id.clone()).collect();
        prop_assert_eq!(paged(&mut world), all, "each machine is on one page");
    }
}
