//! Every fault as a switch: what the client sees, and what has become of the machines.

use std::time::Duration;

use dayfly::model::offer::Market;
use dayfly_lab::emulator::ec2::action::Action;
use dayfly_lab::emulator::ec2::error::{self, CODES};
use dayfly_lab::emulator::ec2::faults::{Boot, Fault, Scope, Travel};
use dayfly_lab::emulator::message::Delivery;

use super::world::World;

const BOTH: [(&str, &str); 2] = [("c7i.large", "subnet-a"), ("m7i.large", "subnet-b")];

fn struck(scope: Scope, fault: Fault) -> World {
    let mut world = World::new();
    world.ec2.add_fault(scope, fault);
    world
}

#[test]
fn every_code_can_be_provoked_and_nothing_is_done() {
    for code in CODES {
        let mut world = struck(Scope::on(Action::RunInstances), Fault::Refused(*code));
        let refused = world.run(1, 1, &[]);
        assert_eq!(refused.refusal(), (code.status, code.name.to_owned()));
        assert_eq!(world.ec2.machines().count(), 0);
        assert_eq!(world.describe(&[]).response.status, 200);
    }
}

#[test]
fn every_code_can_be_a_row_of_one_offer() {
    for code in CODES {
        let scope = Scope::any().of_type("c7i.large");
        let mut world = struck(scope, Fault::Offer(*code));
        let fleet = world.fleet("spot", 1, &BOTH, &[]);
        assert_eq!(fleet.all("errorCode"), [code.name]);
        assert_eq!(fleet.fleet_ids().len(), 1);
    }
}

#[test]
fn an_offer_is_struck_by_subnet_and_by_market_and_a_run_is_refused() {
    let scope = Scope::any()
        .in_subnet("subnet-a")
        .on_market(Market::OnDemand);
    let mut world = struck(scope, Fault::Offer(error::INSUFFICIENT_CAPACITY));
    let expected = (500, "InsufficientInstanceCapacity".to_owned());
    assert_eq!(world.run(1, 1, &[]).refusal(), expected);
    let spot = [("InstanceMarketOptions.MarketType", "spot")];
    assert_eq!(world.launch_with(1, &spot).len(), 1);
    assert_eq!(world.launch_with(1, &[("SubnetId", "subnet-b")]).len(), 1);
}

#[test]
fn a_fault_strikes_for_a_number_of_times_or_for_a_while() {
    let code = Fault::Refused(error::UNAVAILABLE);
    let statuses = |world: &mut World| {
        let each = [0; 3].map(|_| world.describe(&[]).response.status);
        each.to_vec()
    };
    assert_eq!(
        statuses(&mut struck(Scope::any().times(2), code)),
        [503, 503, 200]
    );
    assert_eq!(
        statuses(&mut struck(Scope::any().nth(2), code)),
        [200, 503, 200]
    );
    let mut world = World::new();
    let from = world.now.plus(Duration::from_secs(10));
    let until = world.now.plus(Duration::from_secs(20));
    world.ec2.add_fault(Scope::any().between(from, until), code);
    let mut status_after = |seconds| {
        world.pass(seconds);
        world.describe(&[]).response.status
    };
    assert_eq!(
        [
            status_after(9),
            status_after(1),
            status_after(9),
            status_after(1)
        ],
        [200, 503, 503, 200]
    );
}

#[test]
fn a_fault_can_be_taken_back() {
    let mut world = World::new();
    let id = world.ec2.add_fault(Scope::any(), Fault::Reset);
    world.ec2.remove_fault(id);
    assert_eq!(world.describe(&[]).response.status, 200);
    world.ec2.add_fault(Scope::any(), Fault::Reset);
    world.ec2.clear_faults();
    assert_eq!(world.describe(&[]).response.status, 200);
}

/// How an answer to a launch travels, and how many machines there are then.
fn travelled(fault: Fault) -> (Delivery, u16, usize) {
    let mut world = struck(Scope::any(), fault);
    let answer = world.run(1, 1, &[]);
    let response = answer.response;
    (
        response.delivery,
        response.status,
        world.ec2.machines().count(),
    )
}

#[test]
fn an_answer_can_be_lost_before_and_after_the_launch() {
    let late = Duration::from_secs(30);
    let travel = |travel| travelled(Fault::Travel(travel));
    assert_eq!(travelled(Fault::Reset), (Delivery::Dropped, 500, 0));
    assert_eq!(travelled(Fault::BlackHole), (Delivery::BlackHole, 500, 0));
    assert_eq!(travel(Travel::Dropped), (Delivery::Dropped, 200, 1));
    assert_eq!(travel(Travel::Lost), (Delivery::BlackHole, 200, 1));
    assert_eq!(
        travel(Travel::Delayed(late)),
        (Delivery::Delayed(late), 200, 1)
    );
    let failed = travel(Travel::CommittedThen(error::INTERNAL));
    assert_eq!(failed, (Delivery::Prompt, 500, 1));
}

#[test]
fn a_launch_whose_answer_was_lost_is_found_again_by_its_token() {
    let mut world = struck(Scope::any().times(1), Fault::Travel(Travel::Dropped));
    let token = [("ClientToken", "one")];
    world.run(1, 1, &token);
    let id = world.launch_with(1, &token).remove(0);
    world.pass(3);
    let filter = [
        ("Filter.1.Name", "client-token"),
        ("Filter.1.Value.1", "one"),
    ];
    assert_eq!(world.describe(&filter).all("instanceId"), [id]);
}

#[test]
fn a_machine_boots_late_unseen_impaired_or_not_at_all() {
    let booted = |boot| {
        let mut world = struck(Scope::any(), Fault::Boot(boot));
        let id = world.launch(1).remove(0);
        world.pass(10);
        (world, id)
    };
    let (world, id) = booted(Boot::Pending(Duration::from_secs(60)));
    assert_eq!(world.state(&id), "pending");
    let (mut world, id) = booted(Boot::Unseen(Duration::from_secs(300)));
    assert_eq!(world.describe(&[]).all("instanceId"), [""; 0]);
    world.pass(290);
    assert_eq!(world.describe(&[]).all("instanceId"), [id]);
    let (mut world, _) = booted(Boot::Impaired);
    assert_eq!(
        world.call("DescribeInstanceStatus", &[]).all("status"),
        ["impaired"; 2]
    );
    let (mut world, id) = booted(Boot::Dies);
    assert_eq!(world.state(&id), "terminated");
    assert!(
        world
            .describe(&[])
            .text
            .contains("<code>Server.InternalError</code>")
    );
}

#[test]
fn a_machine_can_take_long_to_end() {
    let scope = Scope::on(Action::TerminateInstances);
    let mut world = struck(scope, Fault::EndsLate(Duration::from_secs(600)));
    let id = world.launch(1).remove(0);
    world.pass(10);
    world.end(&id);
    world.pass(599);
    assert_eq!(world.state(&id), "shutting-down");
    world.pass(1);
    assert_eq!(world.state(&id), "terminated");
}
