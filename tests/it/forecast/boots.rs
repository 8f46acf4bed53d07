//! What boots teach: their mean, their quantiles, and how far they differ within one launch.

use std::time::Duration;

use dayfly::forecast::boots::{Boot, Boots};
use dayfly::forecast::race;

fn learned(boots: impl IntoIterator<Item = Boot>) -> Boots {
    let mut seen = Boots::default();
    boots.into_iter().for_each(|boot| seen.add(boot));
    seen
}

fn boot(took: u64, call: u64) -> Boot {
    let failed = false;
    Boot { took, call, failed }
}

/// Pairs of machines, each launched by one call: five calls are slow, and within each call one
/// machine is two seconds slower than the other.
fn pairs(calls: u64) -> Vec<Boot> {
    let of_call = |call: u64| {
        let middle = if call.is_multiple_of(2) {
            30_000
        } else {
            36_000
        };
        [boot(middle - 1000, call), boot(middle + 1000, call)]
    };
    (0..calls).flat_map(of_call).collect()
}

/// The race's tables for many costs of a surplus machine: one more has to save 15 percent more.
fn tables(boots: &mut Boots) -> Vec<Vec<u32>> {
    let costs = (1..20).map(|step| Duration::from_millis(step * 150));
    costs.map(|cost| boots.priced(1, cost).race).collect()
}

fn tables_of(times: &[u64]) -> Vec<Vec<u32>> {
    let costs = (1..20).map(|step| step * 150);
    costs
        .map(|cost| race::table(times, 1, cost * 115 / 100))
        .collect()
}

#[test]
fn twenty_boots_have_a_mean_and_quantiles() {
    let twenty = learned((1..=20).map(|at| boot(at * 1000, at)));
    let quantile = |permille| twenty.quantile(permille).map(|span| span.as_secs());
    assert_eq!(
        [0, 49, 50, 500, 949, 950, 1000].map(quantile),
        [1, 1, 2, 11, 19, 20, 20].map(Some)
    );
    assert_eq!(twenty.mean(), Some(Duration::from_millis(10_500)));
    let few = learned((1..=19).map(|at| boot(at * 1000, at)));
    assert_eq!((few.mean(), few.quantile(500)), (None, None));
}

#[test]
fn a_boot_that_failed_stands_for_those_that_took_longer_than_it_was_waited_for() {
    // Ten take 10 s and nine 20 s. One was given up after 15 s: it counts as 20 s.
    let done = (0..19).map(|at| boot(if at < 10 { 10_000 } else { 20_000 }, at));
    let given_up = |took| Boot {
        took,
        call: 99,
        failed: true,
    };
    let mean = |took| learned(done.clone().chain([given_up(took)])).mean();
    assert_eq!(mean(15_000), Some(Duration::from_secs(15)));
    assert_eq!(mean(10_000), Some(Duration::from_secs(15)));
    // Nothing took longer than 40 s: it counts as itself.
    assert_eq!(mean(40_000), Some(Duration::from_secs(16)));
}

#[test]
fn machines_that_were_launched_alone_are_raced_by_their_own_times() {
    let times: Vec<u64> = (0..40).map(|at| 20_000 + at * 500).collect();
    let mut boots = learned(
        times
            .iter()
            .enumerate()
            .map(|(at, took)| boot(*took, at as u64)),
    );
    assert_eq!(tables(&mut boots), tables_of(&times));
}

#[test]
fn ten_pairs_tell_how_far_boots_differ_within_a_call_and_nine_do_not() {
    // In hundredths of a second: within a pair 100² + 100², over one degree of freedom, are 20,000;
    // all twenty are 200 or 400 from their mean, 20 · (300² + 100²) over 19, are 105,263. The root of
    // 0.19 is 0.435: so much of each distance from the median, 35 s, is left.
    let drawn = [(32_390, 5), (33_260, 5), (35_000, 5), (35_870, 5)];
    let drawn: Vec<u64> = drawn
        .iter()
        .flat_map(|(time, count)| vec![*time; *count])
        .collect();
    let mut ten = learned(pairs(10));
    assert_eq!(tables(&mut ten), tables_of(&drawn));
    // Nine pairs and two that were alone: their own times.
    let nine: Vec<Boot> = pairs(9)
        .into_iter()
        .chain([boot(40_000, 20), boot(41_000, 21)])
        .collect();
    let mut times: Vec<u64> = nine.iter().map(|boot| boot.took).collect();
    times.sort_unstable();
    assert_eq!(tables(&mut learned(nine)), tables_of(&times));
}

#[test]
fn a_table_is_made_for_what_waiting_is_worth_and_what_a_machine_costs() {
    let boots = || learned((0..40).map(|at| boot(20_000 + at * 1000, at)));
    let cost = Duration::from_secs(20);
    let mut asked = boots();
    let cheap = asked.priced(3, cost).race;
    let dear = asked.priced(30, cost).race;
    assert_eq!(
        (cheap, dear.clone()),
        (boots().priced(3, cost).race, boots().priced(30, cost).race)
    );
    assert_ne!(asked.priced(3, cost).race, dear);
    assert_ne!(asked.priced(30, Duration::from_secs(200)).race, dear);
    assert_eq!(asked.priced(30, cost).race, dear);
}

#[test]
fn boots_of_an_hour_are_within_the_numbers() {
    let slow = |at: u64| {
        boot(
            if at.is_multiple_of(2) {
                1000
            } else {
                3_600_000
            },
            at / 2,
        )
    };
    let mut boots = learned((0..40).map(slow));
    assert!(0 < boots.priced(10, Duration::from_secs(60)).race[0]);
}
