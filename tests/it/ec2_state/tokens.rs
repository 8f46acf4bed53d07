//! Client tokens: the same question gets the same answer, and launches once.

use super::world::World;

const OFFER: [(&str, &str); 1] = [("c7i.large", "subnet-a")];

#[test]
fn the_same_token_and_parameters_launch_once() {
    let mut world = World::new();
    let token = [("ClientToken", "one")];
    let first = world.launch_with(2, &token);
    world.pass(600);
    assert_eq!(world.launch_with(2, &token), first);
    assert_eq!(world.ec2.machines().count(), 2);
}

#[test]
fn a_fleet_that_was_served_in_part_stays_so_under_its_token() {
    let mut world = World::with(|settings| settings.spot_vcpus_max = 2);
    let token = [("ClientToken", "one")];
    let first = world.fleet("spot", 2, &OFFER, &token);
    assert_eq!(first.all("errorCode"), ["MaxSpotInstanceCountExceeded"]);
    world.ec2.settings_mut().spot_vcpus_max = 100;
    let again = world.fleet("spot", 2, &OFFER, &token);
    assert_eq!(again.fleet_ids(), first.fleet_ids());
    assert_eq!(again.all("errorCode"), first.all("errorCode"));
    assert_eq!(world.ec2.machines().count(), 1);
}

#[test]
fn the_same_token_for_something_else_is_a_mismatch() {
    let mut world = World::new();
    let token = ("ClientToken", "one");
    world.launch_with(1, &[token]);
    let other = world.run(1, 1, &[token, ("SubnetId", "subnet-b")]);
    assert_eq!(
        other.refusal(),
        (400, "IdempotentParameterMismatch".to_owned())
    );
    world.fleet("spot", 1, &OFFER, &[token]);
    let other = world.fleet("spot", 2, &OFFER, &[token]);
    assert_eq!(
        other.refusal(),
        (400, "IdempotentParameterMismatch".to_owned())
    );
}

#[test]
fn a_launch_that_failed_leaves_its_token_free() {
    let mut world = World::with(|settings| settings.on_demand_vcpus_max = 0);
    let token = [("ClientToken", "one")];
    assert_eq!(world.run(1, 1, &token).one("Code"), "VcpuLimitExceeded");
    world.ec2.settings_mut().on_demand_vcpus_max = 2;
    assert_eq!(world.launch_with(1, &token).len(), 1);
}

#[test]
fn a_token_is_remembered_for_a_day_after_its_machines_have_ended() {
    let mut world = World::new();
    let token = [("ClientToken", "one")];
    let first = world.launch_with(1, &token);
    world.pass(10);
    world.end(&first[0]);
    world.pass(20 + 86_399);
    assert_eq!(world.launch_with(1, &token), first);
    world.pass(1);
    assert_ne!(world.launch_with(1, &token), first);
}

#[test]
fn a_fleet_that_launched_nothing_is_remembered_for_a_day_too() {
    let mut world = World::with(|settings| settings.spot_vcpus_max = 0);
    let token = [("ClientToken", "one")];
    let nothing = world.fleet("spot", 1, &OFFER, &token);
    assert_eq!(nothing.fleet_ids().len(), 0);
    world.ec2.settings_mut().spot_vcpus_max = 100;
    world.pass(86_399);
    let again = world.fleet("spot", 1, &OFFER, &token);
    assert_eq!(again.one("fleetId"), nothing.one("fleetId"));
    world.pass(1);
    let anew = world.fleet("spot", 1, &OFFER, &token);
    assert_eq!(anew.fleet_ids().len(), 1);
    world.pass(86_400);
    let known = world.fleet("spot", 1, &OFFER, &token);
    assert_eq!(known.fleet_ids(), anew.fleet_ids());
}

#[test]
fn a_token_has_at_most_64_ascii_characters() {
    let check = |token: &str, code: &str| {
        let mut world = World::new();
        let answer = world.run(1, 1, &[("ClientToken", token)]);
        assert_eq!(answer.one("Code"), code);
    };
    check(&"a".repeat(64), "");
    check(&"a".repeat(65), "InvalidParameterValue");
    check("ä", "InvalidParameterValue");
}
