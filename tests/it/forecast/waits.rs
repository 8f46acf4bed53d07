//! How long jobs waited, by counts.

use std::time::Duration;

use dayfly::forecast::waits::{Taken, Waits};
use dayfly::model::time::Timestamp;

fn at(second: u64) -> Timestamp {
    Timestamp::from_seconds(100 * 86_400 + second)
}

/// So many jobs that have waited for so many seconds, by looks so many seconds apart.
fn taken(jobs: u32, seconds: u64, within: u64) -> Taken {
    let [waited, within] = [seconds, within].map(Duration::from_secs);
    Taken {
        waited,
        within,
        jobs,
    }
}

/// One who has looked a moment ago, and nobody waited.
fn watching() -> Waits {
    let mut waits = Waits::default();
    assert_eq!(waits.see(0, 0, at(0)), []);
    waits
}

#[test]
fn the_oldest_job_is_taken_first() {
    let mut waits = watching();
    assert_eq!(waits.see(2, 2, at(5)), []);
    assert_eq!(waits.see(1, 3, at(10)), []);
    assert_eq!(waits.see(0, 2, at(12)), [taken(1, 7, 2)]);
    assert_eq!(waits.see(0, 0, at(20)), [taken(1, 15, 8), taken(1, 10, 8)]);
    assert_eq!(waits.see(0, 0, at(25)), []);
}

#[test]
fn who_came_and_was_taken_between_two_looks_has_hardly_waited() {
    let mut waits = watching();
    assert_eq!(waits.see(3, 0, at(5)), [taken(3, 0, 5)]);
    // One of these was there before, and is the one that was taken.
    assert_eq!(waits.see(1, 1, at(10)), []);
    assert_eq!(waits.see(2, 2, at(15)), [taken(1, 5, 5)]);
}

#[test]
fn who_waits_and_was_not_seen_to_come_came_now() {
    let mut waits = watching();
    assert_eq!(waits.see(1, 4, at(5)), []);
    assert_eq!(waits.see(0, 6, at(10)), []);
    assert_eq!(
        waits.see(0, 1, at(20)),
        [taken(4, 15, 10), taken(1, 10, 10)]
    );
}

#[test]
fn of_what_happened_in_a_silence_nothing_is_said() {
    let mut waits = watching();
    assert_eq!(waits.see(5, 5, at(60)), [], "a minute is none");
    assert_eq!(waits.see(0, 4, at(120)), [taken(1, 60, 60)]);
    assert_eq!(waits.see(9, 7, at(181)), []);
    assert_eq!(waits.see(0, 0, at(191)), [taken(7, 10, 10)]);
}

#[test]
fn a_queue_that_grows_for_hours_is_remembered_in_a_thousand_looks() {
    let mut waits = watching();
    for second in 1..=1500_u32 {
        assert_eq!(waits.see(1, second, at(second.into())), []);
    }
    let told = waits.see(0, 0, at(1501));
    assert_eq!(told.len(), 1000);
    assert_eq!(told[0], taken(1, 1500, 1));
    // The last 501 came with the thousandth look, as far as anybody remembers.
    assert_eq!(told[999], taken(501, 501, 1));
}
