//! The second opinion on what is launched ahead of demand: one machine more than allowed is found,
//! with the number that it should have been.

use dayfly::model::machine::{Machine, Phase};
use dayfly::model::outlook::Outlook;
use dayfly::model::pool::{Policy, Speed};
use dayfly::model::snapshot::Snapshot;
use dayfly::plan::check::{Violation, check};
use dayfly::plan::decide;

use super::ahead::{expecting, outlook, speculating, with_speed};
use super::world::{World, machine, now, policy, pool};

/// What is said of that many machines in the place of those that the plan launches.
fn said(snapshot: &Snapshot, policy: &Policy, count: u32) -> Option<(u64, u64, &'static str)> {
    let mut plan = decide(snapshot, policy, now());
    let linux = plan.pools.get_mut(&pool("linux")).expect("of the policy");
    linux.launch.as_mut().expect("it launches").count = count;
    let found = check(snapshot, policy, &plan, now());
    found.into_iter().find_map(|violation| match violation {
        Violation::Ahead {
            launched,
            jobs,
            why,
            ..
        } => Some((launched, jobs, why)),
        _ => None,
    })
}

const MORE: &str = "which is more than is expected";
const FIFTH: &str = "into the fifth of machines_max that is kept for jobs";

#[test]
fn queue_and_reserve_account_for_their_sum_and_the_forecast_for_its_three_parts() {
    // Six jobs and a reserve of three; four likely, one scheduled, and a race of three for six.
    let world = expecting(World::new().queued(6), outlook());
    let policy = speculating(100, 3);
    assert_eq!(said(&world, &policy, 17), None);
    assert_eq!(said(&world, &policy, 18), Some((18, 9, MORE)));
    let raceless = Outlook {
        race: Vec::new(),
        ..outlook()
    };
    let world = expecting(World::new().queued(6), raceless);
    assert_eq!(said(&world, &policy, 14), None);
    assert_eq!(said(&world, &policy, 15), Some((15, 9, MORE)));
}

#[test]
fn the_fifth_that_is_kept_is_counted_with_the_pools_own_machines_that_are_there() {
    // Two of ten are there, a third is gone, and a fourth is another pool's: six more make eight.
    let gone = Machine {
        phase: Phase::Gone,
        ..machine("i-3", "linux", 60)
    };
    let world = World::new().running("i-1").running("i-2").machine(gone);
    let world = world.machine(machine("i-4", "mac", 60));
    let world = world.counts(|counts| counts.running = 2).queued(2);
    let snapshot = expecting(world, outlook());
    assert_eq!(said(&snapshot, &speculating(10, 0), 6), None);
    let seven = said(&snapshot, &speculating(10, 0), 7);
    assert_eq!(seven, Some((7, 2, FIFTH)));
}

#[test]
fn who_may_not_guess_is_found_at_the_first_machine() {
    let world = expecting(World::new().queued(2), outlook());
    let reactive = "and its speed is reactive";
    assert_eq!(said(&world, &policy(100, 1), 3), None);
    assert_eq!(said(&world, &policy(100, 1), 4), Some((4, 3, reactive)));
    let economy = with_speed(policy(100, 1), Speed::Economy);
    assert_eq!(said(&world, &economy, 4), None);
    let mut spent = outlook();
    spent.expectation.exhausted = true;
    let world = expecting(World::new().queued(2), spent);
    let exhausted = "and a day has had all its spare machine time";
    assert_eq!(said(&world, &economy, 3), None);
    assert_eq!(said(&world, &economy, 4), Some((4, 3, exhausted)));
    // Without a forecast nothing is expected.
    let world = World::new().queued(2).snapshot;
    assert_eq!(said(&world, &economy, 4), Some((4, 3, MORE)));
}
