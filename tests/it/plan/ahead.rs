//! Launching ahead of demand: what it may do, and that jobs never pay for it.

use std::collections::BTreeMap;
use std::time::Duration;

use dayfly::forecast::Forecast;
use dayfly::model::id::{BlockKind, PipelineId, PoolName};
use dayfly::model::job::QueueCounts;
use dayfly::model::outlook::{Expectation, NextBlock, Outlook};
use dayfly::model::pipeline::{Block, JobProgress, Look, Pipeline, Progress};
use dayfly::model::plan::{Plan, WaitReason};
use dayfly::model::pool::{Policy, Speculation, Speed};
use dayfly::model::snapshot::{BootRecord, Memory, PoolView, Sighting, Snapshot};
use dayfly::model::time::Timestamp;
use dayfly::plan::check::{Violation, check};
use dayfly::plan::{decide, explain};
use dayfly::scaler::apply::ends;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::random::any_world;
use super::world::{World, machine, now, policy, pool, seconds_ago};

/// The default of the product, instead of what most tests take.
pub fn speculating(machines_max: u32, reserve: u32) -> Policy {
    with_speed(policy(machines_max, reserve), Speed::Balanced)
}

pub fn with_speed(mut policy: Policy, speed: Speed) -> Policy {
    for pool in policy.pools.values_mut() {
        pool.speculation = Speculation {
            speed,
            ..Speculation::product()
        };
    }
    policy
}

/// Four likely jobs, one that is scheduled, and races of one machine more for every two jobs.
pub fn outlook() -> Outlook {
    Outlook {
        overdue_after: Some(Duration::from_secs(90)),
        race: (1..=40).map(|jobs| jobs / 2).collect(),
        expectation: Expectation {
            likely: 4,
            scheduled: 1,
            blocks: 0,
            jobs_per_hour: 250,
            boot: Duration::from_secs(38),
            waiting_worth: 10,
            wanted_wait: None,
            overhead_percent: 31,
            exhausted: false,
        },
        next_block: None,
    }
}

/// The same, and seven jobs of a block that is about to begin.
fn outlook_with_a_block() -> Outlook {
    Outlook {
        expectation: Expectation {
            blocks: 7,
            ..outlook().expectation
        },
        next_block: Some(NextBlock {
            kind: BlockKind::new("site: semaphore.yml: Tests"),
            jobs: 7,
            percent: 63,
        }),
        ..outlook()
    }
}

pub fn expecting(world: World, outlook: Outlook) -> Snapshot {
    let mut snapshot = world.snapshot;
    snapshot.outlooks.insert(pool("linux"), outlook);
    snapshot
}

fn launched(snapshot: &Snapshot, policy: &Policy) -> u32 {
    let plan = decide(snapshot, policy, now());
    assert_eq!(check(snapshot, policy, &plan, now()), []);
    count(&plan)
}

fn count(plan: &Plan) -> u32 {
    let orders = plan.pools.values().filter_map(|pool| pool.launch.as_ref());
    orders.map(|order| order.count).sum()
}

#[test]
fn what_is_expected_is_kept_ready_beside_the_queue() {
    let empty = expecting(World::new(), outlook());
    assert_eq!(launched(&empty, &speculating(100, 0)), 5);
    let waiting = expecting(World::new().waiting("i-1").booting("i-2"), outlook());
    assert_eq!(launched(&waiting, &speculating(100, 0)), 3);
}

#[test]
fn the_next_blocks_of_pipelines_are_kept_ready_for_like_other_jobs_and_jobs_come_first() {
    let policy = speculating(100, 0);
    let empty = expecting(World::new(), outlook_with_a_block());
    assert_eq!(launched(&empty, &policy), 12);
    let there = World::new().waiting("i-1").booting("i-2");
    assert_eq!(
        launched(&expecting(there, outlook_with_a_block()), &policy),
        10
    );
    // Of ten machines the last two are for jobs; nine queued jobs get all that is left.
    assert_eq!(launched(&empty, &speculating(10, 0)), 8);
    let queued = expecting(World::new().queued(9), outlook_with_a_block());
    assert_eq!(launched(&queued, &speculating(10, 0)), 9);
}

#[test]
fn the_fixed_reserve_is_a_floor_and_not_an_addition() {
    let empty = expecting(World::new(), outlook());
    assert_eq!(launched(&empty, &speculating(100, 3)), 5);
    assert_eq!(launched(&empty, &speculating(100, 8)), 8);
}

#[test]
fn who_finds_no_job_waits_long_where_machines_are_kept_ready_and_leaves_soon_elsewhere() {
    let nothing_expected = Outlook {
        expectation: Expectation::default(),
        ..outlook()
    };
    let waits = |reserve, outlook: &Outlook| {
        let snapshot = expecting(World::new().queued(6), outlook.clone());
        let plan = decide(&snapshot, &speculating(100, reserve), now());
        let order = plan.pools[&pool("linux")].launch.as_ref();
        order.expect("six jobs have no machine").idle_timeout
    };
    let usual = Speculation::product();
    assert_eq!(waits(0, &nothing_expected), usual.spare_timeout);
    assert_eq!(waits(0, &outlook()), usual.idle_timeout);
    assert_eq!(waits(1, &nothing_expected), usual.idle_timeout);
}

#[test]
fn jobs_without_a_machine_start_a_race_and_jobs_with_one_do_not() {
    let nothing_expected = Outlook {
        expectation: Expectation::default(),
        ..outlook()
    };
    let queued = expecting(World::new().queued(6), nothing_expected.clone());
    assert_eq!(launched(&queued, &speculating(100, 0)), 9);
    let booting = World::new().queued(2).booting("i-1").booting("i-2");
    let booting = expecting(booting, nothing_expected);
    assert_eq!(launched(&booting, &speculating(100, 0)), 0);
}

#[test]
fn a_boot_that_is_overdue_is_replaced_for_a_job_and_ended_for_nobody() {
    let alone = Outlook {
        race: Vec::new(),
        expectation: Expectation::default(),
        ..outlook()
    };
    let slow = |jobs| {
        World::new()
            .queued(jobs)
            .machine(machine("i-1", "linux", 100))
    };
    let without_job = expecting(slow(0), alone.clone());
    assert_eq!(launched(&without_job, &speculating(100, 0)), 0);
    let with_job = expecting(slow(1), alone.clone());
    assert_eq!(launched(&with_job, &speculating(100, 0)), 1);
    let plan = decide(&with_job, &speculating(100, 0), now());
    assert!(ends(&plan).is_empty());
    // To a reserve it is as good as another, and its replacement is the other one of a race.
    assert_eq!(
        launched(&expecting(slow(0), alone), &speculating(100, 1)),
        0
    );
    let raced = Outlook {
        race: vec![1; 40],
        expectation: Expectation::default(),
        ..outlook()
    };
    let with_job = expecting(slow(1), raced.clone());
    assert_eq!(launched(&with_job, &speculating(100, 0)), 1);
    assert_eq!(
        launched(&expecting(slow(2), raced), &speculating(100, 0)),
        3
    );
}

#[test]
fn the_last_fifth_of_a_cap_is_kept_for_jobs() {
    let empty = expecting(World::new(), outlook());
    assert_eq!(launched(&empty, &speculating(5, 0)), 4);
    let queued = expecting(World::new().queued(5), outlook());
    assert_eq!(launched(&queued, &speculating(5, 0)), 5);
    let mut narrow = speculating(100, 0);
    narrow.machines_max = 4;
    assert_eq!(launched(&empty, &narrow), 3);
    let mut few_launches = speculating(100, 0);
    few_launches.launches_per_hour_max = 6;
    assert_eq!(
        launched(&empty, &few_launches),
        3,
        "half of an hour's launches are for jobs"
    );
}

#[test]
fn while_boots_fail_or_offers_are_short_nothing_is_guessed() {
    let mut failing = expecting(World::new().queued(1), outlook());
    let record = BootRecord {
        failures: 1,
        failed_at: seconds_ago(10),
        ..BootRecord::default()
    };
    let of_pool = [("lt-1:7", record)]
        .map(|(version, record)| (dayfly::model::id::TemplateVersion::new(version), record));
    failing.memory.boots.insert(pool("linux"), of_pool.into());
    assert_eq!(launched(&failing, &speculating(100, 0)), 1);
}

#[test]
fn whoever_drains_expects_nothing() {
    let empty = expecting(World::new(), outlook());
    assert_eq!(launched(&empty, &speculating(0, 0)), 0);
    let plan = decide(
        &expecting(World::new().queued(1), outlook()),
        &speculating(0, 0),
        now(),
    );
    assert_eq!(
        plan.pools[&pool("linux")].obstacle,
        Some(WaitReason::Draining)
    );
}

#[test]
fn the_plan_says_what_is_kept_ready_and_why() {
    let snapshot = expecting(World::new().queued(2), outlook());
    let plan = decide(&snapshot, &speculating(100, 0), now());
    let sentence = explain::pool(&plan, &pool("linux"), now()).expect("of the policy");
    insta::assert_snapshot!(sentence, @"Pool linux: 2 queued + 0 reserve against 0 booting + 0 waiting (0 running, 0 alive); 2 missing, launches 8. Keeps 5 ready (1 of them for jobs that come at this time of the day), because hours like this one bring 250 jobs, boots take 38 s, and a waiting minute is worth 10 minutes of a machine. Launches 1 more than jobs wait, because some boots are slow.");
    let spent = Outlook {
        race: Vec::new(),
        expectation: Expectation {
            likely: 0,
            scheduled: 0,
            overhead_percent: 120,
            exhausted: true,
            ..outlook().expectation
        },
        ..outlook()
    };
    let plan = decide(&expecting(World::new(), spent), &speculating(100, 0), now());
    let sentence = explain::pool(&plan, &pool("linux"), now()).expect("of the policy");
    insta::assert_snapshot!(sentence, @"Pool linux: 0 queued + 0 reserve against 0 booting + 0 waiting (0 running, 0 alive); nothing is missing. Keeps none ready ahead of demand: machines without a job have taken 120 % of what jobs took in a day, and that is the limit.");
}

#[test]
fn the_plan_names_the_block_that_most_machines_are_for() {
    let snapshot = expecting(World::new(), outlook_with_a_block());
    let plan = decide(&snapshot, &speculating(100, 0), now());
    let sentence = explain::pool(&plan, &pool("linux"), now()).expect("of the policy");
    insta::assert_snapshot!(sentence, @r#"Pool linux: 0 queued + 0 reserve against 0 booting + 0 waiting (0 running, 0 alive); nothing is missing. Keeps 12 ready (1 of them for jobs that come at this time of the day, 7 for the next blocks of running pipelines, above all for the 7 jobs of the block "site: semaphore.yml: Tests", which begins within a boot in 63 of 100 such moments), because hours like this one bring 250 jobs, boots take 38 s, and a waiting minute is worth 10 minutes of a machine."#);
}

#[test]
fn the_second_opinion_finds_a_guess_that_goes_too_far() {
    let opinion = |snapshot: &Snapshot, policy: &Policy, count: u32| {
        let mut plan = decide(snapshot, policy, now());
        let linux = plan.pools.get_mut(&pool("linux")).expect("of the policy");
        linux.launch.as_mut().expect("it launches").count = count;
        let found = check(snapshot, policy, &plan, now());
        let is_ahead = |violation: &Violation| matches!(violation, Violation::Ahead { .. });
        found.iter().any(is_ahead)
    };
    let world = expecting(World::new().queued(2), outlook());
    assert!(!opinion(&world, &speculating(100, 0), 8));
    assert!(
        opinion(&world, &speculating(100, 0), 9),
        "more than is expected"
    );
    assert!(
        opinion(&world, &speculating(9, 0), 8),
        "into the last fifth"
    );
    assert!(opinion(&world, &policy(100, 0), 3), "reactive");
    let block = expecting(World::new().queued(2), outlook_with_a_block());
    assert!(!opinion(&block, &speculating(100, 0), 15));
    assert!(
        opinion(&block, &speculating(100, 0), 16),
        "more than is seen to come"
    );
}

/// Pipelines as no hub would show them: blocks that wait for themselves, or for none that is there.
fn any_look() -> impl Strategy<Value = Look> {
    let moment = (0_u64..u64::MAX / 2).prop_map(Timestamp::from_millis);
    let span = (0_u64..u64::MAX / 2).prop_map(Duration::from_millis);
    let job = prop_oneof![
        Just(JobProgress::Queued),
        moment.prop_map(|since| JobProgress::Running { since }),
        option::of(span.clone()).prop_map(|took| JobProgress::Done { took }),
    ];
    let progress = prop_oneof![
        Just(Progress::Waiting),
        Just(Progress::LeftOut),
        vec(job, 0..5).prop_map(|jobs| Progress::Running { jobs }),
        vec(span, 0..5).prop_map(|took| Progress::Done { took }),
    ];
    let block = (
        "[a-c]",
        option::of("linux|other"),
        any::<u32>(),
        vec(0_usize..6, 0..3),
        progress,
    );
    let block = block.prop_map(|(kind, of, jobs, after, progress)| Block {
        kind: BlockKind::new(kind),
        pool: of.map(PoolName::new),
        jobs,
        after,
        progress,
    });
    let pipeline = ("[p-r]", vec(block, 0..5)).prop_map(|(id, blocks)| Pipeline {
        id: PipelineId::new(id),
        blocks,
    });
    vec(pipeline, 0..4).prop_map(|pipelines| Look {
        at: Timestamp::default(),
        pipelines,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    /// Without history the plan is the reactive one.
    #[test]
    fn without_history_launches_follow_the_queue_alone((mut snapshot, policy) in any_world()) {
        snapshot.outlooks.clear();
        let speculating = decide(&snapshot, &with_speed(policy.clone(), Speed::Balanced), now());
        let reactive = decide(&snapshot, &with_speed(policy, Speed::Reactive), now());
        prop_assert_eq!(speculating, reactive);
    }

    /// Jobs get what they would get, and more; and nothing more is ever ended.
    #[test]
    fn no_job_waits_longer_for_what_is_launched_ahead((snapshot, policy) in any_world()) {
        let speculating = decide(&snapshot, &with_speed(policy.clone(), Speed::Balanced), now());
        let reactive = decide(&snapshot, &with_speed(policy, Speed::Reactive), now());
        prop_assert!(count(&reactive) <= count(&speculating));
        prop_assert_eq!(ends(&reactive), ends(&speculating));
        for (name, pool) in &reactive.pools {
            let with = &speculating.pools[name];
            prop_assert!(pool.balance.missing <= with.balance.missing);
        }
    }

    /// Whatever is said to be seen of pipelines, it is a bounded wish: pools that learned nothing of
    /// boots wish for none, and the others for a thousand at most.
    #[test]
    fn whatever_is_seen_of_pipelines_the_wish_is_bounded(looks in vec(any_look(), 1..6), booted in any::<bool>()) {
        let policy = speculating(100, 0);
        let mut forecast = Forecast::default();
        let view = PoolView { counts: Some(QueueCounts::default()), ..PoolView::default() };
        let pools = BTreeMap::from([(pool("linux"), view)]);
        for (number, look) in (0_u64..40).zip(looks.iter().cycle()) {
            let at = now().plus(Duration::from_secs(10 * number));
            let look = Look { at, ..look.clone() };
            let machine = machine(&format!("i-{number}"), "linux", 40);
            let registered_at = Some(at).filter(|_| booted);
            let sighting = Sighting { registered_at, ..Sighting::default() };
            let mut memory = Memory::default();
            memory.sightings.insert(machine.id.clone(), sighting);
            let machines = BTreeMap::from([(machine.id.clone(), machine)]);
            forecast.see(&policy, &pools, Some(&machines), Some(&look), &memory, at);
            let outlooks = forecast.outlooks(&policy, Some(&look), at);
            let wish = outlooks[&pool("linux")].expectation.reserve();
            let most = if booted { 1000 } else { 0 };
            prop_assert!(wish <= most);
        }
    }

    /// Whatever is expected, a pool without an obstacle has a machine for every queued job.
    #[test]
    fn no_queued_job_is_lost((snapshot, policy) in any_world()) {
        let plan = decide(&snapshot, &policy, now());
        for pool in plan.pools.values().filter(|pool| pool.obstacle.is_none()) {
            let balance = pool.balance;
            let jobs = balance.queued.unwrap_or(0).saturating_sub(balance.picked_up);
            let supply = (balance.booting, balance.overdue, balance.waiting);
            let (Some(booting), Some(overdue), Some(waiting)) = supply else {
                return Err(TestCaseError::fail("no obstacle, and the machines are unknown"));
            };
            prop_assert!(jobs <= booting - overdue + waiting + balance.launched);
        }
    }
}
