//! How often how many jobs came: weights by count, of which old ones fade.

use serde::{Deserialize, Serialize};

/// Counts are told apart up to this one; more are counted as it.
pub const COUNT_MAX: usize = 150;

/// Weights, in tenths of a second of watching, by how many jobs came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    weights: Vec<u32>,
    total: u64,
}

impl Histogram {
    /// Adds a look of that weight in which so many came.
    pub fn add(&mut self, count: u32, weight: u32) {
        let at = usize::try_from(count).unwrap_or(COUNT_MAX).min(COUNT_MAX);
        if self.weights.len() <= at {
            self.weights.resize(at + 1, 0);
        }
        self.weights[at] = self.weights[at].saturating_add(weight);
        self.total += u64::from(weight);
    }

    /// All weights together.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Lets every weight fade to that share, in thousandths.
    pub fn fade(&mut self, permille: u32) {
        for weight in &mut self.weights {
            let faded = u64::from(*weight) * u64::from(permille) / 1000;
            *weight = u32::try_from(faded).unwrap_or(u32::MAX);
        }
        self.total = self.weights.iter().map(|weight| u64::from(*weight)).sum();
    }

    /// Lets all weights together be no more than that; their shares stay.
    pub fn weigh_at_most(&mut self, most: u64) {
        if self.total <= most {
            return;
        }
        let total = self.total;
        for weight in &mut self.weights {
            let share = u64::from(*weight) * most / total;
            *weight = u32::try_from(share).unwrap_or(u32::MAX);
        }
        self.total = self.weights.iter().map(|weight| u64::from(*weight)).sum();
    }

    /// How likely each count is, as shares of `whole`; all together they are no less.
    pub fn chances(&self, whole: u64) -> Vec<u64> {
        let share = |weight: &u32| u64::from(*weight) * whole / self.total.max(1);
        let mut chances: Vec<u64> = self.weights.iter().map(share).collect();
        let sum: u64 = chances.iter().sum();
        match chances.first_mut() {
            // What rounding leaves over brings nothing.
            Some(none) => *none += whole - sum,
            None => chances.push(whole),
        }
        chances
    }

    /// The largest count that was reached or exceeded in at least that share of the looks, in
    /// thousandths; zero if there is none.
    pub fn reached(&self, permille: u64) -> u32 {
        let mut tail = 0;
        for (count, weight) in self.weights.iter().enumerate().skip(1).rev() {
            tail += u64::from(*weight);
            if permille * self.total <= tail * 1000 && 0 < tail {
                return u32::try_from(count).unwrap_or(u32::MAX);
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_kept_ready_if_it_is_reached_often_enough() {
        let mut histogram = Histogram::default();
        histogram.add(0, 70);
        histogram.add(1, 20);
        histogram.add(4, 9);
        histogram.add(900, 1);
        let of = |permille| histogram.reached(permille);
        assert_eq!(
            [of(400), of(300), of(110), of(100), of(10)],
            [0, 1, 1, 4, 150]
        );
        histogram.fade(500);
        assert_eq!((histogram.total(), histogram.reached(300)), (49, 0));
        assert_eq!(Histogram::default().reached(100), 0);
    }

    #[test]
    fn what_weighs_less_has_the_same_shares() {
        let mut histogram = Histogram::default();
        histogram.add(0, 700);
        histogram.add(3, 300);
        histogram.weigh_at_most(2000);
        assert_eq!(histogram.total(), 1000);
        histogram.weigh_at_most(100);
        assert_eq!(histogram.total(), 100);
        assert_eq!((histogram.reached(300), histogram.reached(301)), (3, 0));
        histogram.add(0, 100);
        assert_eq!(histogram.reached(300), 0, "as much again outweighs it");
    }

    #[test]
    fn all_chances_together_are_the_whole_and_what_rounding_leaves_over_brings_nothing() {
        let mut histogram = Histogram::default();
        (0..7).for_each(|count| histogram.add(count, 1));
        // A seventh of twenty is two, and six are left over.
        assert_eq!(histogram.chances(20), [8, 2, 2, 2, 2, 2, 2]);
        assert_eq!(Histogram::default().chances(20), [20]);
    }
}
