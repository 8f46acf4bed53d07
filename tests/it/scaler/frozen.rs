//! A process that is frozen between two answers, as functions are, and goes on much later.

use dayfly::model::id::MachineId;

use crate::plan::world::machine;

use super::doubles::World;

/// Whether a machine that has booted for a minute is left after a tick in which the process was
/// frozen for so long, between the hub's answers and the cloud's.
async fn lives(frozen_seconds: u64, ticks: usize) -> bool {
    let world = World::default();
    let booting = machine("i-1", "linux", 60);
    world
        .machines
        .borrow_mut()
        .insert(booting.id.clone(), booting);
    world.frozen_seconds.set(frozen_seconds);
    let mut scaler = world.scaler(10);
    for _ in 0..ticks {
        let tick = scaler.tick().await;
        assert!(tick.violations.is_empty(), "{:?}", tick.violations);
    }
    let machines = world.machines.borrow();
    machines.contains_key(&MachineId::new("i-1"))
}

#[tokio::test]
async fn who_had_not_registered_before_the_process_was_frozen_may_have_since() {
    assert!(lives(0, 2).await);
    // Its boot limit was over when the process went on; it was not when the hub was asked.
    assert!(lives(1000, 1).await);
    // The hub does not know it now either.
    assert!(!lives(1000, 2).await);
}
