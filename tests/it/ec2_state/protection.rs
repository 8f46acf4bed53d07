//! Machines that calls may not end, and machines that EC2 ends by itself.

use std::time::Duration;

use dayfly_lab::emulator::ec2::action::Action;
use dayfly_lab::emulator::ec2::error;
use dayfly_lab::emulator::ec2::faults::{Boot, Fault, Scope};
use dayfly_lab::emulator::ec2::machine::Switch;
use dayfly_lab::emulator::ec2::reason::{self, StateReason};

use super::world::{Answer, World};

const PROTECTED: [(&str, &str); 1] = [("DisableApiTermination", "true")];

fn end_all(world: &mut World, ids: &[&str]) -> Answer {
    let names: Vec<String> = (1..=ids.len())
        .map(|number| format!("InstanceId.{number}"))
        .collect();
    let pairs = names.iter().map(String::as_str).zip(ids.iter().copied());
    let parameters: Vec<(&str, &str)> = pairs.collect();
    world.call("TerminateInstances", &parameters)
}

fn modify(world: &mut World, id: &str, attribute: &str, value: &str) -> Answer {
    let name = format!("{attribute}.Value");
    let parameters = [("InstanceId", id), (name.as_str(), value)];
    world.call("ModifyInstanceAttribute", &parameters)
}

/// An account whose machines run at once and are seen at once.
fn running() -> World {
    World::with(|settings| {
        settings.delays.pending = Duration::ZERO;
        settings.delays.unseen = Duration::ZERO;
    })
}

#[test]
fn protected_machine_is_refused_with_the_rest_of_its_zone() {
    let mut world = running();
    let protected = world.launch_with(1, &PROTECTED).remove(0);
    let beside = world.launch(1).remove(0);
    let elsewhere = world.launch_with(1, &[("SubnetId", "subnet-b")]).remove(0);
    world.pass(1);
    let refused = end_all(&mut world, &[&beside, &protected, &elsewhere]);
    assert_eq!(refused.refusal(), (400, "OperationNotPermitted".to_owned()));
    let sentence = refused.one("Message").replace("&apos;", "'");
    assert_eq!(
        sentence,
        format!(
            "The instance '{protected}' may not be terminated. Modify its \
             'disableApiTermination' instance attribute and try again."
        )
    );
    let states = [&protected, &beside, &elsewhere].map(|id| world.state(id));
    assert_eq!(states, ["running", "running", "shutting-down"]);
    assert_eq!(end_all(&mut world, &[&beside]).response.status, 200);
}

#[test]
fn protection_is_inherited_from_the_template_by_a_fleet() {
    let mut world = World::with(|settings| {
        let template = settings.templates.get_mut("lt-1").expect("the default one");
        for data in template.versions.values_mut() {
            data.protection = Some(Switch::On);
        }
    });
    let fleet = world.fleet("on-demand", 1, &[("c7i.large", "subnet-a")], &[]);
    let id = fleet.fleet_ids().remove(0);
    world.pass(10);
    assert_eq!(world.end(&id).refusal().1, "OperationNotPermitted");
    let template = [("LaunchTemplateId", "lt-1")];
    let told = world.call("DescribeLaunchTemplateVersions", &template);
    assert_eq!(told.all("disableApiTermination"), ["true"]);
}

#[test]
fn protection_is_set_and_taken_back_by_a_call() {
    let mut world = running();
    let id = world.launch(1).remove(0);
    let set = modify(&mut world, &id, "DisableApiTermination", "true");
    assert_eq!(
        (set.response.status, set.one("return")),
        (200, "true".to_owned())
    );
    assert_eq!(world.end(&id).refusal().1, "OperationNotPermitted");
    let other_form = [
        ("InstanceId", id.as_str()),
        ("Attribute", "disableApiTermination"),
        ("Value", "false"),
    ];
    let unset = world.call("ModifyInstanceAttribute", &other_form);
    assert_eq!(unset.response.status, 200, "{}", unset.text);
    assert_eq!(world.end(&id).response.status, 200);
    let late = modify(&mut world, &id, "DisableApiTermination", "true");
    assert_eq!(late.refusal().1, "IncorrectInstanceState");
}

#[test]
fn protected_machine_still_ends_by_powering_off() {
    let mut world = running();
    let id = world.launch_with(1, &PROTECTED).remove(0);
    world.pass(1);
    world.ec2.power_off(&id, world.now);
    assert_eq!(world.state(&id), "shutting-down");
}

#[test]
fn shutdown_behavior_is_changed_by_a_call() {
    let mut world = running();
    let id = world.launch(1).remove(0);
    let attribute = "InstanceInitiatedShutdownBehavior";
    assert_eq!(
        modify(&mut world, &id, attribute, "stop").response.status,
        200
    );
    world.pass(1);
    world.ec2.power_off(&id, world.now);
    assert_eq!(world.state(&id), "stopping");
}

#[test]
fn wrong_attributes_and_values_are_refused() {
    let mut world = running();
    let id = world.launch(1).remove(0);
    let refusal = |world: &mut World, attribute: &str, value: &str| {
        modify(world, &id, attribute, value).refusal().1
    };
    let protection = "DisableApiTermination";
    assert_eq!(
        refusal(&mut world, protection, "maybe"),
        "InvalidParameterValue"
    );
    assert_eq!(
        refusal(&mut world, "SriovNetSupport", "x"),
        "UnknownParameter"
    );
    let nothing = world.call("ModifyInstanceAttribute", &[("InstanceId", &id)]);
    assert_eq!(nothing.refusal().1, "InvalidParameterCombination");
    let both = [
        ("InstanceId", id.as_str()),
        ("DisableApiTermination.Value", "true"),
        ("InstanceInitiatedShutdownBehavior.Value", "stop"),
    ];
    let both = world.call("ModifyInstanceAttribute", &both);
    assert_eq!(both.refusal().1, "InvalidParameterCombination");
}

#[test]
fn calls_that_name_one_machine_can_be_refused() {
    let mut world = running();
    let ids = world.launch(2);
    let scope = Scope::on(Action::TerminateInstances).of_machine(&ids[0]);
    let fault = Fault::Refused(error::UNAUTHORIZED);
    world.ec2.add_fault(scope, fault);
    let refused = end_all(&mut world, &[&ids[1], &ids[0]]);
    assert_eq!(refused.refusal(), (403, "UnauthorizedOperation".to_owned()));
    assert_eq!(world.state(&ids[1]), "running");
    assert_eq!(world.end(&ids[1]).response.status, 200);
    let listed = [("InstanceId.1", ids[0].as_str())];
    assert_eq!(world.describe(&listed).response.status, 200);
}

#[test]
fn launched_machine_can_come_protected_or_unendable() {
    let mut world = running();
    let protected = Fault::Boot(Boot::Protected);
    world.ec2.add_fault(Scope::any().nth(1), protected);
    let refused = Fault::Boot(Boot::EndRefused(error::STATE));
    world.ec2.add_fault(Scope::any().nth(2), refused);
    let ids = world.launch(3);
    let codes = [0, 1, 2].map(|index: usize| world.end(&ids[index]).one("Code"));
    assert_eq!(
        codes,
        ["OperationNotPermitted", "IncorrectInstanceState", ""]
    );
}

/// Machines of which every second dies for a reason, five seconds into their lives.
fn dying(reason: StateReason, pending: u64) -> World {
    let mut world = World::with(|settings| {
        settings.delays.pending = Duration::from_secs(pending);
        settings.delays.unseen = Duration::ZERO;
    });
    let after = Duration::from_secs(5);
    let fault = Fault::Boot(Boot::DiesOf { reason, after });
    world.ec2.add_fault(Scope::any().every_nth(2), fault);
    world
}

#[test]
fn ec2_ends_a_pending_machine_and_gives_its_reason() {
    for reason in StateReason::OF_EC2 {
        let mut world = dying(reason, 60);
        let ids = world.launch(2);
        world.pass(4);
        assert_eq!([world.state(&ids[0]), world.state(&ids[1])], ["pending"; 2]);
        world.pass(1);
        let states = [world.state(&ids[0]), world.state(&ids[1])];
        assert_eq!(states, ["pending", "terminated"]);
        let told = world.describe(&[("InstanceId.1", &ids[1])]);
        assert_eq!(told.all("reason"), [reason.code]);
        let state_reason = told.one("stateReason");
        assert!(state_reason.contains(reason.message), "{state_reason}");
    }
}

#[test]
fn ec2_ends_a_machine_while_it_boots() {
    let mut world = dying(reason::CLIENT_INTERNAL_ERROR, 1);
    let ids = world.launch(2);
    world.pass(4);
    assert_eq!(world.state(&ids[1]), "running");
    world.pass(1);
    assert_eq!(world.state(&ids[1]), "shutting-down");
    world.pass(60);
    let states = [world.state(&ids[0]), world.state(&ids[1])];
    assert_eq!(states, ["running", "terminated"]);
}
