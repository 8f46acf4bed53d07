//! How long machines of a pool take from launch to a registered agent.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{overdue, race};

/// Boots that are remembered.
const REMEMBERED: usize = 500;
/// Boots of a file that are remembered.
const BELIEVED: usize = 100;
/// Fewer teach nothing.
const LEAST: usize = 20;
/// Pairs within a call from which the spread within calls is known.
const PAIRS_LEAST: u64 = 10;

/// One machine more has to save so much in percent of what it costs: the last one that pays at all
/// brings next to nothing, and its money is certain (docs/POLICY.md).
const RACE_PERCENT: u64 = 115;

/// One boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boot {
    /// How long it took, in milliseconds, or how long it was waited for.
    pub took: u64,
    /// Which launch it belongs to.
    pub call: u64,
    /// No agent came: it would have taken longer.
    pub failed: bool,
}

/// The last boots, and what follows from them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boots {
    seen: VecDeque<Boot>,
    /// How many there were when the law was last made.
    fresh: usize,
    law: Law,
}

/// What follows from the boots that were seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Law {
    /// Sorted, in milliseconds; empty while too few were seen.
    times: Vec<u64>,
    /// The same as they differ within one call.
    within: Vec<u64>,
    mean: u64,
    /// What a price decides, and for which it was made: of a millisecond of waiting, and of a
    /// surplus machine.
    #[serde(skip)]
    priced: Option<((u32, u64), Priced)>,
}

/// What follows from the boots for a price.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Priced {
    /// How many machines more pay for batches of 1, 2, … jobs.
    pub race: Vec<u32>,
    /// A boot that takes longer is not counted upon.
    pub overdue_after: Option<Duration>,
}

impl Boots {
    /// Takes in a boot; the law is made anew when a fifth of what is remembered is new.
    pub fn add(&mut self, boot: Boot) {
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back(boot);
        self.fresh += 1;
        if LEAST <= self.seen.len() && self.seen.len() <= self.fresh * 5 {
            self.learn();
        }
    }

    /// Believes all of it less: the law stays until a fifth of what is remembered is new.
    pub fn doubt(&mut self) {
        let older = self.seen.len().saturating_sub(BELIEVED);
        self.seen.drain(..older);
        self.fresh = 0;
    }

    /// The mean; `None` while too few boots were seen.
    pub fn mean(&self) -> Option<Duration> {
        (!self.law.times.is_empty()).then(|| Duration::from_millis(self.law.mean))
    }

    /// The time within which so many boots in a thousand are done.
    pub fn quantile(&self, permille: usize) -> Option<Duration> {
        let times = &self.law.times;
        let at = (times.len() * permille / 1000).min(times.len().checked_sub(1)?);
        times.get(at).map(|time| Duration::from_millis(*time))
    }

    /// What follows where a millisecond of waiting is worth so many of a machine, and a surplus
    /// machine costs so much; nothing while too few boots were seen.
    pub fn priced(&mut self, worth: u32, spare_cost: Duration) -> Priced {
        let cost = u64::try_from(spare_cost.as_millis()).unwrap_or(u64::MAX);
        let law = &mut self.law;
        if law.times.is_empty() {
            return Priced::default();
        }
        if let Some((_, priced)) = law.priced.as_ref().filter(|it| it.0 == (worth, cost)) {
            return priced.clone();
        }
        let race = race::table(&law.within, worth, cost * RACE_PERCENT / 100);
        // Where boots are raced, others of the race often come before one that is launched later.
        let is_raced = race.first().is_some_and(|more| 0 < *more);
        let pays_from = if is_raced { 2 * cost } else { cost };
        let overdue_after = overdue::age(&law.times, worth, pays_from).map(Duration::from_millis);
        let priced = Priced {
            race,
            overdue_after,
        };
        law.priced = Some(((worth, cost), priced.clone()));
        priced
    }

    fn learn(&mut self) {
        self.fresh = 0;
        let times = completed(&self.seen);
        if times.is_empty() {
            return;
        }
        self.law = Law {
            mean: times.iter().sum::<u64>() / times.len() as u64,
            within: within(&times, &self.seen),
            times,
            priced: None,
        };
    }
}

/// The times of all boots, sorted. One that failed would have taken longer than it was waited for:
/// it stands for the mean of those that did take longer (Efron's redistribution to the right), or
/// for its own time if none did.
fn completed(seen: &VecDeque<Boot>) -> Vec<u64> {
    let mut done: Vec<u64> = seen
        .iter()
        .filter(|boot| !boot.failed)
        .map(|boot| boot.took)
        .collect();
    done.sort_unstable();
    let mut times = done.clone();
    for boot in seen.iter().filter(|boot| boot.failed) {
        let longer = &done[done.partition_point(|time| *time <= boot.took)..];
        let stands_for = longer.iter().sum::<u64>().checked_div(longer.len() as u64);
        times.push(stands_for.unwrap_or(boot.took));
    }
    times.sort_unstable();
    times
}

/// The times drawn together around their median by the share of the spread that lies within calls.
/// A call whose machines are slow together is not overtaken by one more of the same call.
fn within(times: &[u64], seen: &VecDeque<Boot>) -> Vec<u64> {
    let median = times[times.len() / 2];
    let share = share_within(seen);
    let toward = |time: &u64| {
        let distance = time.abs_diff(median) * share / 1000;
        if *time < median {
            median - distance
        } else {
            median + distance
        }
    };
    times.iter().map(toward).collect()
}

/// The standard deviation within calls over that of all boots, in thousandths. Without enough
/// calls of several machines the boots are taken to be independent.
fn share_within(seen: &VecDeque<Boot>) -> u64 {
    let mut boots: Vec<Boot> = seen.iter().copied().collect();
    boots.sort_by_key(|boot| boot.call);
    let (mut inside, mut pairs) = (0_u64, 0_u64);
    for call in boots.chunk_by(|one, other| one.call == other.call) {
        let (sum, freedom) = squares(call);
        inside += sum;
        pairs += freedom;
    }
    let (sum, freedom) = squares(&boots);
    if pairs < PAIRS_LEAST || sum == 0 {
        return 1000;
    }
    let ratio = (inside / pairs) * 1_000_000 / (sum / freedom).max(1);
    ratio.isqrt().min(1000)
}

/// The sum of squared distances from the mean, in seconds, and its degrees of freedom.
fn squares(boots: &[Boot]) -> (u64, u64) {
    let count = boots.len() as u64;
    let mean = boots.iter().map(|boot| boot.took).sum::<u64>() / count.max(1);
    let square = |boot: &Boot| (boot.took.abs_diff(mean) / 10).pow(2);
    (boots.iter().map(square).sum(), count.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boot(took: u64, call: u64) -> Boot {
        Boot {
            took,
            call,
            failed: false,
        }
    }

    fn learned(boots: impl IntoIterator<Item = Boot>) -> Boots {
        let mut seen = Boots::default();
        boots.into_iter().for_each(|boot| seen.add(boot));
        seen
    }

    fn priced(boots: &mut Boots) -> Priced {
        boots.priced(10, Duration::from_secs(60))
    }

    fn race(boots: &mut Boots) -> u32 {
        priced(boots).race[9]
    }

    #[test]
    fn few_boots_teach_nothing() {
        let mut few = learned((0..19).map(|at| boot(30_000, at)));
        assert_eq!((few.mean(), priced(&mut few)), (None, Priced::default()));
    }

    #[test]
    fn a_boot_that_failed_counts_as_longer_than_it_was_waited_for() {
        let one = |at: u64| {
            let failed = at % 10 == 9;
            let took = if failed { 300_000 } else { 30_000 + at };
            Boot {
                took,
                call: at,
                failed,
            }
        };
        let mut boots = learned((0..100).map(one));
        let median = boots.quantile(500).expect("it has learned");
        assert!(median < Duration::from_millis(30_100), "{median:?}");
        assert_eq!(boots.quantile(950), Some(Duration::from_secs(300)));
        // Whoever is later than all that have come is not counted upon.
        let overdue_after = priced(&mut boots).overdue_after.expect("it has learned");
        assert!(median < overdue_after && overdue_after < Duration::from_secs(31));
    }

    #[test]
    fn boots_that_are_doubted_give_way_to_twenty_five_new_ones() {
        let mut boots = learned((0..500).map(|at| boot(1000, at)));
        boots.doubt();
        assert_eq!(boots.quantile(950), Some(Duration::from_secs(1)));
        (0..24).for_each(|at| boots.add(boot(40_000, 500 + at)));
        assert_eq!(boots.quantile(950), Some(Duration::from_secs(1)));
        // A fifth of a hundred and twenty-five.
        boots.add(boot(40_000, 524));
        assert_eq!(boots.quantile(950), Some(Duration::from_secs(40)));
    }

    #[test]
    fn boots_that_are_slow_by_the_call_are_not_raced() {
        // One in five is slow: machine by machine, or call by call.
        let slow = |is_slow| if is_slow { 120_000 } else { 30_000 };
        let mut independent = learned((0..500).map(|at| boot(slow(at % 5 == at / 5 % 5), at / 5)));
        let mut correlated = learned((0..500).map(|at| boot(slow(at / 5 % 5 == 0), at / 5)));
        assert!(1 < race(&mut independent));
        assert_eq!(race(&mut correlated), 0);
    }

    #[test]
    fn where_boots_are_raced_another_launch_has_to_pay_twice() {
        // Nine in twenty are slow. At 30 s another launch saves 0.55 · 60 = 33 s, and at worth
        // three 99, which is more than 55 and less than twice that. A race saves 22 s, or 67.
        let slow = |is_slow| if is_slow { 120_000 } else { 30_000 };
        let independent = (0..500).map(|at| boot(slow(at % 20 < 9), at));
        let correlated = (0..500).map(|at| boot(slow(at / 5 % 20 < 9), at / 5));
        let priced = |boots: &mut Boots| boots.priced(3, Duration::from_secs(55));
        let raced = priced(&mut learned(independent));
        assert!(0 < raced.race[0]);
        assert_eq!(raced.overdue_after, Some(Duration::from_secs(120)));
        let alone = priced(&mut learned(correlated));
        assert_eq!(alone.race[0], 0);
        assert_eq!(alone.overdue_after, Some(Duration::from_secs(30)));
    }
}
