//! What becomes of machines in named worlds, each with the one thing that must be right in it.

use std::time::Duration;

use dayfly::model::id::MachineId;
use dayfly::model::job::{AgentState, QueueCounts};
use dayfly::model::machine::{ConsoleMarks, Machine, Phase};
use dayfly::model::plan::{EndReason, KeepReason, MachineVerdict, UndecidedReason};
use dayfly::model::pool::Policy;
use dayfly::model::snapshot::Sighting;

use super::decided::{launched, plan};
use super::world::{BOOT_LIMIT, LIFETIME, World, machine, now, policy, pool, seconds_ago};

fn verdict(world: &World, id: &str) -> MachineVerdict {
    plan(world, &policy(10, 0)).pools[&pool("linux")].machines[&MachineId::new(id)].clone()
}

#[test]
fn a_machine_that_never_registers_is_ended_after_its_boot_limit_and_a_grace() {
    let aged = |age| World::new().machine(machine("i-1", "linux", age));
    let until = seconds_ago(299).plus(BOOT_LIMIT);
    let booting = MachineVerdict::Keep {
        reason: KeepReason::Booting { until },
    };
    assert_eq!(verdict(&aged(299), "i-1"), booting);
    let until = seconds_ago(301).plus(Duration::from_secs(360));
    let closing = MachineVerdict::Keep {
        reason: KeepReason::Closing { until },
    };
    assert_eq!(verdict(&aged(301), "i-1"), closing);
    let ended = MachineVerdict::End {
        reason: EndReason::BootLimit { limit: BOOT_LIMIT },
    };
    assert_eq!(verdict(&aged(361), "i-1"), ended);
}

#[test]
fn a_machine_whose_agent_left_gets_a_minute_to_power_itself_off() {
    let left = |ago| {
        let sighting = Sighting {
            registered_at: Some(seconds_ago(100)),
            absent_answers: 3,
            missing_since: Some(seconds_ago(ago)),
            ..Sighting::default()
        };
        World::new()
            .machine(machine("i-1", "linux", 120))
            .sighting("i-1", sighting)
    };
    let until = seconds_ago(30).plus(Duration::from_secs(60));
    let closing = MachineVerdict::Keep {
        reason: KeepReason::Closing { until },
    };
    assert_eq!(verdict(&left(30), "i-1"), closing);
    let since = seconds_ago(61);
    let ended = MachineVerdict::End {
        reason: EndReason::AgentLeft { since },
    };
    assert_eq!(verdict(&left(61), "i-1"), ended);
}

#[test]
fn an_agent_whose_console_said_registered_and_that_the_hub_does_not_list_has_left() {
    let console = Some(ConsoleMarks {
        registered: true,
        log_closed: false,
        ..ConsoleMarks::default()
    });
    let quick = Machine {
        console,
        ..machine("i-1", "linux", 20)
    };
    let until = now().plus(Duration::from_secs(60));
    let closing = MachineVerdict::Keep {
        reason: KeepReason::Closing { until },
    };
    assert_eq!(verdict(&World::new().machine(quick), "i-1"), closing);
}

#[test]
fn work_is_ended_by_its_lifetime_alone_and_a_held_machine_by_nothing() {
    let old = machine("i-1", "linux", LIFETIME.as_secs() + 1);
    let at_work = World::new()
        .machine(old.clone())
        .agent("i-1", AgentState::Running);
    let ended = MachineVerdict::End {
        reason: EndReason::Lifetime { limit: LIFETIME },
    };
    assert_eq!(verdict(&at_work, "i-1"), ended);
    let held = World::new().machine(Machine { held: true, ..old });
    assert_eq!(
        verdict(&held, "i-1"),
        MachineVerdict::Keep {
            reason: KeepReason::Held
        }
    );
}

#[test]
fn without_an_api_token_counts_bound_the_supply_and_single_out_nobody() {
    // Given three machines, of which the hub counts one idle and one occupied agent.
    let mut world = World::new()
        .queued(2)
        .booting("i-1")
        .booting("i-2")
        .booting("i-3");
    world.view().agents = None;
    let counts = QueueCounts {
        queued: 2,
        running: 1,
        idle: 1,
        occupied: 1,
    };
    let world = world.counts(|it| *it = counts);
    let balance = plan(&world, &policy(10, 0)).pools[&pool("linux")].balance;
    assert_eq!(
        (balance.booting, balance.waiting, balance.running),
        (Some(1), Some(1), Some(1))
    );
    assert_eq!(balance.missing, Some(0));
    // Rows of dead agents make no more agents than there are machines.
    let world = world.counts(|it| it.idle = 40);
    let balance = plan(&world, &policy(10, 0)).pools[&pool("linux")].balance;
    assert_eq!(
        (balance.booting, balance.waiting, balance.running),
        (Some(0), Some(3), Some(0))
    );
}

#[test]
fn without_an_api_token_an_agent_that_is_counted_is_that_of_the_older_machine() {
    // One machine boots, and of another only its age tells that it may have registered.
    let older = machine("i-2", "linux", 1000);
    let mut world = World::new().queued(2).booting("i-1").machine(older);
    world.view().agents = None;
    let counted = |idle, occupied| {
        let world = world.clone().counts(|it| {
            (it.idle, it.occupied) = (idle, occupied);
        });
        let balance = plan(&world, &policy(10, 0)).pools[&pool("linux")].balance;
        let agents = [balance.booting, balance.waiting, balance.running];
        (agents.map(Option::unwrap), balance.missing)
    };
    assert_eq!(counted(1, 0), ([1, 1, 0], Some(0)));
    assert_eq!(counted(0, 1), ([1, 0, 1], Some(1)));
    assert_eq!(counted(0, 0), ([1, 0, 0], Some(1)));
}

#[test]
fn a_machine_that_no_source_explains_is_left_to_its_own_timers() {
    let mut world = World::new().machine(machine("i-1", "linux", 1000));
    world.view().agents = None;
    let undecided = MachineVerdict::Undecided {
        reason: UndecidedReason::AgentUnknown,
    };
    assert_eq!(verdict(&world, "i-1"), undecided);
    // Its console explains it: no agent ever came.
    let console = Some(ConsoleMarks::default());
    let silent = Machine {
        console,
        ..machine("i-1", "linux", 1000)
    };
    let ended = MachineVerdict::End {
        reason: EndReason::BootLimit { limit: BOOT_LIMIT },
    };
    assert_eq!(verdict(&world.clone().machine(silent), "i-1"), ended);
    let console = Some(ConsoleMarks {
        registered: true,
        log_closed: false,
        ..ConsoleMarks::default()
    });
    let at_work = Machine {
        console,
        ..machine("i-1", "linux", 1000)
    };
    let kept = MachineVerdict::Keep {
        reason: KeepReason::Registered,
    };
    assert_eq!(verdict(&world.machine(at_work), "i-1"), kept);
}

#[test]
fn a_machine_of_a_removed_pool_counts_against_the_caps_and_lives_out_its_life() {
    let world = World::new()
        .queued(1)
        .machine(machine("i-9", "removed", 100));
    let one = Policy {
        machines_max: 1,
        ..policy(10, 0)
    };
    let plan = plan(&world, &one);
    let undecided = MachineVerdict::Undecided {
        reason: UndecidedReason::PoolUnknown,
    };
    assert_eq!(plan.strays[&MachineId::new("i-9")], undecided);
    assert_eq!(plan.pools[&pool("linux")].launch, None);
}

#[test]
fn machines_that_are_ending_count_until_they_are_gone() {
    let stopping = Machine {
        phase: Phase::Stopping,
        ..machine("i-1", "linux", 100)
    };
    let world = World::new().queued(3).machine(stopping.clone());
    assert_eq!(launched(&world, &policy(2, 0)).0, 1);
    let gone = Machine {
        phase: Phase::Gone,
        ..stopping
    };
    assert_eq!(
        launched(&World::new().queued(3).machine(gone), &policy(2, 0)).0,
        2
    );
}
