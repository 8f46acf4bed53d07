//! What a tick remembers, and that it keeps the next one from doing something twice.

use dayfly::model::id::{MachineId, TemplateVersion};
use dayfly::model::machine::{ConsoleMarks, Machine, Phase};
use dayfly::ports::LaunchError;
use dayfly::scaler::apply::Outcome;

use super::doubles::World;
use crate::plan::world::{machine, pool};

#[tokio::test]
async fn a_cloud_that_lags_behind_does_not_get_the_same_launch_twice() {
    let world = World::default();
    world.queued.set(3);
    let mut scaler = world.scaler(10);
    assert_eq!(scaler.tick().await.outcomes.len(), 1);
    world.elapsed_seconds.set(60);
    assert_eq!(scaler.tick().await.outcomes.len(), 0);
    // Given up after five minutes: what the cloud never showed is launched anew.
    world.elapsed_seconds.set(400);
    assert_eq!(scaler.tick().await.outcomes.len(), 1);
}

#[tokio::test]
async fn a_process_that_forgot_its_launch_repeats_it_with_the_same_token() {
    let world = World::default();
    world.queued.set(3);
    world.scaler(10).tick().await;
    world.elapsed_seconds.set(5);
    world.scaler(10).tick().await;
    let orders = world.orders.borrow();
    assert_eq!(orders.len(), 2);
    assert_eq!(orders[0].token, orders[1].token);
}

#[tokio::test]
async fn a_refused_configuration_stops_the_pool_instead_of_storming_the_cloud() {
    let world = World::default();
    world.queued.set(3);
    *world.refusal.borrow_mut() = Some(LaunchError::Refused {
        reason: "no such image".into(),
    });
    let mut scaler = world.scaler(10);
    scaler.tick().await;
    world.elapsed_seconds.set(60);
    assert!(scaler.tick().await.outcomes.is_empty());
    // It is asked again after a pause, so that a repaired template needs no restart.
    world.elapsed_seconds.set(301);
    *world.refusal.borrow_mut() = None;
    assert!(matches!(
        scaler.tick().await.outcomes[..],
        [Outcome::Launched { .. }]
    ));
}

#[tokio::test]
async fn boots_that_fail_are_counted_once_each_and_stop_the_launches() {
    let world = World::default();
    world.queued.set(1);
    let mut scaler = world.scaler(10);
    for index in 0..3 {
        let dead = Machine {
            phase: Phase::Gone,
            impaired: false,
            ended_by: None,
            console: Some(ConsoleMarks::default()),
            ..machine(&format!("i-{index}"), "linux", 60)
        };
        world.machines.borrow_mut().insert(dead.id.clone(), dead);
    }
    let tick = scaler.tick().await;
    assert!(tick.outcomes.is_empty(), "the breaker is open");
    let boots = &tick.snapshot.memory.boots[&pool("linux")][&TemplateVersion::new("lt-1:7")];
    assert_eq!(boots.failures, 3);
    let again = scaler.tick().await;
    let boots = &again.snapshot.memory.boots[&pool("linux")][&TemplateVersion::new("lt-1:7")];
    assert_eq!(
        boots.failures, 3,
        "a machine that is listed for an hour fails once"
    );
}

#[tokio::test]
async fn a_machine_past_its_boot_limit_is_ended_and_counts_as_a_failed_boot() {
    let world = World::default();
    world
        .machines
        .borrow_mut()
        .insert(MachineId::new("i-1"), machine("i-1", "linux", 400));
    let mut scaler = world.scaler(10);
    for _ in 0..2 {
        let tick = scaler.tick().await;
        assert!(tick.outcomes.is_empty(), "too few answers");
    }
    let tick = scaler.tick().await;
    assert!(matches!(tick.outcomes[..], [Outcome::Ended { .. }]));
    let next = scaler.tick().await;
    let boots = &next.snapshot.memory.boots[&pool("linux")][&TemplateVersion::new("lt-1:7")];
    assert_eq!(boots.failures, 1);
}

#[tokio::test]
async fn launches_are_remembered_for_an_hour() {
    let world = World::default();
    world.queued.set(3);
    let mut scaler = world.scaler(10);
    scaler.tick().await;
    world.queued.set(0);
    world.elapsed_seconds.set(3599);
    let launches = |tick: dayfly::scaler::Tick| tick.snapshot.memory.launches.clone();
    assert_eq!(launches(scaler.tick().await).values().sum::<u32>(), 3);
    world.elapsed_seconds.set(3600);
    assert!(launches(scaler.tick().await).is_empty());
}
