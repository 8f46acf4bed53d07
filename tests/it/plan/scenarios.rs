//! What is launched in named worlds, each with the one thing that must be right in it.

use std::time::Duration;

use dayfly::model::id::{MachineId, PoolName, TemplateVersion};
use dayfly::model::machine::{Machine, Phase};
use dayfly::model::money::MicroDollars;
use dayfly::model::plan::{JobVerdict, WaitReason};
use dayfly::model::pool::Policy;
use dayfly::model::snapshot::{BootRecord, Refusal, Sighting};

use super::decided::{launched, plan};
use super::world::{World, machine, now, policy, pool, pool_policy, seconds_ago, shortage};

#[test]
fn supply_is_not_binding_booting_and_waiting_machines_count_for_any_job() {
    let world = World::new()
        .queued(5)
        .booting("i-1")
        .waiting("i-2")
        .running("i-3");
    let world = world.counts(|counts| counts.running = 1);
    assert_eq!(launched(&world, &policy(10, 0)), (3, None));
}

#[test]
fn every_machine_is_counted_once_by_what_its_agent_does() {
    let world = World::new().running("i-1").running("i-2").waiting("i-3");
    let world = world.booting("i-4").booting("i-5").booting("i-6");
    let balance = plan(&world, &policy(10, 0)).pools[&pool("linux")].balance;
    let counted = [balance.booting, balance.waiting, balance.running];
    assert_eq!(counted, [Some(3), Some(1), Some(2)]);
    assert_eq!(balance.alive, Some(6));
}

#[test]
fn the_reserve_is_kept_beside_the_queue() {
    assert_eq!(launched(&World::new(), &policy(10, 2)), (2, None));
    assert_eq!(
        launched(&World::new().queued(3).booting("i-1"), &policy(10, 2)),
        (4, None)
    );
}

#[test]
fn a_job_that_was_just_picked_up_is_not_served_twice() {
    // The hub still counts the job as queued, although the agent has it.
    let world = World::new()
        .queued(1)
        .running("i-1")
        .counts(|counts| counts.running = 0);
    assert_eq!(launched(&world, &policy(10, 0)), (0, None));
    // An agent that has had its job for longer than a pickup takes does not hide another job.
    let seen = Sighting {
        running_since: Some(seconds_ago(30)),
        ..Sighting::default()
    };
    assert_eq!(
        launched(&world.sighting("i-1", seen), &policy(10, 0)),
        (1, None)
    );
}

#[test]
fn an_agent_that_was_given_a_job_and_still_shows_as_waiting_serves_no_other() {
    // Given two agents that the list shows waiting, of which the counts know one as occupied.
    let world = World::new().queued(2).waiting("i-1").waiting("i-2");
    let world = world.counts(|counts| (counts.idle, counts.running) = (1, 1));
    assert_eq!(launched(&world, &policy(10, 0)), (1, None));
    // The job that it was given is not counted again while the hub still lists it as queued.
    let world = world.counts(|counts| counts.running = 0);
    assert_eq!(launched(&world, &policy(10, 0)), (0, None));
}

#[test]
fn every_cap_stops_a_launch_and_says_so() {
    let world = World::new()
        .queued(8)
        .running("i-1")
        .counts(|counts| counts.running = 1);
    assert_eq!(
        launched(&world, &policy(4, 0)),
        (3, Some(WaitReason::PoolCap { machines_max: 4 }))
    );
    let few = Policy {
        machines_max: 3,
        ..policy(10, 0)
    };
    assert_eq!(
        launched(&world, &few),
        (2, Some(WaitReason::DeploymentCap { machines_max: 3 }))
    );
    let slow = Policy {
        launches_per_hour_max: 6,
        ..policy(10, 0)
    };
    let reason = WaitReason::LaunchRate {
        launches_per_hour_max: 6,
    };
    assert_eq!(launched(&world, &slow), (5, Some(reason)));
    let poor = Policy {
        hourly_max: Some(MicroDollars(350_000)),
        ..policy(10, 0)
    };
    assert_eq!(launched(&world, &poor), (2, Some(WaitReason::Budget)));
    let drained = Policy {
        machines_max: 0,
        ..policy(10, 2)
    };
    assert_eq!(launched(&world, &drained), (0, Some(WaitReason::Draining)));
    assert_eq!(
        launched(&world, &policy(0, 0)),
        (0, Some(WaitReason::Draining))
    );
}

#[test]
fn a_cap_that_is_just_enough_is_no_obstacle() {
    let world = World::new().queued(4);
    assert_eq!(launched(&world, &policy(4, 0)), (4, None));
}

#[test]
fn jobs_that_the_hub_lists_and_does_not_count_are_not_ready() {
    let world = World::new().queued(3).counts(|counts| counts.queued = 1);
    let plan = plan(&world, &policy(10, 0));
    let verdicts: Vec<JobVerdict> = plan.pools[&pool("linux")].jobs.values().cloned().collect();
    assert_eq!(
        verdicts,
        [
            JobVerdict::Launch,
            JobVerdict::NotReady,
            JobVerdict::NotReady
        ]
    );
}

#[test]
fn who_drains_keeps_no_reserve_and_misses_nothing() {
    let drained = Policy {
        machines_max: 0,
        ..policy(10, 2)
    };
    assert_eq!(launched(&World::new(), &drained), (0, None));
    assert_eq!(launched(&World::new(), &policy(0, 2)), (0, None));
}

#[test]
fn a_budget_is_spent_to_the_last_cent_and_no_further() {
    let world = World::new().queued(8);
    let hourly_max = Some(MicroDollars(300_000));
    let exact = Policy {
        hourly_max,
        ..policy(10, 0)
    };
    assert_eq!(launched(&world, &exact), (3, Some(WaitReason::Budget)));
}

#[test]
fn launches_of_the_last_hour_count_also_when_their_machines_are_forgotten() {
    let slow = Policy {
        launches_per_hour_max: 6,
        ..policy(10, 0)
    };
    let launches_at = |age: u64| {
        let mut world = World::new().queued(8);
        let launches = &mut world.snapshot.memory.launches;
        launches.insert(seconds_ago(age), 4);
        launched(&world, &slow).0
    };
    assert_eq!(launches_at(3599), 2);
    assert_eq!(launches_at(3600), 6, "an hour is over");
    let listed_at = |age: u64| {
        let gone = Machine {
            phase: Phase::Gone,
            ..machine("i-1", "linux", age)
        };
        launched(&World::new().queued(8).machine(gone), &slow).0
    };
    assert_eq!((listed_at(3599), listed_at(3600)), (5, 6));
}

#[test]
fn two_pools_share_what_is_left_evenly() {
    let mut world = World::new().queued(50);
    let view = world.view().clone();
    world.snapshot.pools.insert(pool("mac"), view);
    let mut policy = Policy {
        machines_max: 11,
        ..policy(40, 0)
    };
    policy.pools.insert(pool("mac"), pool_policy(40, 0));
    let plan = plan(&world, &policy);
    let count = |name: &str| plan.pools[&PoolName::new(name)].balance.launched;
    assert_eq!((count("linux"), count("mac")), (6, 5));
}

#[test]
fn jobs_come_before_reserves_and_whoever_has_the_fewest_machines_first() {
    // The first pool keeps a reserve, the last one has jobs, and there is room for one machine.
    let mut world = World::new();
    let jobs = World::new().queued(3).view().clone();
    world.snapshot.pools.insert(pool("windy"), jobs.clone());
    let mut policy = Policy {
        machines_max: 1,
        ..policy(10, 1)
    };
    policy.pools.insert(pool("windy"), pool_policy(10, 0));
    let count = |world: &World, policy: &Policy, name: &str| {
        plan(world, policy).pools[&pool(name)].balance.launched
    };
    assert_eq!(count(&world, &policy, "windy"), 1);
    // Both have jobs, and the first pool has a machine already.
    let mut world = World::new().queued(3).running("i-1");
    world.view().counts.as_mut().expect("it answers").running = 1;
    world.snapshot.pools.insert(pool("windy"), jobs);
    policy.machines_max = 2;
    assert_eq!(count(&world, &policy, "windy"), 1);
    assert_eq!(count(&world, &policy, "linux"), 0);
}

#[test]
fn blind_means_still() {
    let mut no_counts = World::new().queued(5);
    no_counts.view().counts = None;
    assert_eq!(
        launched(&no_counts, &policy(10, 1)),
        (0, Some(WaitReason::HubSilent))
    );
    let mut no_list = World::new().queued(5);
    no_list.snapshot.machines = None;
    assert_eq!(
        launched(&no_list, &policy(10, 1)),
        (0, Some(WaitReason::CloudSilent))
    );
}

#[test]
fn a_machine_in_the_launch_ledger_is_not_launched_again() {
    let mut world = World::new().queued(1);
    world
        .snapshot
        .memory
        .ledger
        .insert(MachineId::new("i-1"), machine("i-1", "linux", 20));
    assert_eq!(launched(&world, &policy(10, 0)), (0, None));
}

#[test]
fn boots_that_keep_failing_open_the_breaker_and_one_machine_closes_it() {
    let record = |failures, age| BootRecord {
        failures,
        failed_at: seconds_ago(age),
        ..BootRecord::default()
    };
    let with = |record: BootRecord| {
        let mut world = World::new().queued(5);
        let version = TemplateVersion::new("lt-1:7");
        world
            .snapshot
            .memory
            .boots
            .entry(pool("linux"))
            .or_default()
            .insert(version, record);
        world
    };
    assert_eq!(launched(&with(record(2, 10)), &policy(10, 0)), (5, None));
    let until = seconds_ago(10).plus(Duration::from_secs(300));
    let open = Some(WaitReason::BreakerOpen { until, failures: 3 });
    assert_eq!(launched(&with(record(3, 10)), &policy(10, 0)), (0, open));
    let probing = Some(WaitReason::BreakerProbing);
    assert_eq!(
        launched(&with(record(3, 300)), &policy(10, 0)),
        (1, probing.clone())
    );
    assert_eq!(
        launched(&with(record(3, 300)).booting("i-1"), &policy(10, 0)),
        (0, probing)
    );
}

#[test]
fn an_offer_without_capacity_is_left_alone_until_its_time_is_up() {
    let mut world = World::new().queued(1);
    let until = now().plus(Duration::from_secs(90));
    let later = until.plus(Duration::from_secs(1));
    let offers = pool_policy(1, 0).offers;
    world
        .snapshot
        .memory
        .unavailable
        .insert(offers[0].clone(), shortage("no capacity", until));
    let order = plan(&world, &policy(10, 0)).pools[&pool("linux")]
        .launch
        .clone();
    assert_eq!(
        order.map(|order| order.offers),
        Some(vec![offers[1].clone()])
    );
    world
        .snapshot
        .memory
        .unavailable
        .insert(offers[1].clone(), shortage("a quota", later));
    let word = "no capacity".to_owned();
    assert_eq!(
        launched(&world, &policy(10, 0)),
        (0, Some(WaitReason::NoCapacity { until, word }))
    );
}

#[test]
fn what_is_left_alone_until_now_is_tried_now() {
    let mut world = World::new().queued(1);
    for offer in pool_policy(1, 0).offers {
        let shortage = shortage("no capacity", now());
        world.snapshot.memory.unavailable.insert(offer, shortage);
    }
    let reason = "no such image".to_owned();
    let refusal = Refusal {
        reason,
        until: now(),
    };
    world
        .snapshot
        .memory
        .refused
        .insert(pool("linux"), refusal.clone());
    assert_eq!(launched(&world, &policy(10, 0)), (1, None));
    let until = now().plus(Duration::from_millis(1));
    let (word, later) = (refusal.reason.clone(), Refusal { until, ..refusal });
    world.snapshot.memory.refused.insert(pool("linux"), later);
    let refused = Some(WaitReason::Refused { word, until });
    assert_eq!(launched(&world, &policy(10, 0)), (0, refused));
}
