//! How many jobs come while a machine boots, by what the moment before looked like.

use std::time::Duration;

use dayfly::forecast::arrivals::{Arrivals, Context};
use dayfly::model::time::Timestamp;

const BOOT: Duration = Duration::from_secs(40);
/// A Monday, 00:00.
const MONDAY: u64 = 4 * 86_400;

fn at(second: u64) -> Timestamp {
    Timestamp::from_seconds(MONDAY + second)
}

/// Looks at jobs that come one at a time, so many seconds apart, from a moment on.
fn watch(arrivals: &mut Arrivals, from: u64, every: u64, looks: u64) {
    (0..looks).for_each(|look| arrivals.add(1, 0, 1, BOOT, at(from + look * every)));
}

fn reached(arrivals: &Arrivals, permille: u64) -> u32 {
    arrivals.reached(arrivals.context(1, BOOT, at(0)), permille)
}

/// What is written of it, where no question tells.
fn written(arrivals: &Arrivals, part: &str) -> usize {
    let written = serde_json::to_value(arrivals).expect("JSON");
    let length = |value: &serde_json::Value| match value {
        serde_json::Value::Array(list) => Some(list.len()),
        serde_json::Value::Object(map) => Some(map.len()),
        _ => None,
    };
    length(&written[part]).expect("a list or a map")
}

#[test]
fn a_context_speaks_after_half_an_hour_and_a_day_takes_a_twentieth_of_its_word() {
    // 210 looks, ten seconds apart: the first weighs nothing, and of the last four the outcome is
    // open. 205 times 10 s are 34 minutes, and less than half an hour and a bit after a day.
    let mut arrivals = Arrivals::default();
    watch(&mut arrivals, 0, 10, 210);
    assert_eq!(reached(&arrivals, 900), 4);
    arrivals.add(0, 0, 1, BOOT, at(86_400));
    assert_eq!(reached(&arrivals, 900), 0);
    let mut longer = Arrivals::default();
    watch(&mut longer, 0, 10, 300);
    longer.add(0, 0, 1, BOOT, at(86_400));
    assert_eq!(reached(&longer, 900), 4);
    // Two days later once more.
    longer.add(0, 0, 1, BOOT, at(4 * 86_400));
    assert_eq!(reached(&longer, 900), 4);
}

#[test]
fn what_has_faded_to_nothing_is_forgotten() {
    let mut arrivals = Arrivals::default();
    let tenth = |number: u64| Timestamp::from_millis(at(0).as_millis() + number * 100);
    (0..3).for_each(|number| arrivals.add(0, 0, 1, Duration::ZERO, tenth(number)));
    assert_eq!(written(&arrivals, "by_context"), 4);
    arrivals.add(0, 0, 1, BOOT, at(86_400));
    assert_eq!(written(&arrivals, "by_context"), 0);
}

#[test]
fn a_look_whose_end_was_seen_a_minute_late_teaches_and_a_later_one_does_not() {
    let watched = |every| {
        let mut arrivals = Arrivals::default();
        watch(&mut arrivals, 0, every, 60);
        reached(&arrivals, 900)
    };
    // A boot of forty seconds is over a minute, or a second more, before the next look.
    assert_eq!((watched(100), watched(101)), (1, 0));
}

#[test]
fn two_looks_at_one_moment_take_nothing_from_each_other() {
    let mut arrivals = Arrivals::default();
    for look in 0..400 {
        arrivals.add(1, 0, 1, BOOT, at(look * 10));
        arrivals.add(0, 0, 1, BOOT, at(look * 10));
    }
    assert_eq!(reached(&arrivals, 900), 4);
}

#[test]
fn looks_that_lie_ahead_of_a_clock_that_jumped_back_are_dropped() {
    let mut arrivals = Arrivals::default();
    watch(&mut arrivals, 3000, 10, 10);
    watch(&mut arrivals, 0, 10, 230);
    assert_eq!(reached(&arrivals, 900), 4);
}

#[test]
fn lately_is_ten_minutes_by_the_half_minute() {
    let lately = |looks: &[(u64, u32)]| {
        let mut arrivals = Arrivals::default();
        looks
            .iter()
            .for_each(|(second, came)| arrivals.add(*came, 0, 1, BOOT, at(*second)));
        arrivals.context(1, BOOT, at(0)).lately
    };
    // The half minute in which a job came and the nineteen after it.
    assert_eq!(lately(&[(0, 1), (599, 0)]), 1);
    assert_eq!(lately(&[(0, 1), (600, 0)]), 0);
    assert_eq!(lately(&[(29, 1), (600, 0)]), 0);
    // A job that came later is forgotten later.
    assert_eq!(lately(&[(0, 1), (300, 1), (600, 0)]), 1);
    assert_eq!(lately(&[(0, 2), (300, 1), (599, 0)]), 2);
    assert_eq!(lately(&[(0, 2), (10, 1), (20, 6), (29, 0)]), 3);
    assert_eq!(lately(&[(600, 5), (0, 0)]), 0, "the clock jumped back");
    let of = |count| lately(&[(0, count)]);
    assert_eq!(
        [0, 1, 2, 3, 8, 9, 25, 26, 80, 81].map(of),
        [0, 1, 1, 2, 2, 3, 3, 4, 4, 5]
    );
}

#[test]
fn jobs_have_just_ended_for_fifteen_seconds() {
    let finished = |looks: &[(u64, u32)]| {
        let mut arrivals = Arrivals::default();
        looks
            .iter()
            .for_each(|(second, ended)| arrivals.add(0, *ended, 1, BOOT, at(*second)));
        arrivals.context(1, BOOT, at(0)).finished
    };
    assert_eq!(finished(&[(0, 1), (14, 0)]), 1);
    assert_eq!(finished(&[(0, 1), (15, 0)]), 0);
    assert_eq!(finished(&[(0, 1), (7, 1), (14, 1)]), 2);
    assert_eq!(finished(&[(0, 2), (7, 1), (16, 0)]), 1);
    assert_eq!(finished(&[(100, 3), (0, 0)]), 0, "the clock jumped back");
}

#[test]
fn a_moment_is_told_by_how_many_jobs_run() {
    let running = |count| Arrivals::default().context(count, BOOT, at(0)).running;
    assert_eq!(
        [0, 1, 3, 4, 15, 16, 60, 61].map(running),
        [0, 1, 1, 2, 2, 3, 3, 4]
    );
}

#[test]
fn where_nothing_comes_nothing_is_remembered_but_that() {
    let mut arrivals = Arrivals::default();
    (0..100).for_each(|look| arrivals.add(0, 0, 0, BOOT, at(look * 10)));
    assert_eq!(
        (written(&arrivals, "lately"), written(&arrivals, "finished")),
        (0, 0)
    );
}

#[test]
fn four_thousand_looks_wait_for_their_outcome_at_most() {
    let mut arrivals = Arrivals::default();
    let slow = Duration::from_secs(10_000);
    (0..4100).for_each(|look| arrivals.add(0, 0, 0, slow, at(look)));
    assert_eq!(written(&arrivals, "open"), 4000);
}

#[test]
fn an_hour_brings_twice_what_its_half_hours_do() {
    let mut arrivals = Arrivals::default();
    assert_eq!(arrivals.per_hour(at(0)), 0);
    (0..6).for_each(|look| arrivals.add(5, 0, 1, BOOT, at(look * 300)));
    arrivals.add(0, 0, 1, BOOT, at(1800));
    assert_eq!(arrivals.per_hour(at(0)), 60);
}

#[test]
fn a_moment_that_was_not_watched_is_like_those_that_share_less_with_it() {
    let mut arrivals = Arrivals::default();
    watch(&mut arrivals, 0, 10, 400);
    let busy = arrivals.context(1, BOOT, at(3990));
    let unheard = Context { running: 3, ..busy };
    let calm = Context { lately: 0, ..busy };
    let elsewhere = Context { season: 2, ..busy };
    // By all of it, by season and what came lately, by season alone, and by nothing of it.
    let reached = [busy, unheard, calm, elsewhere].map(|context| arrivals.reached(context, 900));
    assert_eq!(reached, [4; 4]);
}

#[test]
fn two_hours_of_a_context_outweigh_what_a_file_said_of_it() {
    // Ten hours of a job every fifteen seconds, so that three come within any boot.
    let mut arrivals = Arrivals::default();
    let boot = Duration::from_secs(45);
    let look = |arrivals: &mut Arrivals, number: u64, came: u32| {
        arrivals.add(came, 0, 1, boot, at(number * 15));
    };
    (0..2400).for_each(|number| look(&mut arrivals, number, 1));
    let context = Context {
        season: 6,
        lately: 4,
        running: 1,
        finished: 0,
    };
    assert_eq!(arrivals.context(1, boot, at(35_700)), context);
    assert_eq!(arrivals.reached(context, 500), 3);
    arrivals.doubt();
    assert_eq!(arrivals.reached(context, 500), 3);
    // Then forty come at once every ten minutes, so that none come within most boots.
    let burst = |number: u64| if number % 40 == 20 { 40 } else { 0 };
    (2400..2400 + 240).for_each(|number| look(&mut arrivals, number, burst(number)));
    assert_eq!(arrivals.reached(context, 500), 3, "an hour does not");
    (2640..2400 + 720).for_each(|number| look(&mut arrivals, number, burst(number)));
    assert_eq!(arrivals.reached(context, 500), 0, "three hours do");
}
