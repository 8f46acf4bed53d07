//! Machine time that no job used.

use dayfly::forecast::overhead::Overhead;
use dayfly::model::time::Timestamp;

fn minute(minute: u64) -> Timestamp {
    Timestamp::from_seconds(100 * 86_400 + minute * 60)
}

/// So many minutes of one running machine, and then of one that is spare.
fn spent(used: u64, spare: u64) -> Overhead {
    let mut overhead = Overhead::default();
    overhead.add(0, 0, minute(0));
    (1..=used).for_each(|at| overhead.add(1, 0, minute(at)));
    (used + 1..=used + spare).for_each(|at| overhead.add(0, 1, minute(at)));
    overhead
}

#[test]
fn every_machine_counts_for_as_long_as_it_was_there() {
    let mut overhead = Overhead::default();
    overhead.add(7, 7, minute(0));
    overhead.add(2, 3, Timestamp::from_millis(minute(0).as_millis() + 10_000));
    assert_eq!(overhead.percent(), 150);
    overhead.add(1, 0, Timestamp::from_millis(minute(0).as_millis() + 20_000));
    assert_eq!(overhead.percent(), 100);
}

#[test]
fn a_day_is_exhausted_at_its_share_and_the_allowance_to_the_minute() {
    // Half of a hundred minutes, and half an hour.
    assert!(!spent(100, 79).is_exhausted(50));
    assert!(spent(100, 80).is_exhausted(50));
    assert!(!spent(100, 129).is_exhausted(100));
    assert!(spent(100, 130).is_exhausted(100));
    assert!(!spent(0, 29).is_exhausted(100));
    assert!(spent(0, 30).is_exhausted(100));
}

#[test]
fn an_hour_counts_until_the_same_hour_of_the_next_day() {
    let mut overhead = spent(10, 5);
    overhead.add(0, 0, minute(23 * 60 + 59));
    assert_eq!(overhead.percent(), 50);
    overhead.add(0, 0, minute(24 * 60));
    assert_eq!(overhead.percent(), 0);
}

#[test]
fn every_hour_is_forgotten_by_itself() {
    // Ten minutes of the first hour were used. In the second as many were, and as many were spare.
    let mut overhead = spent(10, 0);
    overhead.add(0, 0, minute(79));
    (80..90).for_each(|at| overhead.add(1, 1, minute(at)));
    assert_eq!(overhead.percent(), 50);
    overhead.add(0, 0, minute(24 * 60));
    assert_eq!(overhead.percent(), 100);
    overhead.add(0, 0, minute(25 * 60));
    assert_eq!(overhead.percent(), 0);
}

#[test]
fn hours_that_lie_ahead_of_a_clock_that_jumped_back_are_forgotten() {
    let mut overhead = Overhead::default();
    overhead.add(0, 0, minute(600));
    overhead.add(1, 1, minute(601));
    assert_eq!(overhead.percent(), 100);
    overhead.add(0, 0, minute(300));
    assert_eq!(overhead.percent(), 0);
    overhead.add(2, 1, minute(301));
    assert_eq!(overhead.percent(), 50);
}

#[test]
fn a_file_that_tells_of_little_is_believed_as_it_is() {
    let mut overhead = spent(10, 29);
    overhead.doubt();
    assert!(!overhead.is_exhausted(0));
    assert_eq!(overhead.percent(), 290);
    // Of two hours and one that was spare, an hour and half of one stay.
    let mut overhead = spent(120, 60);
    overhead.doubt();
    assert_eq!(overhead.percent(), 50);
    assert!(!overhead.is_exhausted(1));
    assert!(overhead.is_exhausted(0));
}
