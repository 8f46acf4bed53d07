//! Launches through the real client.

use std::collections::BTreeSet;
use std::time::Duration;

use dayfly::model::offer::Market;
use dayfly::model::plan::LaunchOrder;
use dayfly::ports::{Cloud, LaunchError};
use dayfly_lab::emulator::ec2::action::Action;
use dayfly_lab::emulator::ec2::error;
use dayfly_lab::emulator::ec2::faults::{Fault, Scope, Travel};
use dayfly_lab::emulator::ec2::{Ec2, Supply};

use super::world::{UNSEEN, account, cloud, offers, order};

fn capacity(ec2: &mut Ec2, instance_type: &str, zone: &str, market: Market, most: u32) {
    let supply = Supply {
        instance_type: instance_type.to_owned(),
        zone: zone.to_owned(),
        market,
    };
    ec2.set_capacity(supply, Some(most));
}

fn nothing_left(ec2: &mut Ec2, market: Market) {
    for size in ["c7i.large", "m7i.large"] {
        for zone in ["eu-central-1a", "eu-central-1b"] {
            capacity(ec2, size, zone, market, 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_one_call_and_everything_is_tagged_by_it() {
    let (wire, cloud) = cloud(account());
    let launched = cloud.launch(&order("dayfly-1", 7)).await.expect("machines");
    assert_eq!(launched.machines.len(), 7);
    assert!(launched.unavailable.is_empty());
    assert_eq!(wire.requests().len(), 1, "one call, and none for tags");
    for machine in &launched.machines {
        let ec2 = wire.ec2();
        let record = ec2.machine(machine.id.as_str()).expect("it is there");
        let tag = |key: &str| record.tags.get(key).map(String::as_str);
        assert_eq!(tag("dayfly:deployment"), Some("ci"));
        assert_eq!(tag("dayfly:pool"), Some("linux"));
        assert_eq!(tag("dayfly:launch"), Some("dayfly-1"));
        assert_eq!(tag("dayfly:template"), Some("lt-1:1"));
        assert_eq!(tag("dayfly:boot-limit"), Some("300"));
        assert_eq!(tag("dayfly:lifetime"), Some("90000"));
        assert_eq!(tag("dayfly:idle-timeout"), Some("120"));
        assert_eq!(machine.offer.instance_type, record.instance_type);
        assert_eq!(machine.offer.subnet, record.subnet);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_launched_is_listed_as_it_was_said() {
    let (_, cloud) = cloud(account());
    let launched = cloud.launch(&order("dayfly-1", 3)).await.expect("machines");
    tokio::time::advance(UNSEEN).await;
    let listed = cloud.machines().await.expect("a list");
    for machine in launched.machines {
        assert_eq!(listed.get(&machine.id), Some(&machine));
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_token_gives_the_same_machines() {
    let (wire, cloud) = cloud(account());
    let first = cloud.launch(&order("dayfly-1", 3)).await.expect("machines");
    let second = cloud.launch(&order("dayfly-1", 3)).await.expect("machines");
    assert_eq!(first, second);
    assert_eq!(wire.ec2().machines().count(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_is_had_by_asking_again() {
    let (wire, cloud) = cloud(account());
    let scope = Scope::on(Action::CreateFleet).times(1);
    wire.ec2().add_fault(scope, Fault::Travel(Travel::Lost));
    let lost = cloud.launch(&order("dayfly-1", 3)).await;
    assert!(matches!(lost, Err(LaunchError::Unknown { .. })), "{lost:?}");
    let again = cloud.launch(&order("dayfly-1", 3)).await.expect("machines");
    assert_eq!(again.machines.len(), 3);
    assert_eq!(wire.ec2().machines().count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_used_for_another_launch_finds_what_it_launched() {
    let (wire, cloud) = cloud(account());
    let first = cloud.launch(&order("dayfly-1", 3)).await.expect("machines");
    tokio::time::advance(UNSEEN).await;
    let ids = |machines: &[dayfly::model::machine::Machine]| -> BTreeSet<_> {
        machines.iter().map(|machine| machine.id.clone()).collect()
    };
    let of_another_count = order("dayfly-1", 5);
    // Somebody expects less now than when its answer was lost.
    let of_another_wait = LaunchOrder {
        idle_timeout: Duration::from_secs(20),
        ..order("dayfly-1", 3)
    };
    for other in [of_another_count, of_another_wait] {
        let other = cloud.launch(&other).await.expect("machines");
        assert_eq!(ids(&first.machines), ids(&other.machines));
    }
    assert_eq!(wire.ec2().machines().count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_part_comes_from_each_offer_that_has_some_and_the_rest_is_said() {
    let (wire, cloud) = cloud(account());
    nothing_left(&mut wire.ec2(), Market::OnDemand);
    capacity(
        &mut wire.ec2(),
        "c7i.large",
        "eu-central-1b",
        Market::OnDemand,
        2,
    );
    capacity(
        &mut wire.ec2(),
        "m7i.large",
        "eu-central-1a",
        Market::OnDemand,
        1,
    );
    let launched = cloud.launch(&order("dayfly-1", 5)).await.expect("a part");
    assert_eq!(launched.machines.len(), 3);
    let dry: BTreeSet<String> = launched
        .unavailable
        .iter()
        .map(|(offer, _)| offer.to_string())
        .collect();
    assert_eq!(dry.len(), 4, "what gave a part has nothing more: {dry:?}");
}

#[tokio::test(start_paused = true)]
async fn no_capacity_anywhere_is_said_in_the_clouds_words() {
    let (wire, cloud) = cloud(account());
    nothing_left(&mut wire.ec2(), Market::OnDemand);
    let error = cloud.launch(&order("dayfly-1", 5)).await.expect_err("none");
    let LaunchError::NoCapacity { reason } = error else {
        panic!("{error:?}");
    };
    assert!(
        reason.starts_with("InsufficientInstanceCapacity: "),
        "{reason}"
    );
    assert_eq!(
        wire.requests().len(),
        1,
        "nobody asks an empty shelf three times"
    );
}

#[tokio::test(start_paused = true)]
async fn what_spot_does_not_have_comes_on_demand_in_the_same_order() {
    let (wire, cloud) = cloud(account());
    nothing_left(&mut wire.ec2(), Market::Spot);
    capacity(
        &mut wire.ec2(),
        "c7i.large",
        "eu-central-1a",
        Market::Spot,
        2,
    );
    let both = [offers(Market::Spot), offers(Market::OnDemand)].concat();
    let order = LaunchOrder {
        offers: both,
        ..order("dayfly-1", 5)
    };
    let launched = cloud.launch(&order).await.expect("machines");
    let spot = launched
        .machines
        .iter()
        .filter(|machine| machine.offer.market == Market::Spot);
    assert_eq!((spot.count(), launched.machines.len()), (2, 5));
    assert_eq!(wire.count("CreateFleet"), 2);
}

/// What an operator reads of each code of aws.md D, and how the scaler takes it: the file has a
/// line for each.
#[tokio::test(start_paused = true)]
async fn every_code_has_its_class_and_its_word() {
    let mut read = Vec::new();
    for code in error::CODES {
        let (wire, cloud) = cloud(account());
        wire.ec2()
            .add_fault(Scope::on(Action::CreateFleet), Fault::Refused(*code));
        let error = cloud
            .launch(&order("dayfly-1", 1))
            .await
            .expect_err(code.name);
        let class = match &error {
            LaunchError::NoCapacity { .. } => "no capacity",
            LaunchError::Throttled => "throttled",
            LaunchError::Refused { .. } => "refused",
            LaunchError::Unknown { .. } => "unknown",
        };
        assert!(wire.ec2().machines().next().is_none());
        read.push(format!("{}: {class}: {error}", code.name));
    }
    let expected = include_str!("../../data/aws/launch_errors.txt");
    // A line at a time, so that a failure can be read.
    for (line, expected) in read.iter().zip(expected.lines()) {
        assert_eq!(line, expected);
    }
    assert_eq!(read.len(), expected.lines().count());
}
