//! What ticks conclude from an agent list that lacks agents.

use std::collections::BTreeMap;

use dayfly::model::id::MachineId;
use dayfly::model::machine::{ConsoleMarks, Machine};

use super::doubles::World;
use super::evidence::{ids, running};
use crate::plan::world::machine;

#[tokio::test]
async fn agents_missing_from_the_list_for_an_hour_end_nothing_if_counted() {
    let world = World::default();
    running(&world, ids(10));
    let mut scaler = world.scaler(20);
    scaler.tick().await;
    *world.agents.borrow_mut() = Some(BTreeMap::new());
    for _ in 0..60 {
        world.elapsed_seconds.set(world.elapsed_seconds.get() + 60);
        let tick = scaler.tick().await;
        assert!(tick.violations.is_empty() && tick.outcomes.is_empty());
    }
    assert!(world.ends.borrow().is_empty());
}

#[tokio::test]
async fn list_and_counts_that_are_both_empty_must_last_five_minutes() {
    let world = World::default();
    running(&world, ids(10));
    let mut scaler = world.scaler(20);
    scaler.tick().await;
    running(&world, ids(0));
    for seconds in [10, 100, 300] {
        world.elapsed_seconds.set(seconds);
        assert!(scaler.tick().await.outcomes.is_empty(), "after {seconds} s");
    }
    world.elapsed_seconds.set(311);
    assert_eq!(scaler.tick().await.outcomes.len(), 10);
}

/// Between two answers that are wrong the hub fails for minutes, so that no true one comes.
#[tokio::test]
async fn wrong_answers_with_failures_in_between_prove_no_absence() {
    for (count, gap) in [(1, 62), (6, 301)] {
        let world = World::default();
        running(&world, ids(count));
        let mut scaler = world.scaler(20);
        scaler.tick().await;
        running(&world, ids(0));
        for second in 0..=4 * gap {
            world.elapsed_seconds.set(second);
            world.hub_is_dead.set(second % gap != 0);
            let tick = scaler.tick().await;
            assert!(
                tick.outcomes.is_empty(),
                "{count} machines, second {second}"
            );
        }
    }
}

/// A row of an agent that has left is counted for as long as its name is held.
#[tokio::test]
async fn dead_row_in_the_counts_keeps_one_machine_that_never_registered() {
    let world = World::default();
    *world.agents.borrow_mut() = Some(BTreeMap::new());
    world.counted.set((0, 1));
    for id in ids(10) {
        let one = Machine {
            console: Some(ConsoleMarks::default()),
            ..machine(&id, "linux", 10)
        };
        world.machines.borrow_mut().insert(MachineId::new(id), one);
    }
    let mut scaler = world.scaler(20);
    for second in (0..=900).step_by(10) {
        world.elapsed_seconds.set(second);
        let tick = scaler.tick().await;
        assert!(tick.violations.is_empty(), "{:?}", tick.violations);
    }
    assert_eq!(world.machines.borrow().len(), 1);
}
