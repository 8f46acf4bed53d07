//! Days and half hours, how often counts were reached, and what half hours bring.

use dayfly::forecast::calendar::{day, half_hour};
use dayfly::forecast::histogram::Histogram;
use dayfly::forecast::season::{Season, UNKNOWN};
use dayfly::model::time::Timestamp;

/// The fifth of January 1970 was a Monday, and the tenth a Saturday.
const MONDAY: u64 = 4;
const SATURDAY: u64 = 9;

fn at(day: u64, minute: u64) -> Timestamp {
    Timestamp::from_seconds(day * 86_400 + minute * 60)
}

#[test]
fn a_moment_stands_in_its_day_minute_and_half_hour() {
    let last = Timestamp::from_seconds(MONDAY * 86_400 + 86_399);
    assert_eq!(
        (day(last), last.minute_of_day(), half_hour(last)),
        (4, 1439, 47)
    );
    let next = Timestamp::from_seconds(MONDAY * 86_400 + 86_400);
    assert_eq!(
        (day(next), next.minute_of_day(), half_hour(next)),
        (5, 0, 0)
    );
    assert_eq!(half_hour(at(MONDAY, 95)), 3);
    assert_eq!(half_hour(at(SATURDAY, 95)), 51);
}

#[test]
fn a_count_whose_looks_have_all_faded_was_never_reached() {
    let mut histogram = Histogram::default();
    histogram.add(1, 1000);
    histogram.add(4, 1);
    assert_eq!(histogram.reached(0), 4);
    // Half of one is nothing.
    histogram.fade(500);
    assert_eq!((histogram.total(), histogram.reached(0)), (500, 1));
    let mut weightless = Histogram::default();
    weightless.add(5, 0);
    assert_eq!(weightless.reached(100), 0);
}

#[test]
fn the_newest_half_hour_counts_for_a_fifth() {
    let mut season = Season::default();
    season.add(100, at(MONDAY, 600));
    season.add(0, at(MONDAY, 630));
    season.add(50, at(MONDAY + 1, 600));
    season.add(0, at(MONDAY + 1, 630));
    season.add(0, at(MONDAY + 1, 660));
    // Four fifths of 100 and one of 50 are 90 jobs, and the half hour after it has none.
    assert_eq!(season.milli(at(MONDAY + 2, 600)), Some(45_000));
}

#[test]
fn the_first_half_hour_of_a_day_is_smoothed_with_the_last_one() {
    let mut season = Season::default();
    season.add(10, at(SATURDAY, 1410));
    season.add(20, at(SATURDAY + 1, 0));
    season.add(0, at(SATURDAY + 1, 30));
    season.add(0, at(SATURDAY + 1, 60));
    assert_eq!(
        season.milli(at(SATURDAY, 0)),
        Some(10_000),
        "10, 20 and none"
    );
    assert_eq!(season.milli(at(SATURDAY, 1410)), Some(15_000), "10 and 20");
    assert_eq!(season.milli(at(SATURDAY, 1380)), Some(10_000), "10 alone");
    assert_eq!(
        [at(MONDAY, 0), at(MONDAY, 1410)].map(|at| season.milli(at)),
        [None, None]
    );
}

#[test]
fn half_hours_that_bring_about_as_many_jobs_have_one_level() {
    let level = |jobs: u32| {
        let mut season = Season::default();
        season.add(jobs, at(MONDAY, 0));
        season.add(0, at(MONDAY, 30));
        season.level(at(MONDAY + 1, 0))
    };
    assert_eq!(
        [0, 1, 2, 3, 9, 10, 29, 30, 99, 100].map(level),
        [0, 2, 2, 3, 3, 4, 4, 5, 5, 6]
    );
    assert_eq!(Season::default().level(at(MONDAY, 0)), UNKNOWN);
}
