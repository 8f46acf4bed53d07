//! Calls as Rust types: the same as over the wire, without a form and without XML.

use dayfly_lab::emulator::ec2::action::Action;
use dayfly_lab::emulator::ec2::api::{
    Call, CreateFleet, Filter, FleetConfig, FleetOverride, MachineQuery, Outcome, PageRequest,
    Reply, Tag, TagSpecification, TargetCapacity, TemplateSpecification,
};
use dayfly_lab::emulator::ec2::error;
use dayfly_lab::emulator::ec2::faults::{Fault, Scope, Travel};
use dayfly_lab::emulator::ec2::machine::State;
use dayfly_lab::emulator::message::Delivery;

use super::world::World;

fn fleet(token: &str) -> Call {
    let one = |size: &str| FleetOverride {
        instance_type: Some(size.to_owned()),
        subnet: Some("subnet-a".to_owned()),
        ..FleetOverride::default()
    };
    Call::CreateFleet(CreateFleet {
        configs: vec![FleetConfig {
            template: TemplateSpecification {
                id: Some("lt-1".to_owned()),
                ..TemplateSpecification::default()
            },
            overrides: vec![one("c7i.large"), one("m7i.large")],
        }],
        target: TargetCapacity {
            total: 3,
            ..TargetCapacity::default()
        },
        tags: vec![TagSpecification {
            resource: "instance".to_owned(),
            tags: vec![Tag::new("pool", "linux")],
        }],
        client_token: Some(token.to_owned()),
        ..CreateFleet::default()
    })
}

fn listed(filters: Vec<Filter>, page: PageRequest) -> Call {
    Call::DescribeInstances(MachineQuery {
        filters,
        page,
        ..MachineQuery::default()
    })
}

fn answered(outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Answered(Ok(reply), Delivery::Prompt) => reply,
        other => panic!("not answered: {other:?}"),
    }
}

fn launched(outcome: Outcome) -> Vec<String> {
    let Reply::Fleet(fleet) = answered(outcome) else {
        panic!("no fleet");
    };
    let launches = fleet.launched.into_iter();
    launches.flat_map(|launch| launch.machines).collect()
}

#[test]
fn typed_fleet_launches_the_machines_of_its_form() {
    let (mut typed, mut wire) = (World::new(), World::new());
    let ids = launched(typed.ec2.call(&fleet("one"), typed.now));
    let answer = wire.call(
        "CreateFleet",
        &[
            ("Type", "instant"),
            ("ClientToken", "one"),
            (
                "LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateId",
                "lt-1",
            ),
            (
                "LaunchTemplateConfigs.1.Overrides.1.InstanceType",
                "c7i.large",
            ),
            ("LaunchTemplateConfigs.1.Overrides.1.SubnetId", "subnet-a"),
            (
                "LaunchTemplateConfigs.1.Overrides.2.InstanceType",
                "m7i.large",
            ),
            ("LaunchTemplateConfigs.1.Overrides.2.SubnetId", "subnet-a"),
            ("TargetCapacitySpecification.TotalTargetCapacity", "3"),
            ("TagSpecification.1.ResourceType", "instance"),
            ("TagSpecification.1.Tag.1.Key", "pool"),
            ("TagSpecification.1.Tag.1.Value", "linux"),
        ],
    );
    assert_eq!(answer.response.status, 200, "{}", answer.text);
    assert_eq!(ids.len(), 3);
    let machines = |world: &World| world.ec2.machines().cloned().collect::<Vec<_>>();
    assert_eq!(machines(&typed), machines(&wire));
    assert_eq!(launched(typed.ec2.call(&fleet("one"), typed.now)), ids);
    assert_eq!(machines(&typed).len(), 3);
}

#[test]
fn typed_list_keeps_machines_as_they_were() {
    let mut world = World::new();
    launched(world.ec2.call(&fleet("one"), world.now));
    world.pass(10);
    let of_pool = vec![Filter::new("tag:pool", "linux")];
    let call = listed(of_pool, PageRequest::default());
    let Reply::Machines(page) = answered(world.ec2.call(&call, world.now)) else {
        panic!("no machines");
    };
    assert_eq!(page.machines.len(), 3);
    let first = page.machines[0].id.clone();
    world.ec2.power_off(&first, world.now);
    assert_eq!(page.machines[0].state, State::Running);
    let state = world.ec2.machine(&first).map(|machine| machine.state);
    assert_eq!(state, Some(State::ShuttingDown));
}

#[test]
fn typed_call_is_refused_with_a_code() {
    let mut world = World::new();
    let too_few = PageRequest {
        max_results: Some(1),
        ..PageRequest::default()
    };
    let outcome = world.ec2.call(&listed(Vec::new(), too_few), world.now);
    let Outcome::Answered(Err(refusal), Delivery::Prompt) = outcome else {
        panic!("not refused: {outcome:?}");
    };
    assert_eq!(refusal.code, error::VALUE);
}

#[test]
fn typed_call_meets_faults() {
    let mut world = World::new();
    let on_list = || Scope::on(Action::DescribeInstances).times(1);
    let all = listed(Vec::new(), PageRequest::default());
    world.ec2.add_fault(on_list(), Fault::Reset);
    let outcome = world.ec2.call(&all, world.now);
    assert!(matches!(outcome, Outcome::Unanswered(Delivery::Dropped)));
    let after = Fault::Travel(Travel::CommittedThen(error::INTERNAL));
    world.ec2.add_fault(on_list(), after);
    let outcome = world.ec2.call(&all, world.now);
    let Outcome::Answered(Err(refusal), Delivery::Prompt) = outcome else {
        panic!("not refused: {outcome:?}");
    };
    assert_eq!(refusal.code, error::INTERNAL);
}
