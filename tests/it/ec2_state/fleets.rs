//! `CreateFleet` of type `instant`: order, partial success, rows of errors, tags.

use dayfly::model::offer::Market;
use dayfly_lab::emulator::ec2::Supply;

use super::world::{Answer, World};

const BOTH: [(&str, &str); 2] = [("c7i.large", "subnet-a"), ("m7i.large", "subnet-b")];

fn limit(world: &mut World, size: &str, zone: &str, market: Market, machines_max: u32) {
    let supply = Supply {
        instance_type: size.to_owned(),
        zone: zone.to_owned(),
        market,
    };
    world.ec2.set_capacity(supply, Some(machines_max));
}

/// The sizes of a fleet's machines, in the order of their launches.
fn sizes(world: &World, answer: &Answer) -> Vec<String> {
    let ids = answer.fleet_ids();
    let machines = ids.iter().filter_map(|id| world.ec2.machine(id));
    machines
        .map(|machine| machine.instance_type.clone())
        .collect()
}

#[test]
fn the_preferred_offer_serves_the_whole_fleet_while_it_lasts() {
    let mut world = World::new();
    let fleet = world.fleet("on-demand", 3, &BOTH, &[]);
    assert_eq!(sizes(&world, &fleet), ["c7i.large"; 3]);
    assert_eq!(fleet.all("errorCode"), [""; 0]);
}

#[test]
fn a_fleet_is_served_in_part_and_says_which_offer_fell_short() {
    let mut world = World::new();
    limit(
        &mut world,
        "c7i.large",
        "eu-central-1a",
        Market::OnDemand,
        1,
    );
    limit(
        &mut world,
        "m7i.large",
        "eu-central-1b",
        Market::OnDemand,
        1,
    );
    let fleet = world.fleet("on-demand", 3, &BOTH, &[]);
    assert_eq!(fleet.response.status, 200);
    assert_eq!(sizes(&world, &fleet), ["c7i.large", "m7i.large"]);
    assert_eq!(fleet.all("errorCode"), ["InsufficientInstanceCapacity"; 2]);
    let rows = fleet.one("errorSet");
    assert!(rows.contains("<subnetId>subnet-a</subnetId>") && rows.contains("subnet-b"));
}

#[test]
fn each_offer_that_cannot_be_launched_gets_a_row_and_the_others_are_tried() {
    let mut world = World::with(|settings| {
        let size = settings.types.get_mut("c7i.xlarge").unwrap();
        size.missing_zones.push("eu-central-1a".to_owned());
    });
    let overrides = [
        ("c9.huge", "subnet-a"),
        ("c7i.xlarge", "subnet-a"),
        ("c7g.large", "subnet-a"),
        ("c7i.large", "subnet-z"),
        ("c7i.large", "subnet-a"),
    ];
    let fleet = world.fleet("on-demand", 1, &overrides, &[]);
    let expected = [
        "InvalidParameterValue",
        "Unsupported",
        "InvalidParameterValue",
        "InvalidSubnetID.NotFound",
    ];
    assert_eq!(fleet.all("errorCode"), expected);
    assert_eq!(fleet.fleet_ids().len(), 1);
}

#[test]
fn spot_prefers_what_there_is_enough_of_and_then_the_priority() {
    let mut world = World::new();
    limit(&mut world, "c7i.large", "eu-central-1a", Market::Spot, 1);
    let enough = world.fleet("spot", 1, &BOTH, &[]);
    assert_eq!(sizes(&world, &enough), ["c7i.large"]);
    let scarce = world.fleet("spot", 2, &BOTH, &[]);
    assert_eq!(sizes(&world, &scarce), ["m7i.large"; 2]);
    let id = enough.fleet_ids().remove(0);
    assert_eq!(world.ec2.machine(&id).unwrap().market, Market::Spot);
}

#[test]
fn without_a_strategy_the_cheapest_comes_first() {
    let mut world = World::new();
    let overrides = [("m7i.large", "subnet-b"), ("c7i.large", "subnet-a")];
    let lowest = [("OnDemandOptions.AllocationStrategy", "lowest-price")];
    let fleet = world.fleet("on-demand", 1, &overrides, &lowest);
    assert_eq!(sizes(&world, &fleet), ["c7i.large"]);
}

#[test]
fn a_fleet_can_be_of_both_markets() {
    let mut world = World::new();
    let split = [("TargetCapacitySpecification.OnDemandTargetCapacity", "1")];
    let fleet = world.fleet("spot", 3, &BOTH, &split);
    let mut lifecycles = fleet.all("lifecycle");
    lifecycles.sort();
    assert_eq!(lifecycles, ["on-demand", "spot"]);
    let spot = world
        .ec2
        .machines()
        .filter(|machine| machine.market == Market::Spot);
    assert_eq!((spot.count(), fleet.fleet_ids().len()), (2, 3));
}

#[test]
fn machines_of_a_fleet_are_tagged_from_their_first_moment() {
    let mut world = World::new();
    let tags = [
        ("TagSpecification.1.ResourceType", "instance"),
        ("TagSpecification.1.Tag.1.Key", "dayfly:pool"),
        ("TagSpecification.1.Tag.1.Value", "s1"),
    ];
    let fleet = world.fleet("spot", 1, &BOTH, &tags);
    let machine = world.ec2.machine(&fleet.fleet_ids()[0]).unwrap();
    let keys: Vec<&str> = machine.tags.keys().map(String::as_str).collect();
    let expected = [
        "aws:ec2:fleet-id",
        "aws:ec2launchtemplate:id",
        "aws:ec2launchtemplate:version",
        "dayfly:pool",
    ];
    assert_eq!(keys, expected);
    assert_eq!(machine.tags["aws:ec2:fleet-id"], fleet.one("fleetId"));
}

#[test]
fn what_a_fleet_cannot_be_is_refused_as_a_whole() {
    let check = |target: u32, overrides: &[(&str, &str)], more: &[(&str, &str)], code: &str| {
        let mut world = World::new();
        let refused = world.fleet("spot", target, overrides, more);
        assert_eq!(refused.refusal(), (400, code.to_owned()), "{more:?}");
        assert_eq!(world.ec2.machines().count(), 0);
    };
    check(0, &BOTH, &[], "InvalidParameterValue");
    check(10_001, &BOTH, &[], "InvalidParameterValue");
    check(1, &BOTH, &[("Type", "maintain")], "InvalidParameterValue");
    let half = ("TargetCapacitySpecification.SpotTargetCapacity", "1");
    check(3, &BOTH, &[half], "InvalidParameterCombination");
    let wild = ("SpotOptions.AllocationStrategy", "wild");
    check(1, &BOTH, &[wild], "InvalidParameterValue");
    let kind = ("TagSpecification.1.ResourceType", "snapshot");
    check(1, &BOTH, &[kind], "InvalidParameterValue");
    let template = "LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateId";
    check(
        1,
        &BOTH,
        &[(template, "lt-9")],
        "InvalidLaunchTemplateId.NotFound",
    );
}

#[test]
fn a_fleet_cannot_span_two_subnets_of_one_zone() {
    let mut world = World::with(|settings| {
        let zone = settings.subnets["subnet-a"].zone.clone();
        settings.subnets.get_mut("subnet-b").unwrap().zone = zone;
    });
    let refused = world.fleet("spot", 1, &BOTH, &[]);
    assert_eq!(refused.refusal(), (400, "InvalidFleetConfig".to_owned()));
}

#[test]
fn a_price_that_is_too_low_is_a_row() {
    let mut world = World::new();
    let max = [("LaunchTemplateConfigs.1.Overrides.1.MaxPrice", "0.001")];
    let fleet = world.fleet("spot", 1, &BOTH[..1], &max);
    assert_eq!(fleet.all("errorCode"), ["SpotMaxPriceTooLow"]);
    assert_eq!(fleet.fleet_ids().len(), 0);
}
