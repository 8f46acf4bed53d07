//! What waiting has to be worth where a wait is wanted.

use std::time::Duration;

use dayfly::forecast::worth::{Search, WORTHS};
use dayfly::model::outlook::WantedWait;
use dayfly::model::pool::Speed;
use dayfly::model::time::Timestamp;

const DAY: u64 = 86_400;

fn at(second: u64) -> Timestamp {
    Timestamp::from_seconds(100 * DAY + second)
}

fn p95(seconds: u64) -> Speed {
    Speed::WaitP95(Duration::from_secs(seconds))
}

/// Jobs of which each waits for so many seconds, one after the other. Each is seen at once, and so
/// is its being taken.
fn jobs(search: &mut Search, count: u64, seconds: u64, from: u64) {
    for job in 0..count {
        let came = from + job * 200;
        search.see(0, 0, at(came));
        search.see(1, 1, at(came));
        for looked in (0..=seconds).step_by(2) {
            search.see(0, 1, at(came + looked));
        }
        search.see(0, 0, at(came + seconds));
    }
}

/// The worths of so many days, of which each brings so many jobs that all wait as that worth lets
/// them.
fn worths(speed: Speed, days: u64, count: u64, wait: fn(u32) -> u64) -> Vec<u32> {
    let mut search = Search::default();
    let mut tried = Vec::new();
    for day in 0..days {
        let worth = search.worth(speed, at(day * DAY));
        jobs(&mut search, count, wait(worth), day * DAY);
        tried.push(worth);
    }
    tried
}

/// As boots of forty seconds have it, of which the dearer worths take more and more away.
fn usual(worth: u32) -> u64 {
    match worth {
        1 => 80,
        3 => 56,
        5 => 50,
        10 => 42,
        17 => 36,
        30 => 32,
        _ => 28,
    }
}

/// Boots take forty seconds, and no worth makes anything of it.
fn flat(worth: u32) -> u64 {
    if worth <= 10 { 50 } else { 40 }
}

#[test]
fn the_cheapest_worth_that_keeps_the_wanted_wait_is_found_a_step_a_day() {
    assert_eq!(worths(p95(49), 5, 300, usual), [10, 5, 10, 10, 10]);
    assert_eq!(worths(p95(43), 4, 300, usual), [10, 5, 10, 10], "at most");
    assert_eq!(worths(p95(38), 5, 300, usual), [10, 17, 17, 17, 17]);
    assert_eq!(worths(p95(30), 6, 300, usual), [10, 17, 30, 60, 60, 60]);
    let steep = |worth| 20 + 1000 / u64::from(worth);
    let dearest = [10, 17, 30, 60, 100, 100, 100];
    assert_eq!(worths(p95(10), 7, 300, steep), dearest);
    assert_eq!(worths(p95(300), 6, 300, usual), [10, 5, 3, 1, 1, 1]);
}

#[test]
fn a_dearer_worth_that_brings_nothing_is_left_again() {
    assert_eq!(worths(p95(30), 6, 300, flat), [10, 17, 30, 17, 17, 17]);
    let always = |_| 60;
    assert_eq!(worths(p95(30), 5, 300, always), [10, 17, 10, 10, 10]);
}

#[test]
fn what_did_not_do_is_tried_again_after_weeks() {
    // Of 300 jobs fewer than fifty are left after nineteen days, which the day after is told by.
    let tried = worths(p95(44), 24, 300, usual);
    let fives = tried.iter().enumerate().filter(|(_, worth)| **worth == 5);
    let days: Vec<usize> = fives.map(|(day, _)| day).collect();
    assert_eq!(days, [1, 21]);
}

#[test]
fn a_worth_is_kept_for_a_day_and_two_hundred_jobs() {
    assert_eq!(worths(p95(20), 3, 100, usual), [10, 10, 17]);
    assert_eq!(worths(p95(20), 3, 99, usual), [10, 10, 10]);
    let mut search = Search::default();
    assert_eq!(search.worth(p95(20), at(0)), 10);
    jobs(&mut search, 400, 40, 0);
    assert_eq!(search.worth(p95(20), at(DAY - 1)), 10);
    assert_eq!(search.worth(p95(20), at(DAY)), 17);
}

#[test]
fn one_in_twenty_may_wait_for_longer() {
    let measured = |late: u64| {
        let mut search = Search::default();
        search.worth(p95(30), at(0));
        jobs(&mut search, 100 - late, 20, 0);
        jobs(&mut search, late, 200, 30_000);
        let evidence = search.evidence(p95(30));
        evidence
            .and_then(|it| it.measured)
            .map(|wait| wait.as_secs())
    };
    assert_eq!([measured(4), measured(5)], [Some(21), Some(201)]);
}

#[test]
fn a_wait_that_looks_bound_may_be_any_of_four() {
    let measured = |percent: u64| {
        let mut search = Search::default();
        search.worth(p95(30), at(0));
        for job in 0..percent {
            search.see(0, 0, at(job * 100));
            search.see(1, 1, at(job * 100 + 16));
            search.see(0, 1, at(job * 100 + 32));
            search.see(0, 0, at(job * 100 + 48));
        }
        jobs(&mut search, 100 - percent, 0, 10_000);
        let evidence = search.evidence(p95(30)).expect("a wait is wanted");
        evidence.measured.map(|wait| wait.as_secs())
    };
    // 32 s, by looks 16 s apart: 26, 30, 34 or 38. Of so many in a hundred one in twenty of all is
    // all four, the upper three, the upper two, and the uppermost.
    assert_eq!([5, 7, 10, 20].map(measured), [27, 31, 35, 39].map(Some));
}

#[test]
fn the_evidence_says_what_is_wanted_and_what_was_measured() {
    let mut search = Search::default();
    let wanted = Duration::from_secs(30);
    let unknown = WantedWait {
        wanted,
        measured: None,
    };
    search.worth(p95(30), at(0));
    jobs(&mut search, 49, 40, 0);
    assert_eq!(search.evidence(p95(30)), Some(unknown));
    jobs(&mut search, 1, 40, 20_000);
    // Told apart in steps of two seconds.
    let measured = Some(Duration::from_secs(41));
    assert_eq!(
        search.evidence(p95(30)),
        Some(WantedWait { wanted, measured })
    );
    assert_eq!(search.evidence(Speed::Fast), None);
}

#[test]
fn where_no_wait_is_wanted_nothing_is_searched_for() {
    let mut search = Search::default();
    for day in 0..4 {
        assert_eq!(search.worth(Speed::Fast, at(day * DAY)), 30);
        jobs(&mut search, 300, 90, day * DAY);
    }
    assert_eq!(search, Search::default());
    // What is wanted later is measured from then on.
    assert_eq!(search.worth(p95(20), at(4 * DAY)), 10);
    jobs(&mut search, 300, 90, 4 * DAY);
    assert_eq!(search.worth(Speed::Balanced, at(5 * DAY)), 10);
    assert_eq!(search.worth(p95(20), at(6 * DAY)), 10);
    assert_eq!(search.worth(p95(20), at(7 * DAY)), 17, "a day later");
}

#[test]
fn a_file_is_believed_for_its_worth_and_outweighed_soon_for_its_waits() {
    let next = |doubted: bool| {
        let mut search = Search::default();
        search.worth(p95(44), at(0));
        jobs(&mut search, 2000, 90, 0);
        if doubted {
            search.doubt();
            let evidence = search.evidence(p95(44)).expect("a wait is wanted");
            assert_eq!(evidence.measured, Some(Duration::from_secs(91)));
        }
        // Four thousand outweigh two hundred twenty to one, and two thousand twice.
        jobs(&mut search, 4000, 20, 6 * DAY);
        search.worth(p95(44), at(20 * DAY))
    };
    assert_eq!([next(true), next(false)], [5, 17]);
}

#[test]
fn what_is_saved_goes_on_where_it_was() {
    let mut search = Search::default();
    search.worth(p95(44), at(0));
    jobs(&mut search, 300, 50, 0);
    let text = serde_json::to_string(&search).expect("it is plain");
    let mut read: Search = serde_json::from_str(&text).expect("it was just written");
    assert_eq!(read.worth(p95(44), at(DAY)), 17);
    // One that names a worth that nobody knows goes on with the dearest.
    let read_as = |from: &str, to: &str| -> Search {
        assert!(text.contains(from), "{text}");
        serde_json::from_str(&text.replace(from, to)).expect("a number is a number")
    };
    let mut strange = read_as("\"at\":3", "\"at\":99");
    assert_eq!(strange.worth(p95(44), at(DAY)), WORTHS[7]);
    // One that begins tomorrow begins now.
    let since = format!("\"since\":{}", at(0).as_millis());
    let mut early = read_as(&since, &since.replace("\":", "\":99"));
    assert_eq!(early.worth(p95(44), at(DAY)), 10);
    assert_eq!(early.worth(p95(44), at(2 * DAY)), 17);
    // One of more jobs than can be counted counts no further.
    let mut many = read_as("\"jobs\":300", &format!("\"jobs\":{}", u64::MAX));
    jobs(&mut many, 1, 50, 100_000);
    assert_eq!(many.worth(p95(44), at(2 * DAY)), 17);
}
