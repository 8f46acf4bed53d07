//! How many machines more than jobs pay, where it can be worked out by hand.

use dayfly::forecast::race::{BATCH_MAX, table};

/// Two equally likely times, 10 s and 50 s: for 40 s, half of the machines have booted.
fn two_times() -> Vec<u64> {
    [10_000; 50].into_iter().chain([50_000; 50]).collect()
}

/// The first three entries where a second of waiting is worth ten of a machine.
fn first_three(cost: u64) -> Vec<u32> {
    table(&two_times(), 10, cost)[..3].to_vec()
}

/// One machine more than m for n jobs saves 40 s · ½ · P(at most n − 1 of m have booted), tenfold:
///
/// | n | m = n | n + 1 | n + 2 | n + 3 | n + 4 |
/// |---|-------|-------|-------|-------|-------|
/// | 1 | 100 s | 50 s  | 25 s  |       |       |
/// | 2 | 150 s | 100 s | 62.5 s | 37.5 s |     |
/// | 3 | 175 s | 137.5 s | 100 s | 68.75 s | 45.31 s |
#[test]
fn one_machine_more_is_launched_as_long_as_it_saves_what_it_costs() {
    assert_eq!(first_three(100_000), [1, 2, 3]);
    assert_eq!(first_three(100_001), [0, 1, 2]);
    assert_eq!(first_three(62_500), [1, 3, 4]);
    assert_eq!(first_three(62_501), [1, 2, 4]);
    assert_eq!(first_three(45_310), [2, 3, 5]);
    assert_eq!(first_three(45_311), [2, 3, 4]);
    assert_eq!(first_three(175_001), [0, 0, 0]);
}

#[test]
fn a_race_that_costs_nothing_has_as_many_machines_more_as_a_batch_may_have_jobs() {
    let most = u32::try_from(BATCH_MAX).expect("it is small");
    assert_eq!(table(&two_times(), 10, 0), vec![most; BATCH_MAX]);
}

#[test]
fn three_boots_are_a_law_too() {
    // A third of the machines has booted from 10 s to 40 s, and two thirds from then to 70 s. For one
    // job one machine more saves 30 s · (⅓ · ⅔ + ⅔ · ⅓) = 13.3 s.
    let times = [10_000, 40_000, 70_000];
    assert_eq!(table(&times, 1, 13_332)[0], 1);
    assert_eq!(table(&times, 1, 13_334)[0], 0);
}
