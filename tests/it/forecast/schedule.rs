//! Minutes at which jobs come every time: what is regular enough to be expected.

use std::collections::BTreeMap;
use std::time::Duration;

use dayfly::forecast::schedule::Schedule;
use dayfly::model::time::Timestamp;

/// A Monday; the day on which the watching begins does not count, because it may be a part of one.
const MONDAY: u64 = 4;
const MINUTE: u64 = 120;

fn at(day: u64, minute: u64) -> Timestamp {
    Timestamp::from_seconds(day * 86_400 + minute * 60)
}

/// Weekdays from a Tuesday on.
fn weekdays(count: usize) -> Vec<u64> {
    (MONDAY + 1..)
        .filter(|day| (day + 3) % 7 < 5)
        .take(count)
        .collect()
}

/// A schedule that has watched one day for each of these, with so many jobs at each minute.
fn watched(days: &[BTreeMap<u64, u32>]) -> (Schedule, u64) {
    let mut schedule = Schedule::default();
    schedule.add(0, at(MONDAY, 0));
    let dates = weekdays(days.len() + 1);
    for (date, counts) in dates.iter().zip(days) {
        schedule.add(0, at(*date, 0));
        for (minute, count) in counts {
            schedule.add(*count, at(*date, *minute));
        }
    }
    let next = dates[days.len()];
    schedule.add(0, at(next, 0));
    (schedule, next)
}

/// What is expected at a minute after days with so many jobs at it.
fn expected_at(minute: u64, days: &[BTreeMap<u64, u32>]) -> u32 {
    let (schedule, next) = watched(days);
    schedule.due(at(next, minute), Duration::ZERO)
}

fn expected(counts: &[u32]) -> u32 {
    let days: Vec<BTreeMap<u64, u32>> = counts
        .iter()
        .map(|count| BTreeMap::from([(MINUTE, *count)]))
        .collect();
    expected_at(MINUTE, &days)
}

#[test]
fn three_days_make_a_pattern_and_two_do_not() {
    assert_eq!(expected(&[40, 40]), 0);
    assert_eq!(expected(&[40, 40, 40]), 40);
}

#[test]
fn three_jobs_are_worth_expecting_and_two_are_left_to_chance() {
    assert_eq!(expected(&[3, 3, 3]), 3);
    assert_eq!(expected(&[2, 2, 2]), 0);
}

#[test]
fn the_leanest_day_brings_at_least_six_tenths_of_the_median() {
    assert_eq!(expected(&[24, 40, 40]), 40);
    assert_eq!(expected(&[23, 40, 40]), 0);
}

#[test]
fn of_five_days_or_more_one_in_five_may_fail() {
    assert_eq!(expected(&[1, 40, 40, 40]), 0);
    assert_eq!(expected(&[60, 1, 30, 50, 40]), 40);
    assert_eq!(expected(&[60, 1, 30, 60, 50, 40]), 50);
    assert_eq!(expected(&[60, 1, 1, 60, 50, 40]), 0);
    // Nothing at all came on the third day, and the last day tells of which minutes to look.
    assert_eq!(expected(&[60, 30, 0, 50, 40]), 40);
}

/// Three days with forty jobs at the minute, and so many at another one.
fn beside(minute: u64, other: u64, count: u32) -> u32 {
    let day = BTreeMap::from([(minute, 40), (other, count)]);
    expected_at(minute, &[day.clone(), day.clone(), day])
}

#[test]
fn a_minute_stands_out_of_the_three_before_and_the_three_after_it() {
    let neighbors = [117, 118, 119, 121, 122, 123];
    assert_eq!(neighbors.map(|other| beside(MINUTE, other, 80)), [0; 6]);
    assert_eq!([116, 124].map(|other| beside(MINUTE, other, 80)), [40; 2]);
    // The day is a circle.
    assert_eq!([1437, 3].map(|other| beside(0, other, 80)), [0; 2]);
    assert_eq!([1436, 4].map(|other| beside(0, other, 80)), [40; 2]);
}

#[test]
fn standing_out_is_three_times_the_mean_of_the_neighbors_and_two_more() {
    // Six neighbors with 76 jobs together: three times 12⅔, and two, are the forty.
    assert_eq!(beside(MINUTE, 119, 76), 40);
    assert_eq!(beside(MINUTE, 119, 77), 0);
}

#[test]
fn twenty_one_days_are_remembered() {
    let days = vec![BTreeMap::from([(MINUTE, 40)]); 30];
    let (schedule, _) = watched(&days);
    let written = serde_json::to_value(&schedule).expect("JSON");
    assert_eq!(written["days"].as_array().map(Vec::len), Some(21));
}

#[test]
fn what_is_due_soon_is_what_has_not_come_and_what_begins_before_the_end() {
    let day = BTreeMap::from([(120, 40), (126, 9)]);
    let (mut schedule, next) = watched(&[day.clone(), day.clone(), day]);
    let moment = |minute: u64, second: u64| at(next, minute).plus(Duration::from_secs(second));
    let due = |schedule: &Schedule, now, ahead| schedule.due(now, Duration::from_secs(ahead));
    assert_eq!(due(&schedule, moment(119, 30), 29), 0);
    assert_eq!(due(&schedule, moment(119, 30), 30), 40);
    assert_eq!(due(&schedule, moment(119, 30), 389), 40);
    assert_eq!(due(&schedule, moment(119, 30), 390), 49);
    assert_eq!(due(&schedule, moment(120, 59), 0), 40);
    assert_eq!(schedule.add(30, moment(120, 59)), 30);
    assert_eq!(due(&schedule, moment(120, 59), 0), 10);
    assert_eq!(due(&schedule, moment(121, 0), 0), 0);
    // More come than were expected: the rest is a surprise.
    assert_eq!(schedule.add(11, moment(126, 1)), 9);
    assert_eq!(schedule.add(5, moment(126, 2)), 0);
}
