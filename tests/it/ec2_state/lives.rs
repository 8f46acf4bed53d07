//! From pending to vanished, by itself, by request, and by the market.

use std::time::Duration;

use dayfly_lab::emulator::ec2::journal::Change;
use dayfly_lab::emulator::ec2::machine::{Health, State};

use super::world::World;

const SPOT: [(&str, &str); 1] = [("InstanceMarketOptions.MarketType", "spot")];

fn states(world: &mut World) -> Vec<State> {
    let changes = world.ec2.drain_changes().into_iter();
    let states = changes.filter_map(|change| match change {
        Change::StateChanged { state, .. } => Some(state),
        Change::SpotNotice { .. }
        | Change::RebalanceAdvised { .. }
        | Change::MetadataChanged { .. }
        | Change::Vanished { .. } => None,
    });
    states.collect()
}

#[test]
fn a_machine_goes_from_pending_to_vanished() {
    let mut world = World::new();
    let id = world.launch(1).remove(0);
    assert_eq!(world.state(&id), "pending");
    assert_eq!(
        world.ec2.next_deadline(),
        Some(world.now.plus(Duration::from_secs(5)))
    );
    world.pass(5);
    assert_eq!(world.state(&id), "running");
    let ended = world.end(&id);
    assert_eq!(ended.all("name"), ["shutting-down", "running"]);
    world.pass(20);
    assert_eq!(world.state(&id), "terminated");
    assert_eq!(world.describe(&[]).one("code"), "48");
    world.pass(3600);
    assert_eq!(world.state(&id), "gone");
    let lost = world.describe(&[("InstanceId.1", &id)]);
    assert_eq!(lost.one("Code"), "InvalidInstanceID.NotFound");
    use State::{Pending, Running, ShuttingDown, Terminated};
    assert_eq!(
        states(&mut world),
        [Pending, Running, ShuttingDown, Terminated]
    );
    assert_eq!(world.ec2.next_deadline(), None);
}

#[test]
fn ending_is_idempotent_and_none_is_ended_if_one_is_not_known() {
    let mut world = World::new();
    let ids = world.launch(2);
    world.pass(10);
    let partly = [
        ("InstanceId.1", ids[0].as_str()),
        ("InstanceId.2", "i-lost"),
    ];
    let refused = world.call("TerminateInstances", &partly);
    assert_eq!(refused.one("Code"), "InvalidInstanceID.NotFound");
    assert_eq!(world.state(&ids[0]), "running");
    let both = [
        ("InstanceId.1", ids[0].as_str()),
        ("InstanceId.2", ids[1].as_str()),
    ];
    assert_eq!(
        world.call("TerminateInstances", &both).all("instanceId"),
        ids
    );
    world.pass(60);
    let again = world.call("TerminateInstances", &both);
    assert_eq!(again.all("name"), ["terminated"; 4]);
}

#[test]
fn a_pending_machine_that_is_ended_never_runs() {
    let mut world = World::new();
    let id = world.launch(1).remove(0);
    world.pass(3);
    world.end(&id);
    world.pass(3);
    assert_eq!(world.state(&id), "shutting-down");
}

#[test]
fn powering_off_ends_a_machine_whose_template_says_so_and_keeps_the_others() {
    let mut world = World::new();
    let ends = world.launch(1).remove(0);
    let stop = [("InstanceInitiatedShutdownBehavior", "stop")];
    let stays = world.launch_with(1, &stop).remove(0);
    world.pass(10);
    let now = world.now;
    world.ec2.power_off(&ends, now);
    world.ec2.power_off(&stays, now);
    assert_eq!(
        (world.state(&ends), world.state(&stays)),
        ("shutting-down", "stopping")
    );
    world.pass(20);
    assert_eq!(
        (world.state(&ends), world.state(&stays)),
        ("terminated", "stopped")
    );
    let described = world.describe(&[("InstanceId.1", &ends)]);
    assert!(described.text.contains("Client.InstanceInitiatedShutdown"));
    world.end(&stays);
    world.pass(60);
    assert_eq!(
        (world.state(&ends), world.state(&stays)),
        ("terminated", "terminated")
    );
}

#[test]
fn a_spot_machine_is_taken_two_minutes_after_its_notice() {
    let mut world = World::new();
    let id = world.launch_with(1, &SPOT).remove(0);
    world.pass(10);
    world.ec2.drain_changes();
    let now = world.now;
    world.ec2.advise_rebalance(&id, now);
    world.ec2.interrupt(&id, now);
    let ends_at = now.plus(Duration::from_secs(120));
    let told = [
        Change::RebalanceAdvised {
            machine: id.clone(),
            at: now,
        },
        Change::SpotNotice {
            machine: id.clone(),
            ends_at,
            at: now,
        },
    ];
    assert_eq!(world.ec2.drain_changes(), told);
    world.pass(119);
    assert_eq!(world.state(&id), "running");
    world.pass(1);
    assert_eq!(world.state(&id), "shutting-down");
    let described = world.describe(&[]);
    assert!(described.text.contains("Server.SpotInstanceTermination"));
}

#[test]
fn a_machine_at_the_list_price_is_not_taken() {
    let mut world = World::new();
    let id = world.launch(1).remove(0);
    let now = world.now;
    world.ec2.interrupt(&id, now);
    world.pass(600);
    assert_eq!(world.state(&id), "running");
}

#[test]
fn status_checks_are_those_of_running_machines_unless_all_are_asked_for() {
    let mut world = World::new();
    let id = world.launch(1).remove(0);
    world.pass(3);
    let checks = |world: &mut World, all| {
        let all = [("IncludeAllInstances", all)];
        world.call("DescribeInstanceStatus", &all).all("status")
    };
    assert_eq!(checks(&mut world, "false"), [""; 0]);
    assert_eq!(checks(&mut world, "true"), ["initializing"; 2]);
    world.pass(10);
    assert_eq!(checks(&mut world, "false"), ["ok"; 2]);
    world.ec2.set_health(&id, Health::Impaired);
    assert_eq!(checks(&mut world, "false"), ["impaired"; 2]);
}

#[test]
fn status_checks_are_filtered_by_what_they_say_and_not_by_tags() {
    let mut world = World::new();
    let ids = world.launch(3);
    world.pass(10);
    world.ec2.set_health(&ids[1], Health::Impaired);
    let mut found = |name: &str, value: &str| {
        let filter = [
            ("Filter.1.Name", name),
            ("Filter.1.Value.1", value),
            ("MaxResults", "1000"),
        ];
        world.call("DescribeInstanceStatus", &filter)
    };
    for check in ["instance-status.status", "system-status.status"] {
        assert_eq!(found(check, "impaired").all("instanceId"), ids[1..2]);
    }
    assert_eq!(
        found("instance-state-name", "running").all("instanceId"),
        ids
    );
    assert_eq!(found("tag:pool", "s1").one("Code"), "InvalidParameterValue");
    assert_eq!(
        world
            .describe(&[("Filter.1.Name", "system-status.status")])
            .one("Code"),
        "InvalidParameterValue"
    );
}

#[test]
fn what_a_machine_came_to_is_told_with_its_console_and_the_moment() {
    let mut world = World::new();
    let id = world.launch(1).remove(0);
    world.pass(10);
    let now = world.now;
    world.ec2.write_console(&id, "dayfly: registered\n", now);
    let output = |world: &mut World| {
        let asked = [("InstanceId", id.as_str())];
        world.call("GetConsoleOutput", &asked).one("output")
    };
    assert_eq!(output(&mut world), "");
    world.end(&id);
    world.pass(60);
    assert_eq!(world.state(&id), "terminated");
    // It was posted when the machine ended, without the usual four minutes.
    assert_eq!(output(&mut world), "ZGF5Zmx5OiByZWdpc3RlcmVkCg==");
    let reason = world.describe(&[("InstanceId.1", &id)]).one("reason");
    // The world began at 14:13:20, and the machine ended ten seconds later.
    assert_eq!(reason, "User initiated (2026-09-21 14:13:30 GMT)");
}

#[test]
fn the_latest_console_is_there_at_once_and_the_other_one_later() {
    let mut world = World::new();
    let id = world.launch(1).remove(0);
    world.pass(10);
    let now = world.now;
    world.ec2.write_console(&id, "dayfly: registered\n", now);
    let output = |world: &mut World, latest| {
        let parameters = [("InstanceId", id.as_str()), ("Latest", latest)];
        world.call("GetConsoleOutput", &parameters).one("output")
    };
    assert_eq!(output(&mut world, "true"), "ZGF5Zmx5OiByZWdpc3RlcmVkCg==");
    assert_eq!(output(&mut world, "false"), "");
    world.pass(240);
    assert_eq!(output(&mut world, "false"), "ZGF5Zmx5OiByZWdpc3RlcmVkCg==");
}

#[test]
fn metadata_can_be_turned_off_while_a_machine_is_there() {
    let mut world = World::new();
    let id = world.launch(1).remove(0);
    world.pass(10);
    let off = [("InstanceId", id.as_str()), ("HttpEndpoint", "disabled")];
    let answer = world.call("ModifyInstanceMetadataOptions", &off);
    assert_eq!(
        (answer.one("httpEndpoint"), answer.one("httpTokens")),
        ("disabled".to_owned(), "required".to_owned(),)
    );
    assert_eq!(world.describe(&[]).one("httpEndpoint"), "disabled");
    world.end(&id);
    let late = world.call("ModifyInstanceMetadataOptions", &off);
    assert_eq!(late.one("Code"), "IncorrectInstanceState");
}

#[test]
fn time_that_goes_back_is_read_as_the_latest_seen() {
    let mut world = World::new();
    let id = world.launch(1).remove(0);
    world.pass(10);
    world.now = world.now.minus(Duration::from_secs(9));
    world.end(&id);
    let ends_at = world.now.plus(Duration::from_secs(9 + 20));
    assert_eq!(world.ec2.next_deadline(), Some(ends_at));
}
