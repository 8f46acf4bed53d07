//! `RunInstances`: counts, what is checked, what a template gives, and limits.

use dayfly::model::offer::Market;
use dayfly_lab::emulator::ec2::Supply;
use dayfly_lab::emulator::ec2::settings::ImageState;
use dayfly_lab::emulator::ec2::template::TemplateData;

use super::world::{Answer, Parameters, World};

fn supply(zone: &str, market: Market) -> Supply {
    Supply {
        instance_type: "c7i.large".to_owned(),
        zone: zone.to_owned(),
        market,
    }
}

/// What a launch with these parameters is refused with.
fn refused(world: &mut World, more: Parameters<'_>) -> (u16, String) {
    let before = world.ec2.machines().count();
    let answer = world.run(1, 1, more);
    assert_eq!(world.ec2.machines().count(), before, "{}", answer.text);
    answer.refusal()
}

fn check(more: Parameters<'_>, code: &str) {
    assert_eq!(
        refused(&mut World::new(), more),
        (400, code.to_owned()),
        "{more:?}"
    );
}

fn launched(answer: &Answer) -> usize {
    answer.all("instanceId").len()
}

#[test]
fn a_launch_names_only_what_exists_and_goes_together() {
    check(&[("InstanceType", "c9.huge")], "InvalidParameterValue");
    check(&[("SubnetId", "subnet-z")], "InvalidSubnetID.NotFound");
    check(&[("ImageId", "ami-none")], "InvalidAMIID.NotFound");
    check(&[("ImageId", "image")], "InvalidAMIID.Malformed");
    check(&[("ImageId", "resolve:ssm:/none")], "InvalidParameterValue");
    check(&[("ImageId", "ami-arm")], "InvalidParameterValue");
    check(&[("UserData", "%")], "InvalidUserData.Malformed");
    check(
        &[("MetadataOptions.HttpTokens", "maybe")],
        "InvalidParameterValue",
    );
    check(
        &[("InstanceMarketOptions.MarketType", "free")],
        "InvalidParameterValue",
    );
    check(
        &[("LaunchTemplate.Version", "7")],
        "InvalidLaunchTemplateId.VersionNotFound",
    );
    check(
        &[("LaunchTemplate.LaunchTemplateName", "dayfly")],
        "InvalidParameterCombination",
    );
}

#[test]
fn a_template_that_is_not_there_is_refused_by_id_and_by_name() {
    let mut world = World::new();
    let counts = [("MinCount", "1"), ("MaxCount", "1")];
    let mut run = |name, value| {
        let answer = world.call("RunInstances", &[counts[0], counts[1], (name, value)]);
        answer.one("Code")
    };
    let by_id = run("LaunchTemplate.LaunchTemplateId", "lt-9");
    assert_eq!(by_id, "InvalidLaunchTemplateId.NotFound");
    let by_name = run("LaunchTemplate.LaunchTemplateName", "none");
    assert_eq!(by_name, "InvalidLaunchTemplateName.NotFoundException");
}

#[test]
fn an_image_that_is_being_made_is_not_launched() {
    let mut world = World::with(|settings| {
        settings.images.get_mut("ami-x86").unwrap().state = ImageState::Pending;
    });
    assert_eq!(refused(&mut world, &[]).1, "InvalidAMIID.Unavailable");
}

#[test]
fn user_data_ends_at_sixteen_kibibytes() {
    // 16,384 bytes are 21,848 characters of base64.
    let fits = format!("{}AA==", "AAAA".repeat(5461));
    let long = format!("{}AAA=", "AAAA".repeat(5461));
    assert_eq!(World::new().launch_with(1, &[("UserData", &fits)]).len(), 1);
    check(&[("UserData", &long)], "InvalidUserData.Malformed");
}

#[test]
fn as_many_as_fit_are_launched_up_to_the_maximum_or_none_below_the_minimum() {
    let mut world = World::new();
    let supply = supply("eu-central-1a", Market::OnDemand);
    world.ec2.set_capacity(supply, Some(5));
    assert_eq!(launched(&world.run(1, 3, &[])), 3);
    let short = world.run(3, 9, &[]);
    let expected = (500, "InsufficientInstanceCapacity".to_owned());
    assert_eq!(short.refusal(), expected);
    assert_eq!(launched(&world.run(1, 9, &[])), 2);
}

#[test]
fn counts_have_to_go_together() {
    let mut world = World::new();
    assert_eq!(world.run(2, 1, &[]).one("Code"), "InvalidParameterValue");
    assert_eq!(world.run(0, 1, &[]).one("Code"), "InvalidParameterValue");
}

#[test]
fn capacity_is_of_a_size_in_a_zone_on_a_market() {
    let mut world = World::new();
    world
        .ec2
        .set_capacity(supply("eu-central-1a", Market::Spot), Some(0));
    let spot = [("InstanceMarketOptions.MarketType", "spot")];
    assert_eq!(refused(&mut world, &spot).1, "InsufficientInstanceCapacity");
    assert_eq!(world.launch(1).len(), 1);
    let other_zone = [spot[0], ("SubnetId", "subnet-b")];
    assert_eq!(world.launch_with(1, &other_zone).len(), 1);
    world
        .ec2
        .set_capacity(supply("eu-central-1a", Market::Spot), None);
    assert_eq!(world.launch_with(1, &spot).len(), 1);
}

#[test]
fn quotas_count_the_vcpus_of_live_machines_and_differ_by_market() {
    let mut world = World::with(|settings| {
        settings.on_demand_vcpus_max = 4;
        settings.spot_vcpus_max = 2;
    });
    let ids = world.launch(2);
    assert_eq!(refused(&mut world, &[]).1, "VcpuLimitExceeded");
    let spot = [("InstanceMarketOptions.MarketType", "spot")];
    world.launch_with(1, &spot);
    assert_eq!(refused(&mut world, &spot).1, "MaxSpotInstanceCountExceeded");
    world.pass(10);
    world.end(&ids[0]);
    assert_eq!(world.launch(1).len(), 1);
}

#[test]
fn a_subnet_runs_out_of_addresses_until_machines_are_terminated() {
    let mut world = World::with(|settings| {
        settings.subnets.get_mut("subnet-a").unwrap().addresses_max = 1;
    });
    let id = world.launch(1).remove(0);
    world.pass(10);
    world.end(&id);
    assert_eq!(
        refused(&mut world, &[]).1,
        "InsufficientFreeAddressesInSubnet"
    );
    world.pass(30);
    assert_eq!(world.launch(1).len(), 1);
}

#[test]
fn a_size_that_a_zone_does_not_have_is_unsupported() {
    let mut world = World::with(|settings| {
        let size = settings.types.get_mut("c7i.large").unwrap();
        size.missing_zones.push("eu-central-1a".to_owned());
    });
    assert_eq!(refused(&mut world, &[]).1, "Unsupported");
}

#[test]
fn a_spot_price_below_the_markets_is_too_low() {
    let spot = ("InstanceMarketOptions.MarketType", "spot");
    let max = |price| ("InstanceMarketOptions.SpotOptions.MaxPrice", price);
    check(&[spot, max("0.04")], "SpotMaxPriceTooLow");
    assert_eq!(World::new().launch_with(1, &[spot, max("0.05")]).len(), 1);
}

#[test]
fn a_launch_takes_over_what_its_template_says_and_says_the_rest_itself() {
    let mut world = World::with(|settings| {
        let template = settings.templates.get_mut("lt-1").unwrap();
        let data = TemplateData {
            user_data: Some("aGk=".to_owned()),
            tags: [("a", "1"), ("b", "1")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            ..TemplateData::default()
        };
        assert_eq!(template.add_version(Some(1), data), 2);
    });
    let id = world.launch_with(
        1,
        &[
            ("LaunchTemplate.Version", "$Latest"),
            ("MetadataOptions.HttpPutResponseHopLimit", "2"),
            ("TagSpecification.1.ResourceType", "instance"),
            ("TagSpecification.1.Tag.1.Key", "b"),
            ("TagSpecification.1.Tag.1.Value", "2"),
        ],
    );
    let machine = world.ec2.machine(&id[0]).unwrap();
    let tags: Vec<String> = machine
        .tags
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    assert_eq!(tags, ["a=1", "b=2"]);
    assert_eq!(machine.user_data.as_deref(), Some("aGk="));
    assert_eq!(
        (machine.image.as_str(), machine.metadata.hops_max),
        ("ami-x86", 2)
    );
    world.pass(10);
    let described = world.describe(&[]);
    assert_eq!(described.one("httpTokens"), "required");
}

#[test]
fn an_image_is_resolved_at_launch() {
    let mut world = World::new();
    let image = [("ImageId", "resolve:ssm:/dayfly/image")];
    let id = world.launch_with(1, &image).remove(0);
    assert_eq!(world.ec2.machine(&id).unwrap().image, "ami-x86");
}
