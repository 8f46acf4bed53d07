//! What ticks conclude from answers that are odd, contradictory or missing.

use std::collections::BTreeMap;

use dayfly::model::ending::EndedBy;
use dayfly::model::id::{MachineId, TemplateVersion};
use dayfly::model::job::{AgentReport, AgentState};
use dayfly::model::machine::{ConsoleMarks, Machine, Phase};
use dayfly::model::plan::WaitReason;
use dayfly::model::snapshot::BootRecord;
use dayfly::ports::{Clock, LaunchError};
use dayfly::scaler::Tick;

use super::doubles::World;
use crate::plan::world::{machine, now, pool};

pub(super) fn running(world: &World, ids: impl IntoIterator<Item = String>) {
    let report = AgentReport {
        state: AgentState::Running,
        connected_at: now(),
    };
    let mut agents = BTreeMap::new();
    for id in ids {
        let id = MachineId::new(id);
        let one = machine(id.as_str(), "linux", 600);
        world.machines.borrow_mut().insert(id.clone(), one);
        agents.insert(id, report);
    }
    let occupied = u32::try_from(agents.len()).expect("few agents");
    world.counted.set((0, occupied));
    *world.agents.borrow_mut() = Some(agents);
}

pub(super) fn ids(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("i-{number:02}"))
}

/// Lets every machine that lives end so.
fn end_all(world: &World, ended_by: &EndedBy, console: Option<ConsoleMarks>) {
    for machine in world.machines.borrow_mut().values_mut() {
        if machine.phase != Phase::Gone {
            machine.phase = Phase::Gone;
            machine.ended_by = Some(ended_by.clone());
            machine.console = console;
        }
    }
}

fn launched(tick: &Tick) -> u32 {
    tick.plan.pools[&pool("linux")].balance.launched
}

fn obstacle(tick: &Tick) -> Option<WaitReason> {
    tick.plan.pools[&pool("linux")].obstacle.clone()
}

fn boots(tick: &Tick) -> BootRecord {
    let boots = tick.snapshot.memory.boots.get(&pool("linux"));
    let record = boots.and_then(|boots| boots.get(&TemplateVersion::new("lt-1:7")));
    record.copied().unwrap_or_default()
}

#[tokio::test]
async fn clock_step_of_a_day_ends_no_machine() {
    let world = World::default();
    running(&world, ids(3));
    let mut scaler = world.scaler(20);
    scaler.tick().await;
    world.elapsed_seconds.set(86_400);
    world.clock_ahead_seconds.set(Some(86_400));
    let tick = scaler.tick().await;
    assert!(tick.plan.clock.is_some());
    assert!(world.ends.borrow().is_empty());
    // A day later the machines are that old by every clock.
    world.clock_ahead_seconds.set(Some(0));
    assert_eq!(scaler.tick().await.outcomes.len(), 3);
}

#[tokio::test]
async fn protected_machine_is_set_apart_and_asked_for_ever_more_rarely() {
    let world = World::default();
    running(&world, ids(10));
    let mut scaler = world.scaler(10);
    world.protected.borrow_mut().insert(MachineId::new("i-04"));
    world.elapsed_seconds.set(86_400);
    assert_eq!(scaler.tick().await.outcomes.len(), 10);
    assert_eq!(world.machines.borrow().len(), 1);
    let mut attempts = Vec::new();
    for second in 1..=600 {
        world.elapsed_seconds.set(86_400 + second);
        if !scaler.tick().await.outcomes.is_empty() {
            attempts.push(second);
        }
    }
    assert_eq!(attempts, [30, 90, 210, 450]);
    world.protected.borrow_mut().clear();
    world.elapsed_seconds.set(86_400 + 930);
    scaler.tick().await;
    assert!(world.machines.borrow().is_empty());
}

#[tokio::test]
async fn machines_that_the_cloud_ends_while_they_boot_open_the_breaker() {
    let world = World::default();
    world.queued.set(2);
    world.lists_at_once.set(true);
    *world.agents.borrow_mut() = None;
    let cloud = EndedBy::Cloud {
        word: "Client.InternalError".to_owned(),
    };
    let mut scaler = world.scaler(10);
    let mut count = 0;
    for second in 0..60 {
        world.elapsed_seconds.set(second);
        count += launched(&scaler.tick().await);
        end_all(&world, &cloud, None);
    }
    assert_eq!(count, 4, "two batches of two: the third failure opens it");
}

#[tokio::test]
async fn spot_reclaims_and_requests_say_nothing_of_boots() {
    for ended_by in [
        EndedBy::Request,
        EndedBy::SpotReclaim {
            word: "Server.SpotInstanceTermination".to_owned(),
        },
    ] {
        let world = World::default();
        world.queued.set(2);
        world.lists_at_once.set(true);
        *world.agents.borrow_mut() = None;
        let mut scaler = world.scaler(10);
        for second in 0..5 {
            world.elapsed_seconds.set(second);
            assert_eq!(launched(&scaler.tick().await), 2);
            end_all(&world, &ended_by, None);
        }
    }
}

#[tokio::test]
async fn machines_that_end_without_evidence_are_launched_one_at_a_time() {
    let world = World::default();
    world.queued.set(2);
    world.lists_at_once.set(true);
    *world.agents.borrow_mut() = None;
    let mut scaler = world.scaler(10);
    for expected in [2, 2, 1, 1, 1] {
        world.elapsed_seconds.set(world.elapsed_seconds.get() + 1);
        let tick = scaler.tick().await;
        assert_eq!(launched(&tick), expected);
        end_all(&world, &EndedBy::Itself, None);
    }
    world.elapsed_seconds.set(world.elapsed_seconds.get() + 1);
    let tick = scaler.tick().await;
    assert_eq!(
        obstacle(&tick),
        Some(WaitReason::BootsUnknown { unknown: 7 })
    );
    // It boots: none is launched with it. Its agent registers: all are launched.
    world.elapsed_seconds.set(world.elapsed_seconds.get() + 1);
    assert_eq!(launched(&scaler.tick().await), 0);
    world.counted.set((0, 1));
    world.elapsed_seconds.set(world.elapsed_seconds.get() + 1);
    let tick = scaler.tick().await;
    assert_eq!((launched(&tick), boots(&tick).unknown), (2, 0));
}

#[tokio::test]
async fn short_jobs_without_a_token_are_no_unknown_boots() {
    let world = World::default();
    world.lists_at_once.set(true);
    *world.agents.borrow_mut() = None;
    let mut scaler = world.scaler(10);
    // Each machine takes its job and is gone before the next tick.
    for second in 0..20 {
        world.elapsed_seconds.set(second * 60);
        world
            .first_job
            .set(u32::try_from(second).expect("small") * 2);
        world.queued.set(2);
        let tick = scaler.tick().await;
        assert_eq!((launched(&tick), boots(&tick).unknown), (2, 0));
        end_all(&world, &EndedBy::Itself, None);
    }
}

#[tokio::test]
async fn console_that_comes_later_settles_an_unknown_boot() {
    let world = World::default();
    let gone = |id: &str| Machine {
        phase: Phase::Gone,
        ended_by: Some(EndedBy::Itself),
        ..machine(id, "linux", 60)
    };
    let show = |id: &str, console| {
        let mut machines = world.machines.borrow_mut();
        machines
            .entry(MachineId::new(id))
            .and_modify(|machine| machine.console = console);
    };
    for id in ["i-1", "i-2", "i-3"] {
        world
            .machines
            .borrow_mut()
            .insert(MachineId::new(id), gone(id));
    }
    let mut scaler = world.scaler(10);
    let count = |tick: &Tick| (boots(tick).unknown, boots(tick).failures);
    assert_eq!(count(&scaler.tick().await), (3, 0));
    assert_eq!(count(&scaler.tick().await), (3, 0), "each is counted once");
    show("i-1", Some(ConsoleMarks::default()));
    assert_eq!(count(&scaler.tick().await), (2, 1));
    let refused = ConsoleMarks {
        refused_by_hub: true,
        ..ConsoleMarks::default()
    };
    show("i-2", Some(refused));
    assert_eq!(count(&scaler.tick().await), (1, 1));
    let registered = ConsoleMarks {
        registered: true,
        ..ConsoleMarks::default()
    };
    show("i-3", Some(registered));
    world.elapsed_seconds.set(1);
    assert_eq!(
        count(&scaler.tick().await),
        (0, 0),
        "a boot that succeeds closes it"
    );
}

#[tokio::test]
async fn quota_refusal_opens_no_breaker_and_limits_launches() {
    let world = World::default();
    running(&world, ids(4));
    world.queued.set(6);
    world.lists_at_once.set(true);
    let mut scaler = world.scaler(20);
    assert_eq!(launched(&scaler.tick().await), 6);
    let refused = ConsoleMarks {
        refused_by_hub: true,
        ..ConsoleMarks::default()
    };
    for machine in world.machines.borrow_mut().values_mut() {
        if !machine.id.as_str().starts_with("i-0") {
            machine.phase = Phase::Gone;
            machine.ended_by = Some(EndedBy::Itself);
            machine.console = Some(refused);
        }
    }
    world.elapsed_seconds.set(10);
    let refused_at = world.now();
    let tick = scaler.tick().await;
    assert_eq!((launched(&tick), boots(&tick).failures), (0, 0));
    let until = refused_at.plus(dayfly::plan::caps::QUOTA_RETRY);
    let reason = WaitReason::AgentQuota { agents: 4, until };
    assert_eq!(obstacle(&tick), Some(reason));
    // One of the four leaves: its slot is taken at once.
    world.machines.borrow_mut().remove(&MachineId::new("i-00"));
    running(&world, ids(4).skip(1));
    world.elapsed_seconds.set(20);
    assert_eq!(launched(&scaler.tick().await), 1);
}

#[tokio::test]
async fn quota_is_tried_again_and_forgotten_by_more_agents() {
    let world = World::default();
    running(&world, ids(2));
    world.queued.set(3);
    let refused = ConsoleMarks {
        refused_by_hub: true,
        ..ConsoleMarks::default()
    };
    let gone = Machine {
        phase: Phase::Gone,
        console: Some(refused),
        ..machine("i-99", "linux", 60)
    };
    world.machines.borrow_mut().insert(gone.id.clone(), gone);
    world.lists_at_once.set(true);
    let mut scaler = world.scaler(20);
    assert_eq!(launched(&scaler.tick().await), 0);
    world.elapsed_seconds.set(299);
    assert_eq!(launched(&scaler.tick().await), 0);
    world.elapsed_seconds.set(300);
    assert_eq!(launched(&scaler.tick().await), 1, "one is tried");
    world.elapsed_seconds.set(301);
    assert_eq!(
        launched(&scaler.tick().await),
        0,
        "and no second one beside it"
    );
    // It registers, so that the quota has been raised.
    running(&world, ids(3));
    world
        .machines
        .borrow_mut()
        .retain(|id, _| id.as_str().starts_with("i-0"));
    world.elapsed_seconds.set(310);
    assert_eq!(launched(&scaler.tick().await), 3);
}

#[tokio::test]
async fn backoff_of_a_clock_ahead_ends_when_the_clock_is_set_back() {
    let world = World::default();
    world.queued.set(2);
    world.lists_at_once.set(true);
    world.elapsed_seconds.set(86_400);
    *world.refusal.borrow_mut() = Some(LaunchError::Refused {
        reason: "no such image".into(),
    });
    let mut scaler = world.scaler(10);
    scaler.tick().await;
    *world.refusal.borrow_mut() = None;
    world.elapsed_seconds.set(10);
    assert_eq!(launched(&scaler.tick().await), 0, "it was refused just now");
    world.elapsed_seconds.set(310);
    assert_eq!(launched(&scaler.tick().await), 2);
}

#[tokio::test]
async fn launches_of_a_clock_ahead_count_for_an_hour_only() {
    let world = World::default();
    world.queued.set(2);
    world.elapsed_seconds.set(86_400);
    let mut scaler = world.scaler(10);
    assert_eq!(launched(&scaler.tick().await), 2);
    world.elapsed_seconds.set(0);
    let tick = scaler.tick().await;
    assert_eq!(tick.snapshot.memory.launches.values().sum::<u32>(), 2);
    world.elapsed_seconds.set(3600);
    let tick = scaler.tick().await;
    assert!(tick.snapshot.memory.launches.is_empty());
}
