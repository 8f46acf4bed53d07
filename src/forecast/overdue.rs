//! From which age on a boot is not counted upon: a job that waits for it gets another machine.
//!
//! A boot of age x takes T − x more, with T from the law of boots that took longer than x; another
//! launch takes B, from the whole law. It saves the mean of max(0, T − x − B) of waiting, and costs
//! a machine: whichever comes second finds no job.

/// How many boots stand for the law, and how many ages are tried.
const STEPS: usize = 32;

/// The least age at which another launch pays, or else that of the longest boot; `None` without a
/// boot. `times` are boot times in milliseconds, sorted; `cost` is what a surplus machine costs, in
/// milliseconds; `worth` what a millisecond of waiting is worth.
pub fn age(times: &[u64], worth: u32, cost: u64) -> Option<u64> {
    let longest = *times.last()?;
    let fresh = marks(times, 0);
    // Whoever is younger than most are when they are done is not late.
    let ages = marks(times, times.len() / 2);
    let pays = |age: &u64| {
        let later = &times[times.partition_point(|time| time <= age)..];
        cost <= saved(later, *age, &fresh) * u64::from(worth)
    };
    Some(ages.into_iter().find(pays).unwrap_or(longest))
}

/// The mean wait that another launch saves, where the boot ends at one of `later`.
fn saved(later: &[u64], age: u64, fresh: &[u64]) -> u64 {
    let against = |left: u64| fresh.iter().map(move |boot| left.saturating_sub(*boot));
    let sum: u64 = later.iter().flat_map(|time| against(time - age)).sum();
    sum / (later.len() * fresh.len()).max(1) as u64
}

/// At most [`STEPS`] of the times from a place on, evenly.
fn marks(times: &[u64], from: usize) -> Vec<u64> {
    let rest = &times[from..];
    let every = rest.len().div_ceil(STEPS).max(1);
    rest.iter()
        .copied()
        .skip(every / 2)
        .step_by(every)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;

    /// Nine in ten take half a minute, the others two.
    fn some_slow() -> Vec<u64> {
        [vec![30_000; 90], vec![120_000; 10]].concat()
    }

    #[test]
    fn who_is_later_than_most_is_replaced_if_the_others_are_much_slower() {
        // At 30 s another 90 are left. Another launch takes 30 s nine times of ten: it saves
        // 0.9 · 60 = 54 s. (Of the 25 boots that stand for the law three are slow: 52.8 s.)
        assert_eq!(age(&some_slow(), 2, MINUTE), Some(30_000));
        // Whom a waiting minute is worth a minute of a machine waits for it.
        assert_eq!(age(&some_slow(), 1, MINUTE), Some(120_000));
    }

    #[test]
    fn boots_that_do_not_differ_are_waited_for() {
        assert_eq!(age(&[40_000; 100], 1000, MINUTE), Some(40_000));
        let narrow: Vec<u64> = (0..100).map(|at| 39_000 + at * 20).collect();
        assert_eq!(age(&narrow, 10, MINUTE), narrow.last().copied());
    }

    #[test]
    fn a_boot_may_end_at_any_time_and_is_left_alone_for_long() {
        // Evenly between 15 and 120 s: nobody knows that another would be sooner.
        let even: Vec<u64> = (0..106).map(|at| 15_000 + at * 1000).collect();
        assert_eq!(age(&even, 10, MINUTE), Some(120_000));
        assert_eq!(age(&[], 10, MINUTE), None);
    }
}
