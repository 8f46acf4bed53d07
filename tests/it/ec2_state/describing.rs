//! `DescribeInstances`: what is seen when, filters, and pages of machines.

use super::world::{Parameters, World};

/// The machines that a filter leaves, by their places in the launch.
fn filtered(name: &str, value: &str) -> Vec<usize> {
    let mut world = World::new();
    let mut ids = world.launch_with(
        2,
        &[
            ("ClientToken", "first"),
            ("TagSpecification.1.ResourceType", "instance"),
            ("TagSpecification.1.Tag.1.Key", "pool"),
            ("TagSpecification.1.Tag.1.Value", "s1-linux"),
        ],
    );
    world.pass(10);
    world.end(&ids[0]);
    let spot = ("InstanceMarketOptions.MarketType", "spot");
    ids.extend(world.launch_with(1, &[spot, ("SubnetId", "subnet-b")]));
    world.pass(3);
    let filter = [("Filter.1.Name", name), ("Filter.1.Value.1", value)];
    let answer = world.describe(&filter);
    assert_eq!(answer.response.status, 200, "{}", answer.text);
    let found = answer.all("instanceId");
    let places = found
        .iter()
        .filter_map(|id| ids.iter().position(|known| known == id));
    places.collect()
}

#[test]
fn filters_leave_what_fits() {
    assert_eq!(filtered("tag:pool", "s1-linux"), [0, 1]);
    assert_eq!(filtered("tag:pool", "s1-*"), [0, 1]);
    assert_eq!(filtered("tag:pool", "s2"), [0; 0]);
    assert_eq!(filtered("tag-key", "pool"), [0, 1]);
    assert_eq!(filtered("instance-state-name", "running"), [1]);
    assert_eq!(filtered("instance-state-name", "pending"), [2]);
    assert_eq!(filtered("instance-state-code", "32"), [0]);
    assert_eq!(filtered("instance-lifecycle", "spot"), [2]);
    assert_eq!(filtered("client-token", "first"), [0, 1]);
    assert_eq!(filtered("instance-type", "c7i.*"), [0, 1, 2]);
    assert_eq!(filtered("subnet-id", "subnet-b"), [2]);
    assert_eq!(filtered("availability-zone", "eu-central-1?"), [0, 1, 2]);
    assert_eq!(filtered("image-id", "ami-x86"), [0, 1, 2]);
    assert_eq!(filtered("launch-time", "2026-09-21T14:13:30*"), [2]);
    assert_eq!(filtered("instance-id", "i-*"), [0, 1, 2]);
}

#[test]
fn every_filter_has_to_fit_with_any_of_its_values() {
    let mut world = World::new();
    world.launch(2);
    world.pass(3);
    let mut count = |parameters: Parameters<'_>| world.describe(parameters).all("instanceId").len();
    let type_or = [
        ("Filter.1.Name", "instance-type"),
        ("Filter.1.Value.1", "none"),
        ("Filter.1.Value.2", "c7i.large"),
    ];
    assert_eq!(count(&type_or), 2);
    let and = [
        ("Filter.2.Name", "subnet-id"),
        ("Filter.2.Value.1", "subnet-b"),
    ];
    assert_eq!(count(&[&type_or[..], &and[..]].concat()), 0);
}

#[test]
fn a_filter_that_does_not_exist_is_refused() {
    let refused = World::new().describe(&[("Filter.1.Name", "colour")]);
    assert_eq!(refused.refusal(), (400, "InvalidParameterValue".to_owned()));
}

#[test]
fn pages_are_of_machines_even_within_a_launch() {
    let mut world = World::new();
    let mut ids = world.launch(7);
    ids.extend(world.launch(5));
    world.pass(3);
    let (mut seen, mut sizes, mut token) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = world.describe(&[("MaxResults", "5"), ("NextToken", &token)]);
        sizes.push(page.all("instanceId").len());
        seen.extend(page.all("instanceId"));
        token = page.one("nextToken");
        if token.is_empty() {
            break;
        }
    }
    assert_eq!((sizes, seen), (vec![5, 5, 2], ids));
}

#[test]
fn pages_and_ids_do_not_go_together_and_a_token_is_ours() {
    let mut world = World::new();
    let id = world.launch(1).remove(0);
    let both = world.describe(&[("MaxResults", "5"), ("InstanceId.1", &id)]);
    assert_eq!(both.one("Code"), "InvalidParameterCombination");
    assert_eq!(
        world.describe(&[("MaxResults", "4")]).one("Code"),
        "InvalidParameterValue"
    );
    let strange = world.describe(&[("NextToken", "strange")]);
    assert_eq!(strange.one("Code"), "InvalidNextToken");
}

#[test]
fn a_machine_that_was_just_launched_is_not_known_yet() {
    let mut world = World::new();
    let id = world.launch(1).remove(0);
    let by_id = [("InstanceId.1", id.as_str())];
    let expected = (400, "InvalidInstanceID.NotFound".to_owned());
    assert_eq!(world.describe(&by_id).refusal(), expected);
    assert_eq!(world.end(&id).refusal(), expected);
    assert_eq!(world.describe(&[]).all("instanceId"), [""; 0]);
    world.pass(2);
    assert_eq!(world.describe(&by_id).one("instanceId"), id);
    assert_eq!(world.describe(&[]).all("instanceId"), [id]);
}

#[test]
fn an_id_that_is_none_and_ids_that_are_not_known_are_named() {
    let mut world = World::new();
    let malformed = world.describe(&[("InstanceId.1", "machine")]);
    assert_eq!(malformed.one("Code"), "InvalidInstanceID.Malformed");
    let lost = world.describe(&[("InstanceId.1", "i-1"), ("InstanceId.2", "i-2")]);
    assert_eq!(
        lost.one("Message"),
        "The instance IDs 'i-1, i-2' do not exist"
    );
}

#[test]
fn a_machine_is_written_as_ec2_writes_it() {
    let mut world = World::new();
    world.launch(1);
    world.pass(10);
    let described = world.describe(&[]).text.replace("><", ">\n<");
    insta::assert_snapshot!(described, @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
    <requestId>00000000-0000-4000-8000-000000000004</requestId>
    <reservationSet>
    <item>
    <reservationId>r-00000000000000002</reservationId>
    <ownerId>123456789012</ownerId>
    <instancesSet>
    <item>
    <instanceId>i-00000000000000003</instanceId>
    <imageId>ami-x86</imageId>
    <instanceState>
    <code>16</code>
    <name>running</name>
    </instanceState>
    <amiLaunchIndex>0</amiLaunchIndex>
    <instanceType>c7i.large</instanceType>
    <launchTime>2026-09-21T14:13:20.000Z</launchTime>
    <placement>
    <availabilityZone>eu-central-1a</availabilityZone>
    <tenancy>default</tenancy>
    </placement>
    <subnetId>subnet-a</subnetId>
    <vpcId>vpc-1</vpcId>
    <privateIpAddress>10.0.0.3</privateIpAddress>
    <architecture>x86_64</architecture>
    <metadataOptions>
    <state>applied</state>
    <httpTokens>required</httpTokens>
    <httpPutResponseHopLimit>1</httpPutResponseHopLimit>
    <httpEndpoint>enabled</httpEndpoint>
    <instanceMetadataTags>disabled</instanceMetadataTags>
    </metadataOptions>
    <tagSet>
    </tagSet>
    </item>
    </instancesSet>
    </item>
    </reservationSet>
    </DescribeInstancesResponse>
    "#);
}
