//! The second opinion: a plan that was tampered with is found out, whichever invariant it breaks.

use std::collections::BTreeMap;

use dayfly::model::id::{JobId, MachineId, PoolName};
use dayfly::model::machine::Machine;
use dayfly::model::money::MicroDollars;
use dayfly::model::plan::{EndReason, JobVerdict, MachineVerdict, Plan, PoolPlan};
use dayfly::model::pool::Policy;
use dayfly::model::snapshot::BootRecord;
use dayfly::plan::check::{Violation, check};
use dayfly::plan::decide;

use super::world::{
    BOOT_LIMIT, LIFETIME, World, machine, now, policy, pool, pool_policy, seconds_ago,
};

/// Decides, tampers, and gives what the second opinion says.
fn opinion(world: &World, policy: &Policy, tamper: impl FnOnce(&mut Plan)) -> Vec<Violation> {
    let mut plan = decide(&world.snapshot, policy, now());
    assert_eq!(
        check(&world.snapshot, policy, &plan, now()),
        [],
        "untampered"
    );
    tamper(&mut plan);
    check(&world.snapshot, policy, &plan, now())
}

fn linux(plan: &mut Plan) -> &mut PoolPlan {
    plan.pools
        .get_mut(&pool("linux"))
        .expect("the pool of these worlds")
}

fn id(text: &str) -> MachineId {
    MachineId::new(text)
}

fn end(plan: &mut Plan, machine: &str, reason: EndReason) {
    linux(plan)
        .machines
        .insert(id(machine), MachineVerdict::End { reason });
}

fn launch_more(plan: &mut Plan, more: u32) {
    linux(plan).launch.as_mut().expect("it launches").count += more;
}

#[test]
fn total_every_pool_job_and_machine_has_one_verdict() {
    let world = World::new().queued(1).waiting("i-1");
    let without_pool = opinion(&world, &policy(4, 0), |plan| plan.pools.clear());
    assert!(without_pool.contains(&Violation::Pools), "{without_pool:?}");
    let without_job = opinion(&world, &policy(4, 0), |plan| linux(plan).jobs.clear());
    assert_eq!(without_job, [Violation::Jobs(pool("linux"))]);
    let invented = |plan: &mut Plan| {
        linux(plan)
            .jobs
            .insert(JobId::new("nobody's"), JobVerdict::Waiting);
    };
    assert_eq!(
        opinion(&world, &policy(4, 0), invented),
        [Violation::Jobs(pool("linux"))]
    );
    let without_machine = opinion(&world, &policy(4, 0), |plan| linux(plan).machines.clear());
    assert_eq!(without_machine, [Violation::Machine(id("i-1"), 0)]);
    let twice = |plan: &mut Plan| {
        plan.strays = linux(plan).machines.clone();
    };
    assert_eq!(
        opinion(&world, &policy(4, 0), twice),
        [Violation::Machine(id("i-1"), 2)]
    );
    let ghost = |plan: &mut Plan| {
        let verdict = linux(plan).machines[&id("i-1")].clone();
        linux(plan).machines.insert(id("i-ghost"), verdict);
    };
    assert_eq!(
        opinion(&world, &policy(4, 0), ghost),
        [Violation::Machine(id("i-ghost"), 1)]
    );
}

#[test]
fn blind_means_still_a_launch_needs_both_answers() {
    let seeing = World::new().queued(2);
    let order = decide(&seeing.snapshot, &policy(4, 0), now()).pools[&pool("linux")]
        .launch
        .clone();
    for blind in 0..2 {
        let mut world = seeing.clone();
        match blind {
            0 => world.view().counts = None,
            _ => world.snapshot.machines = None,
        }
        let found = opinion(&world, &policy(4, 0), |plan| {
            linux(plan).launch = order.clone()
        });
        assert_eq!(found, [Violation::Blind(pool("linux"))]);
    }
}

#[test]
fn capped_one_machine_too_many_is_found_under_every_cap() {
    let capped = |policy: Policy, what: &str| {
        let world = World::new().queued(9).booting("i-1");
        let found = opinion(&world, &policy, |plan| launch_more(plan, 1));
        let [
            Violation::Capped {
                what: named,
                planned,
                max,
            },
        ] = &found[..]
        else {
            panic!("{what}: {found:?}")
        };
        assert!(named.starts_with(what), "{named}");
        assert!(max < planned);
    };
    capped(policy(4, 0), "machines of pool linux");
    capped(
        Policy {
            machines_max: 4,
            ..policy(100, 0)
        },
        "machines",
    );
    capped(
        Policy {
            launches_per_hour_max: 4,
            ..policy(100, 0)
        },
        "launches",
    );
    let hourly_max = Some(MicroDollars(400_000));
    capped(
        Policy {
            hourly_max,
            ..policy(100, 0)
        },
        "micro-dollars",
    );
}

#[test]
fn a_lowered_cap_is_no_violation_as_long_as_nothing_is_added() {
    let world = World::new().running("i-1").running("i-2").running("i-3");
    assert_eq!(
        opinion(
            &world,
            &Policy {
                machines_max: 1,
                ..policy(1, 0)
            },
            |_| ()
        ),
        []
    );
}

#[test]
fn never_kill_work_a_registered_agent_keeps_its_machine() {
    let world = World::new().running("i-1").waiting("i-2");
    for reason in [
        EndReason::AgentLeft {
            since: seconds_ago(100),
        },
        EndReason::BootLimit { limit: BOOT_LIMIT },
    ] {
        for machine in ["i-1", "i-2"] {
            let found = opinion(&world, &policy(4, 0), |plan| end(plan, machine, reason));
            assert!(found.contains(&Violation::Work(id(machine))), "{found:?}");
        }
    }
}

#[test]
fn never_kill_work_a_limit_is_no_reason_before_it_is_over() {
    let world = World::new().booting("i-1");
    for reason in [
        EndReason::Lifetime { limit: LIFETIME },
        EndReason::BootLimit { limit: BOOT_LIMIT },
        EndReason::AgentLeft { since: now() },
    ] {
        let found = opinion(&world, &policy(4, 0), |plan| end(plan, "i-1", reason));
        assert_eq!(found, [Violation::Early(id("i-1"))], "{reason:?}");
    }
}

#[test]
fn everything_ends_a_machine_that_outlived_its_lifetime_may_not_stay() {
    let old = |age| World::new().machine(machine("i-1", "linux", age));
    let keep = |plan: &mut Plan| {
        let reason = dayfly::model::plan::KeepReason::Waiting;
        linux(plan)
            .machines
            .insert(id("i-1"), MachineVerdict::Keep { reason });
    };
    let lifetime = LIFETIME.as_secs();
    let found = opinion(&old(lifetime + 1), &policy(4, 0), keep);
    assert_eq!(found, [Violation::Outlived(id("i-1"))]);
    assert_eq!(
        opinion(&old(lifetime), &policy(4, 0), keep),
        [],
        "its last second is its own"
    );
}

#[test]
fn ours_alone_a_held_or_unlisted_machine_is_not_ended() {
    let old = machine("i-1", "linux", LIFETIME.as_secs() + 1);
    let reason = EndReason::Lifetime { limit: LIFETIME };
    let held = World::new().machine(Machine {
        held: true,
        ..old.clone()
    });
    let found = opinion(&held, &policy(4, 0), |plan| end(plan, "i-1", reason));
    assert_eq!(found, [Violation::NotOurs(id("i-1"))]);
    let mut unlisted = World::new();
    unlisted.snapshot.memory.ledger.insert(old.id.clone(), old);
    let found = opinion(&unlisted, &policy(4, 0), |plan| end(plan, "i-1", reason));
    assert_eq!(found, [Violation::NotOurs(id("i-1"))]);
}

#[test]
fn idempotent_no_two_batches_share_a_token() {
    let mut world = World::new().queued(2);
    let view = world.view().clone();
    world.snapshot.pools.insert(pool("mac"), view);
    let mut both = policy(4, 0);
    both.pools.insert(PoolName::new("mac"), pool_policy(4, 0));
    let found = opinion(&world, &both, |plan| {
        let token = linux(plan)
            .launch
            .as_ref()
            .expect("it launches")
            .token
            .clone();
        let mac = plan
            .pools
            .get_mut(&pool("mac"))
            .and_then(|it| it.launch.as_mut());
        mac.expect("it launches").token = token;
    });
    assert!(matches!(found[..], [Violation::Token(_)]), "{found:?}");
}

#[test]
fn breaks_the_circuit_an_open_breaker_launches_nothing_and_a_half_open_one_a_single_machine() {
    let world = |age| {
        let mut world = World::new().queued(5);
        let record = BootRecord {
            failures: 3,
            failed_at: seconds_ago(age),
            ..BootRecord::default()
        };
        let of_pool = BTreeMap::from([(pool_policy(1, 0).template.tag(), record)]);
        world.snapshot.memory.boots.insert(pool("linux"), of_pool);
        world
    };
    let order = decide(&World::new().queued(1).snapshot, &policy(9, 0), now());
    let order = order.pools[&pool("linux")].launch.clone();
    let found = opinion(&world(10), &policy(9, 0), |plan| linux(plan).launch = order);
    assert_eq!(found, [Violation::Breaker(pool("linux"))]);
    let found = opinion(&world(400), &policy(9, 0), |plan| launch_more(plan, 1));
    assert_eq!(found, [Violation::Breaker(pool("linux"))]);
}
