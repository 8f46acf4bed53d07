//! What holds exactly at a limit, and a moment before and after it.

use std::collections::BTreeMap;
use std::time::Duration;

use dayfly::model::id::{MachineId, TemplateVersion};
use dayfly::model::job::QueueCounts;
use dayfly::model::machine::{ConsoleMarks, Machine, Phase};
use dayfly::model::money::MicroDollars;
use dayfly::model::outlook::{Expectation, Outlook};
use dayfly::model::plan::{EndReason, KeepReason, MachineVerdict, UndecidedReason, WaitReason};
use dayfly::model::pool::Policy;
use dayfly::model::snapshot::{BootRecord, Refusal, Sighting};

use super::ahead::{expecting, outlook, speculating};
use super::decided::{launched, plan};
use super::world::{
    BOOT_LIMIT, LIFETIME, World, machine, now, policy, pool, pool_policy, seconds_ago, shortage,
};

fn verdict(world: &World, id: &str) -> MachineVerdict {
    plan(world, &policy(10, 0)).pools[&pool("linux")].machines[&MachineId::new(id)].clone()
}

/// What a world launches whose forecast expects five jobs and races.
fn launched_ahead(world: World, policy: &Policy) -> u32 {
    launched(&with_outlook(world, outlook()), policy).0
}

fn with_outlook(world: World, outlook: Outlook) -> World {
    World {
        snapshot: expecting(world, outlook),
    }
}

#[test]
fn the_last_second_of_a_boot_limit_a_grace_and_a_lifetime_is_the_machines_own() {
    let aged = |age| World::new().machine(machine("i-1", "linux", age));
    let boot_limit = BOOT_LIMIT.as_secs();
    let booting = MachineVerdict::Keep {
        reason: KeepReason::Booting { until: now() },
    };
    assert_eq!(verdict(&aged(boot_limit), "i-1"), booting);
    let closing = MachineVerdict::Keep {
        reason: KeepReason::Closing { until: now() },
    };
    assert_eq!(verdict(&aged(boot_limit + 60), "i-1"), closing);
    let sighting = Sighting {
        registered_at: Some(seconds_ago(100)),
        absent_answers: 3,
        missing_since: Some(seconds_ago(60)),
        ..Sighting::default()
    };
    assert_eq!(
        verdict(&aged(200).sighting("i-1", sighting), "i-1"),
        closing
    );
    let lifetime = LIFETIME.as_secs();
    let waiting = |age| {
        let state = dayfly::model::job::AgentState::Waiting;
        aged(age).agent("i-1", state).counts(|it| it.idle = 1)
    };
    let kept = MachineVerdict::Keep {
        reason: KeepReason::Waiting,
    };
    assert_eq!(verdict(&waiting(lifetime), "i-1"), kept);
    let ended = MachineVerdict::End {
        reason: EndReason::Lifetime { limit: LIFETIME },
    };
    assert_eq!(verdict(&waiting(lifetime + 1), "i-1"), ended);
}

#[test]
fn a_pickup_is_believed_for_fifteen_seconds() {
    let taken = |ago| {
        let seen = Sighting {
            running_since: Some(seconds_ago(ago)),
            ..Sighting::default()
        };
        World::new()
            .queued(1)
            .running("i-1")
            .sighting("i-1", seen)
            .counts(|counts| counts.running = 0)
    };
    let launches = |ago| launched(&taken(ago), &policy(10, 0)).0;
    assert_eq!((launches(15), launches(16)), (0, 1));
}

#[test]
fn a_machine_whose_checks_fail_is_replaced_and_has_the_rest_of_its_boot_limit() {
    let impaired = |age| {
        World::new().queued(1).machine(Machine {
            impaired: true,
            ..machine("i-1", "linux", age)
        })
    };
    assert_eq!(launched(&impaired(10), &policy(10, 0)).0, 1);
    let until = seconds_ago(10).plus(BOOT_LIMIT);
    let kept = MachineVerdict::Keep {
        reason: KeepReason::Impaired { until },
    };
    assert_eq!(verdict(&impaired(10), "i-1"), kept);
    let ended = MachineVerdict::End {
        reason: EndReason::BootLimit { limit: BOOT_LIMIT },
    };
    assert_eq!(verdict(&impaired(361), "i-1"), ended);
}

#[test]
fn a_console_that_shows_nothing_is_no_evidence_while_the_hub_is_silent() {
    let mut world = World::new().machine(Machine {
        console: Some(ConsoleMarks::default()),
        ..machine("i-1", "linux", 1000)
    });
    (world.view().agents, world.view().counts) = (None, None);
    let undecided = MachineVerdict::Undecided {
        reason: UndecidedReason::AgentUnknown,
    };
    assert_eq!(verdict(&world, "i-1"), undecided);
}

#[test]
fn a_closed_log_alone_tells_that_the_agent_has_left() {
    let done = Some(ConsoleMarks {
        registered: false,
        log_closed: true,
        ..ConsoleMarks::default()
    });
    let done = World::new().machine(Machine {
        console: done,
        ..machine("i-1", "linux", 100)
    });
    let until = now().plus(Duration::from_secs(60));
    let closing = MachineVerdict::Keep {
        reason: KeepReason::Closing { until },
    };
    assert_eq!(verdict(&done, "i-1"), closing);
    let mut unlisted = done;
    unlisted.view().agents = None;
    assert_eq!(verdict(&unlisted, "i-1"), closing);
}

#[test]
fn a_machine_of_no_pool_is_ended_by_its_lifetime() {
    let stray = |age| {
        let world = World::new().machine(machine("i-9", "removed", age));
        plan(&world, &policy(10, 0)).strays[&MachineId::new("i-9")].clone()
    };
    let ended = MachineVerdict::End {
        reason: EndReason::Lifetime { limit: LIFETIME },
    };
    let lifetime = LIFETIME.as_secs();
    assert_eq!(stray(lifetime + 1), ended);
    let undecided = MachineVerdict::Undecided {
        reason: UndecidedReason::PoolUnknown,
    };
    assert_eq!(stray(lifetime), undecided);
}

#[test]
fn a_machine_that_is_listed_and_in_the_ledger_is_counted_once() {
    let mut world = World::new().queued(5).booting("i-1");
    let ledger = &mut world.snapshot.memory.ledger;
    ledger.insert(MachineId::new("i-1"), machine("i-1", "linux", 10));
    ledger.insert(MachineId::new("i-2"), machine("i-2", "linux", 10));
    let few = Policy {
        machines_max: 4,
        ..policy(10, 0)
    };
    // Two of the four are there.
    let reason = WaitReason::DeploymentCap { machines_max: 4 };
    assert_eq!(launched(&world, &few), (2, Some(reason)));
}

#[test]
fn a_machine_that_comes_into_the_list_is_no_new_cause_for_a_launch() {
    let listed = World::new().queued(3).booting("i-1").booting("i-2");
    let mut remembered = World::new().queued(3).booting("i-2");
    let ledger = &mut remembered.snapshot.memory.ledger;
    ledger.insert(MachineId::new("i-1"), machine("i-1", "linux", 10));
    let launch = |world| {
        plan(world, &policy(10, 0)).pools[&pool("linux")]
            .launch
            .clone()
    };
    let order = launch(&listed);
    assert_eq!(order.as_ref().map(|order| order.count), Some(1));
    assert_eq!(launch(&remembered), order);
}

#[test]
fn a_boot_is_overdue_when_it_takes_longer_than_nearly_all_and_not_when_as_long() {
    let alone = Outlook {
        race: Vec::new(),
        expectation: Expectation::default(),
        ..outlook()
    };
    let launches = |age| {
        let world = World::new().queued(1).machine(machine("i-1", "linux", age));
        launched(&with_outlook(world, alone.clone()), &speculating(100, 0)).0
    };
    assert_eq!((launches(90), launches(91)), (0, 1));
}

#[test]
fn of_boots_that_may_have_registered_the_overdue_ones_have_done_so_first() {
    // Three boots, all overdue; the hub counts one idle and one occupied agent, and lists none.
    let counts = QueueCounts {
        queued: 0,
        running: 1,
        idle: 1,
        occupied: 1,
    };
    let mut world = World::new().counts(|it| *it = counts);
    for id in ["i-1", "i-2", "i-3"] {
        world = world.machine(machine(id, "linux", 200));
    }
    world.view().agents = None;
    let world = with_outlook(world, outlook());
    let balance = plan(&world, &speculating(100, 0)).pools[&pool("linux")].balance;
    assert_eq!(
        (balance.booting, balance.overdue, balance.waiting),
        (Some(1), Some(1), Some(1))
    );
}

#[test]
fn a_fifth_of_the_budget_is_kept_for_jobs_to_the_cent() {
    // Machines cost 0.10 an hour. Of 0.50 a fifth stays, which is one machine.
    let budget = |hourly| Policy {
        hourly_max: Some(MicroDollars(hourly)),
        ..speculating(100, 0)
    };
    assert_eq!(launched_ahead(World::new(), &budget(500_000)), 4);
    assert_eq!(launched_ahead(World::new(), &budget(490_000)), 3);
    assert_eq!(launched_ahead(World::new(), &budget(10_000_000)), 5);
    // Jobs get what was kept.
    assert_eq!(launched_ahead(World::new().queued(5), &budget(500_000)), 5);
}

#[test]
fn whoever_drains_wants_nothing_ahead_either() {
    let drained = Policy {
        machines_max: 0,
        ..speculating(100, 0)
    };
    for policy in [speculating(0, 0), drained] {
        let world = with_outlook(World::new(), outlook());
        let balance = plan(&world, &policy).pools[&pool("linux")].balance;
        assert_eq!((balance.expected, balance.race, balance.ahead), (0, 0, 0));
    }
}

#[test]
fn a_boot_that_succeeded_is_no_trouble_and_a_refusal_is_until_it_is_forgotten() {
    let recorded = |failures| {
        let mut world = World::new();
        let failed_at = seconds_ago(10);
        let record = BootRecord {
            failures,
            failed_at,
            ..BootRecord::default()
        };
        let of_pool = BTreeMap::from([(TemplateVersion::new("lt-1:7"), record)]);
        world.snapshot.memory.boots.insert(pool("linux"), of_pool);
        launched_ahead(world, &speculating(100, 0))
    };
    assert_eq!((recorded(0), recorded(1)), (5, 0));
    // The refusal's pause is over: the job shows whether the cloud has changed its mind.
    let mut refused = World::new().queued(1);
    let refusal = Refusal {
        reason: "no such image".to_owned(),
        until: seconds_ago(1),
    };
    refused
        .snapshot
        .memory
        .refused
        .insert(pool("linux"), refusal);
    assert_eq!(launched_ahead(refused, &speculating(100, 0)), 1);
}

#[test]
fn nothing_is_launched_ahead_where_no_offer_is_left() {
    let mut world = World::new();
    for offer in pool_policy(1, 0).offers {
        let shortage = shortage("none", now().plus(Duration::from_secs(60)));
        world.snapshot.memory.unavailable.insert(offer, shortage);
    }
    assert_eq!(launched_ahead(world, &speculating(100, 0)), 0);
}

#[test]
fn a_pool_above_its_lowered_cap_keeps_no_other_from_launching() {
    let mut world = World::new().running("i-1").running("i-2");
    let jobs = World::new().queued(2).view().clone();
    world.snapshot.pools.insert(pool("mac"), jobs);
    let mut both = policy(1, 0);
    both.pools.insert(pool("mac"), pool_policy(4, 0));
    let plan = plan(&world, &both);
    assert_eq!(plan.pools[&pool("mac")].balance.launched, 2);
    assert_eq!(plan.pools[&pool("linux")].balance.launched, 0);
}

#[test]
fn a_machine_that_is_gone_and_still_listed_stays_as_it_is() {
    let gone = Machine {
        phase: Phase::Gone,
        ..machine("i-1", "linux", LIFETIME.as_secs() + 100)
    };
    let ending = MachineVerdict::Keep {
        reason: KeepReason::Ending,
    };
    assert_eq!(verdict(&World::new().machine(gone), "i-1"), ending);
}
