//! The loop in virtual time: its pace, what hastens it, and how it stops.

use std::time::Duration;

use dayfly::scaler::{Pace, run};
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::Instant;

use super::doubles::World;

const PACE: Pace = Pace {
    interval: Duration::from_secs(10),
    spacing: Duration::from_secs(1),
};

/// Runs until that many ticks were seen and gives the second of each; `on_tick` may hasten.
async fn ticks(world: &World, count: usize, on_tick: impl Fn(usize, &Notify)) -> Vec<u64> {
    let hasten = Notify::new();
    let (stop, stopped) = oneshot::channel::<()>();
    let (start, mut stop) = (Instant::now(), Some(stop));
    let mut seconds = Vec::new();
    let mut scaler = world.scaler(10);
    let stopped = async { stopped.await.unwrap_or(()) };
    let (_change, policy) = watch::channel(scaler.policy().clone());
    run(&mut scaler, PACE, &hasten, policy, stopped, |_| {
        seconds.push(start.elapsed().as_secs());
        on_tick(seconds.len(), &hasten);
        if seconds.len() == count {
            stop.take();
        }
    })
    .await;
    seconds
}

#[tokio::test(start_paused = true)]
async fn it_ticks_at_its_interval_while_nothing_happens() {
    assert_eq!(ticks(&World::default(), 3, |_, _| {}).await, [0, 10, 20]);
}

#[tokio::test(start_paused = true)]
async fn events_only_hasten_a_tick_and_a_burst_of_them_is_one() {
    let burst = |tick, hasten: &Notify| {
        if tick == 1 {
            (0..5).for_each(|_| hasten.notify_one());
        }
    };
    assert_eq!(ticks(&World::default(), 3, burst).await, [0, 1, 11]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_the_loop_after_the_tick_that_is_under_way() {
    let world = World::default();
    world.queued.set(2);
    assert_eq!(ticks(&world, 1, |_, _| {}).await, [0]);
    assert_eq!(
        world.orders.borrow().len(),
        1,
        "the tick was carried out whole"
    );
}

#[tokio::test(start_paused = true)]
async fn a_silent_hub_launches_nothing_and_is_asked_again() {
    let world = World::default();
    world.queued.set(2);
    world.hub_is_silent.set(true);
    assert_eq!(
        ticks(&world, 2, |tick, _| world.hub_is_silent.set(tick < 1))
            .await
            .len(),
        2
    );
    assert_eq!(world.looks.get(), 2);
    assert_eq!(
        world.orders.borrow().len(),
        1,
        "only the tick with an answer launched"
    );
}

#[tokio::test(start_paused = true)]
async fn a_changed_policy_holds_from_the_next_tick_on() {
    let world = World::default();
    world.queued.set(3);
    let mut scaler = world.scaler(0);
    let (change, policy) = watch::channel(scaler.policy().clone());
    let (stop, stopped) = oneshot::channel::<()>();
    let (mut stop, mut launched) = (Some(stop), Vec::new());
    let stopped = async { stopped.await.unwrap_or(()) };
    run(&mut scaler, PACE, &Notify::new(), policy, stopped, |tick| {
        launched.push(tick.outcomes.len());
        change.send_replace(crate::plan::world::policy(10, 0));
        if launched.len() == 2 {
            stop.take();
        }
    })
    .await;
    assert_eq!(
        launched,
        [0, 1],
        "drained first, then three machines in one order"
    );
}
