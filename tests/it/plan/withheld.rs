//! Terminations that are withheld: weak evidence, clocks that disagree, and a cloud that refuses.

use std::time::Duration;

use dayfly::model::clock::{ClockOffset, ClockOffsets};
use dayfly::model::id::MachineId;
use dayfly::model::job::AgentState;
use dayfly::model::machine::{ConsoleMarks, Machine};
use dayfly::model::plan::{EndReason, KeepReason, MachineVerdict, Plan, UndecidedReason};
use dayfly::model::snapshot::{RefusedTermination, Sighting};
use dayfly::plan::check::{Violation, check};
use dayfly::plan::{decide, explain};

use super::decided::plan;
use super::world::{LIFETIME, World, machine, now, policy, pool, seconds_ago};

fn verdict(world: &World, id: &str) -> MachineVerdict {
    verdict_of(&plan(world, &policy(10, 0)), id)
}

fn verdict_of(plan: &Plan, id: &str) -> MachineVerdict {
    plan.pools[&pool("linux")].machines[&MachineId::new(id)].clone()
}

fn is_ended(world: &World, id: &str) -> bool {
    matches!(verdict(world, id), MachineVerdict::End { .. })
}

/// A machine whose agent was registered and is missing from the hub's list since then.
fn missing(world: World, id: &str, seconds: u64) -> World {
    let sighting = Sighting {
        registered_at: Some(seconds_ago(1000)),
        absent_answers: 3,
        missing_since: Some(seconds_ago(seconds)),
        absent_since: Some(seconds_ago(seconds)),
        ..Sighting::default()
    };
    let listed = world.machine(machine(id, "linux", 1200));
    listed.sighting(id, sighting)
}

#[test]
fn empty_agent_list_that_counts_contradict_ends_nothing() {
    let occupied = |world: World, agents| world.counts(|counts| counts.occupied = agents);
    let world = missing(World::new(), "i-1", 120);
    assert!(is_ended(&world, "i-1"), "list and counts agree");
    let contradicted = occupied(world.clone(), 1);
    let kept = MachineVerdict::Keep {
        reason: KeepReason::Registered,
    };
    assert_eq!(verdict(&contradicted, "i-1"), kept);
    let mut uncounted = world;
    uncounted.view().counts = None;
    assert_eq!(verdict(&uncounted, "i-1"), kept);
}

#[test]
fn shrunken_agent_list_that_counts_contradict_ends_nothing() {
    let world = missing(World::new(), "i-1", 120);
    let world = world.running("i-2").counts(|counts| counts.occupied = 2);
    assert!(!is_ended(&world, "i-1"));
}

#[test]
fn contradicted_list_after_a_restart_ends_no_overdue_machine() {
    let world = World::new().machine(machine("i-1", "linux", 1200));
    assert!(is_ended(&world, "i-1"), "list and counts agree");
    let contradicted = world.counts(|counts| counts.occupied = 1);
    let undecided = MachineVerdict::Undecided {
        reason: UndecidedReason::AgentUnknown,
    };
    assert_eq!(verdict(&contradicted, "i-1"), undecided);
}

#[test]
fn contradicted_list_leaves_waiting_agents_in_the_supply() {
    let world = missing(World::new(), "i-1", 120).queued(1);
    let world = world.counts(|counts| counts.idle = 1);
    let plan = plan(&world, &policy(10, 0));
    let balance = plan.pools[&pool("linux")].balance;
    assert_eq!((balance.waiting, balance.missing), (Some(1), Some(0)));
}

#[test]
fn many_missing_agents_are_ended_only_after_five_minutes() {
    let world = |seconds| {
        let world = missing(World::new(), "i-1", seconds);
        missing(world, "i-2", seconds)
    };
    let until = seconds_ago(120).plus(Duration::from_secs(300));
    let since = seconds_ago(120);
    let reason = KeepReason::Unconfirmed {
        wanted: EndReason::AgentLeft { since },
        machines: 2,
        until,
    };
    assert_eq!(verdict(&world(120), "i-1"), MachineVerdict::Keep { reason });
    assert!(is_ended(&world(300), "i-1"));
}

#[test]
fn fifth_of_a_pool_is_ended_without_confirmation() {
    let ids = ["i-01", "i-02", "i-03", "i-04", "i-05", "i-06", "i-07"];
    let world = ids.iter().fold(World::new(), |world, id| world.running(id));
    let world = missing(world, "i-11", 120);
    let two_of_nine = missing(world.clone(), "i-12", 120);
    assert!(is_ended(&two_of_nine, "i-11") && is_ended(&two_of_nine, "i-12"));
    let three = missing(two_of_nine, "i-13", 120);
    let three = ["i-11", "i-12", "i-13"].map(|id| is_ended(&three, id));
    assert_eq!(three, [false; 3]);
}

#[test]
fn closed_log_on_the_console_needs_no_confirmation() {
    let console = Some(ConsoleMarks {
        registered: true,
        log_closed: true,
        ..ConsoleMarks::default()
    });
    let world = ["i-1", "i-2", "i-3"]
        .iter()
        .fold(World::new(), |world, id| {
            let listed = missing(world, id, 120);
            listed.machine(Machine {
                console,
                ..machine(id, "linux", 1200)
            })
        });
    assert!(is_ended(&world, "i-1"));
}

#[test]
fn consoles_that_the_counts_contradict_end_nothing() {
    let console = Some(ConsoleMarks::default());
    let silent = Machine {
        console,
        ..machine("i-1", "linux", 1200)
    };
    let mut world = World::new().machine(silent);
    world.view().agents = None;
    assert!(is_ended(&world, "i-1"));
    let contradicted = world.clone().counts(|counts| counts.occupied = 1);
    assert!(!is_ended(&contradicted, "i-1"));
    let explained = contradicted.booting("i-2");
    assert!(is_ended(&explained, "i-1"), "the agent may be that of i-2");
}

/// A world in which this host's clock is a day ahead of the cloud's.
fn a_day_ahead(mut world: World) -> World {
    let day = Duration::from_secs(86_400);
    world.snapshot.clocks = ClockOffsets {
        cloud: Some(ClockOffset::between(now(), now().minus(day))),
        ..ClockOffsets::default()
    };
    world
}

#[test]
fn clocks_that_disagree_end_nothing_by_age() {
    let old = LIFETIME.as_secs() + 60;
    let world = World::new().machine(machine("i-1", "linux", old));
    let world = world.agent("i-1", AgentState::Running);
    let world = missing(world, "i-2", 400).machine(machine("i-3", "linux", 1000));
    assert!(["i-1", "i-2", "i-3"].iter().any(|id| is_ended(&world, id)));
    let plan = plan(&a_day_ahead(world), &policy(10, 0));
    let running = MachineVerdict::Keep {
        reason: KeepReason::Running,
    };
    assert_eq!(verdict_of(&plan, "i-1"), running);
    let since = seconds_ago(400);
    let reason = KeepReason::ClocksDisagree {
        wanted: EndReason::AgentLeft { since },
    };
    assert_eq!(verdict_of(&plan, "i-2"), MachineVerdict::Keep { reason });
    assert!(matches!(
        verdict_of(&plan, "i-3"),
        MachineVerdict::Keep {
            reason: KeepReason::Booting { .. }
        }
    ));
    let text = explain::whole(&plan, now());
    assert!(
        text.starts_with("Warning: this host's clock is 24 h ahead of the cloud's"),
        "{text}"
    );
}

#[test]
fn boots_count_as_supply_while_clocks_disagree() {
    let booting = World::new()
        .queued(1)
        .machine(machine("i-1", "linux", 86_410));
    let plan = plan(&a_day_ahead(booting), &policy(10, 0));
    assert_eq!(plan.pools[&pool("linux")].balance.missing, Some(0));
}

#[test]
fn launches_of_the_last_hour_count_while_clocks_disagree() {
    let mut world = a_day_ahead(World::new().queued(3));
    world
        .snapshot
        .memory
        .launches
        .insert(seconds_ago(90_000), 9);
    let mut policy = policy(10, 0);
    policy.launches_per_hour_max = 10;
    let plan = plan(&world, &policy);
    assert_eq!(plan.pools[&pool("linux")].balance.launched, 1);
}

fn refused(world: World, retry_in: u64) -> World {
    let mut world = world;
    let refused = RefusedTermination {
        refusal: "OperationNotPermitted: i-1 may not be terminated".to_owned(),
        refusals: 2,
        retry_at: now().plus(Duration::from_secs(retry_in)),
    };
    let refusals = &mut world.snapshot.memory.refused_terminations;
    refusals.insert(MachineId::new("i-1"), refused);
    world
}

#[test]
fn refused_termination_waits_and_is_explained() {
    let old = LIFETIME.as_secs() + 60;
    let world = World::new().machine(machine("i-1", "linux", old));
    let world = world.machine(machine("i-2", "linux", old));
    let plan = plan(&refused(world.clone(), 90), &policy(10, 0));
    let sentence = explain::machine(&plan, &MachineId::new("i-1"), now());
    let sentence = sentence.expect("the machine is listed");
    assert!(
        sentence.contains("the cloud refuses: OperationNotPermitted"),
        "{sentence}"
    );
    assert!(
        sentence.contains("the next attempt is in 1 min 30 s"),
        "{sentence}"
    );
    assert!(matches!(
        verdict_of(&plan, "i-2"),
        MachineVerdict::End { .. }
    ));
    assert!(is_ended(&refused(world, 0), "i-1"));
}

/// Decides in one world, and lets the validator judge that plan in another.
fn judged(decided: &World, judged: &World) -> Vec<Violation> {
    let policy = policy(10, 0);
    let plan = decide(&decided.snapshot, &policy, now());
    check(&judged.snapshot, &policy, &plan, now())
}

#[test]
fn validator_finds_terminations_with_weak_evidence() {
    let one = missing(World::new(), "i-1", 120);
    assert_eq!(judged(&one, &one), []);
    let contradicted = one.clone().counts(|counts| counts.occupied = 1);
    let id = MachineId::new("i-1");
    assert_eq!(
        judged(&one, &contradicted),
        [Violation::Contradicted(id.clone())]
    );
    assert_eq!(
        judged(&one, &a_day_ahead(one.clone())),
        [Violation::Clock(id)]
    );
    let two = |seconds| missing(missing(World::new(), "i-1", seconds), "i-2", seconds);
    assert_eq!(judged(&two(300), &two(300)), []);
    let found = judged(&two(300), &two(299));
    assert_eq!(found, [Violation::Unconfirmed(pool("linux"), 2)]);
}
