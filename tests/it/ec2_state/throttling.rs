//! The real token buckets of aws.md D: each API its own, and machines besides requests.

use dayfly_lab::emulator::ec2::action::Action;
use dayfly_lab::emulator::ec2::throttle::Throttling;

use super::world::{Parameters, World};

fn real() -> World {
    World::with(|settings| settings.throttling = Throttling::Real)
}

/// How many calls in a row are let through.
fn burst(world: &mut World, action: &str, parameters: Parameters<'_>) -> usize {
    let calls = 0..1000;
    let through = calls.take_while(|_| {
        let answer = world.call(action, parameters);
        let is_throttled = answer.one("Code") == "RequestLimitExceeded";
        assert!(!is_throttled || answer.response.status == 503);
        !is_throttled
    });
    through.count()
}

#[test]
fn each_action_has_a_bucket_and_gets_it_back_at_its_rate() {
    let check = |action: Action, parameters: Parameters<'_>, max: usize, per_second: usize| {
        let mut world = real();
        let through = burst(&mut world, action.name(), parameters);
        assert_eq!(through, max, "{action:?} at once");
        world.pass(1);
        let through = burst(&mut world, action.name(), parameters);
        assert_eq!(through, per_second, "{action:?} after a second");
    };
    check(Action::RunInstances, &[], 5, 2);
    check(Action::CreateFleet, &[], 50, 5);
    check(Action::TerminateInstances, &[], 100, 5);
    check(Action::ModifyInstanceMetadataOptions, &[], 100, 5);
    check(Action::ModifyInstanceAttribute, &[], 50, 5);
    check(Action::CreateTags, &[], 100, 10);
    check(Action::DeleteTags, &[], 100, 10);
    check(Action::DescribeInstances, &[("MaxResults", "5")], 100, 20);
    check(Action::DescribeInstances, &[], 50, 10);
    check(Action::DescribeInstanceStatus, &[], 50, 10);
    check(Action::DescribeSubnets, &[], 100, 20);
    check(Action::GetConsoleOutput, &[], 100, 20);
    check(Action::DescribeInstanceTypes, &[], 100, 20);
}

#[test]
fn buckets_are_apart() {
    let mut world = real();
    burst(&mut world, "RunInstances", &[]);
    assert_eq!(burst(&mut world, "TerminateInstances", &[]), 100);
    assert_eq!(world.describe(&[]).response.status, 200);
}

#[test]
fn a_thousand_machines_are_launched_at_once_and_two_more_in_each_second() {
    let mut world = real();
    world.launch(1000);
    assert_eq!(
        world.run(1, 1, &[]).refusal(),
        (503, "RequestLimitExceeded".to_owned())
    );
    world.pass(1);
    assert_eq!(world.run(1, 5, &[]).all("instanceId").len(), 2);
}

#[test]
fn a_fleet_is_served_as_far_as_its_machines_are_not_throttled() {
    let mut world = real();
    let fleet = world.fleet("on-demand", 1200, &[("c7i.large", "subnet-a")], &[]);
    assert_eq!(fleet.fleet_ids().len(), 1000);
    assert_eq!(fleet.all("errorCode"), ["RequestLimitExceeded"]);
}

#[test]
fn a_thousand_machines_are_ended_at_once_and_twenty_more_in_each_second() {
    let mut world = real();
    let mut ids = world.launch(1000);
    world.pass(60);
    ids.extend(world.launch(21));
    world.pass(10);
    let names: Vec<String> = (1..=1000)
        .map(|index| format!("InstanceId.{index}"))
        .collect();
    let all: Vec<(&str, &str)> = names
        .iter()
        .zip(&ids)
        .map(|(n, id)| (n.as_str(), id.as_str()))
        .collect();
    assert_eq!(world.call("TerminateInstances", &all).response.status, 200);
    let rest = &ids[1000..];
    let rest: Vec<(&str, &str)> = names
        .iter()
        .zip(rest)
        .map(|(n, id)| (n.as_str(), id.as_str()))
        .collect();
    world.pass(1);
    let refused = world.call("TerminateInstances", &rest);
    assert_eq!(refused.one("Code"), "RequestLimitExceeded");
    assert_eq!(
        world
            .call("TerminateInstances", &rest[..20])
            .response
            .status,
        200
    );
}
