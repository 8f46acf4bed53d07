//! What a fleet may ask for beside its overrides: requirements, shares, least numbers, tags.

use dayfly::model::offer::Market;
use dayfly_lab::emulator::ec2::Supply;

use super::world::{Answer, Parameters, World};

const TEMPLATE: &str = "LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateId";
const SUBNET: &str = "LaunchTemplateConfigs.1.Overrides.1.SubnetId";
const VCPUS_MIN: &str = "LaunchTemplateConfigs.1.Overrides.1.InstanceRequirements.VCpuCount.Min";
const VCPUS_MAX: &str = "LaunchTemplateConfigs.1.Overrides.1.InstanceRequirements.VCpuCount.Max";
const MEMORY_MIN: &str = "LaunchTemplateConfigs.1.Overrides.1.InstanceRequirements.MemoryMiB.Min";
const MEMORY_MAX: &str = "LaunchTemplateConfigs.1.Overrides.1.InstanceRequirements.MemoryMiB.Max";
const TWO: [(&str, &str); 2] = [("c7i.large", "subnet-a"), ("m7i.large", "subnet-b")];

fn limit(world: &mut World, size: &str, zone: &str, machines_max: u32) {
    let supply = Supply {
        instance_type: size.to_owned(),
        zone: zone.to_owned(),
        market: Market::Spot,
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

/// One spot machine of whatever size fits.
fn required(world: &mut World, requirements: Parameters<'_>) -> Answer {
    let fixed = [
        ("Type", "instant"),
        (TEMPLATE, "lt-1"),
        (SUBNET, "subnet-a"),
        ("TargetCapacitySpecification.TotalTargetCapacity", "1"),
        (
            "TargetCapacitySpecification.DefaultTargetCapacityType",
            "spot",
        ),
        ("SpotOptions.AllocationStrategy", "price-capacity-optimized"),
    ];
    world.call("CreateFleet", &[&fixed[..], requirements].concat())
}

#[test]
fn requirements_pick_the_sizes_that_fit_and_that_the_image_boots_on() {
    let check = |requirements: Parameters<'_>, expected: &str| {
        let mut world = World::new();
        let fleet = required(&mut world, requirements);
        assert_eq!(fleet.response.status, 200, "{}", fleet.text);
        assert_eq!(sizes(&world, &fleet), [expected], "{requirements:?}");
        assert_eq!(fleet.one("instanceType"), expected);
    };
    // The cheapest of all would be of another architecture.
    check(&[(VCPUS_MIN, "0"), (MEMORY_MIN, "0")], "c7i.large");
    check(&[(VCPUS_MIN, "0"), (MEMORY_MIN, "8192")], "m7i.large");
    check(&[(VCPUS_MIN, "3"), (MEMORY_MIN, "0")], "c7i.xlarge");
    let span = [
        (VCPUS_MIN, "2"),
        (VCPUS_MAX, "2"),
        (MEMORY_MIN, "4097"),
        (MEMORY_MAX, "8192"),
    ];
    check(&span, "m7i.large");
}

#[test]
fn requirements_are_told_back_and_another_size_serves_when_one_is_short() {
    let mut world = World::new();
    limit(&mut world, "c7i.large", "eu-central-1a", 0);
    let fleet = required(&mut world, &[(VCPUS_MIN, "2"), (MEMORY_MIN, "1024")]);
    assert_eq!(sizes(&world, &fleet), ["m7i.large"]);
    assert_eq!(
        fleet.one("instanceRequirements"),
        "<vCpuCount><min>2</min></vCpuCount><memoryMiB><min>1024</min></memoryMiB>"
    );
    assert_eq!(
        (fleet.one("subnetId"), fleet.one("availabilityZone")),
        ("subnet-a".to_owned(), "eu-central-1a".to_owned())
    );
}

#[test]
fn requirements_that_cannot_be_met_or_read_are_refused() {
    let check = |requirements: Parameters<'_>, code: &str| {
        let refused = required(&mut World::new(), requirements);
        assert_eq!(
            refused.refusal(),
            (400, code.to_owned()),
            "{requirements:?}"
        );
    };
    check(
        &[(VCPUS_MIN, "64"), (MEMORY_MIN, "0")],
        "InvalidFleetConfig",
    );
    check(&[(VCPUS_MIN, "2")], "MissingParameter");
    let backwards = [(VCPUS_MIN, "4"), (VCPUS_MAX, "2"), (MEMORY_MIN, "0")];
    check(&backwards, "InvalidParameterValue");
    let size = "LaunchTemplateConfigs.1.Overrides.1.InstanceType";
    let both = [(VCPUS_MIN, "2"), (MEMORY_MIN, "0"), (size, "c7i.large")];
    check(&both, "InvalidParameterCombination");
    let more = "LaunchTemplateConfigs.1.Overrides.1.InstanceRequirements.BareMetal";
    let unknown = [(VCPUS_MIN, "2"), (MEMORY_MIN, "0"), (more, "included")];
    check(&unknown, "UnknownParameter");
}

#[test]
fn a_diversified_fleet_takes_its_share_from_each_and_more_where_one_is_short() {
    let diversified = [("SpotOptions.AllocationStrategy", "diversified")];
    let mut world = World::new();
    let fleet = world.fleet("spot", 4, &TWO, &diversified);
    let mut taken = sizes(&world, &fleet);
    taken.sort();
    assert_eq!(taken, ["c7i.large", "c7i.large", "m7i.large", "m7i.large"]);
    let mut world = World::new();
    limit(&mut world, "m7i.large", "eu-central-1b", 1);
    let fleet = world.fleet("spot", 4, &TWO, &diversified);
    let mut taken = sizes(&world, &fleet);
    taken.sort();
    assert_eq!(taken, ["c7i.large", "c7i.large", "c7i.large", "m7i.large"]);
    assert_eq!(fleet.all("errorCode"), ["InsufficientInstanceCapacity"]);
}

#[test]
fn a_least_number_is_reached_by_one_offer_or_nothing_is_launched() {
    let single = ("SpotOptions.SingleInstanceType", "true");
    let least = |number| [single, ("SpotOptions.MinTargetCapacity", number)];
    let mut world = World::new();
    limit(&mut world, "c7i.large", "eu-central-1a", 1);
    limit(&mut world, "m7i.large", "eu-central-1b", 2);
    let none = world.fleet("spot", 3, &TWO, &least("3"));
    assert_eq!((none.response.status, none.fleet_ids().len()), (200, 0));
    assert_eq!(none.all("errorCode"), ["InsufficientInstanceCapacity"; 2]);
    let some = world.fleet("spot", 3, &TWO, &least("2"));
    assert_eq!(sizes(&world, &some), ["m7i.large"; 2]);
    let check = |parameters: Parameters<'_>, code: &str| {
        let refused = World::new().fleet("spot", 3, &TWO, parameters);
        assert_eq!(refused.refusal(), (400, code.to_owned()));
    };
    check(&least("4"), "InvalidParameterValue");
    check(&least("2")[1..], "InvalidParameterCombination");
    let stops = [("SpotOptions.InstanceInterruptionBehavior", "stop")];
    check(&stops, "InvalidParameterValue");
}

#[test]
fn all_that_a_launch_makes_can_be_tagged() {
    let mut world = World::new();
    let kinds = ["fleet", "volume", "network-interface", "instance"];
    let parameters: Vec<[(String, String); 3]> = (1..)
        .zip(kinds)
        .map(|(index, kind)| {
            let name = |rest: &str| format!("TagSpecification.{index}.{rest}");
            [
                (name("ResourceType"), kind.to_owned()),
                (name("Tag.1.Key"), "of".to_owned()),
                (name("Tag.1.Value"), kind.to_owned()),
            ]
        })
        .collect();
    let parameters = parameters.iter().flatten();
    let parameters: Vec<(&str, &str)> = parameters
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let fleet = world.fleet("spot", 1, &TWO, &parameters);
    let machine = world.ec2.machine(&fleet.fleet_ids()[0]).unwrap();
    assert_eq!(machine.tags["of"], "instance");
}
