//! The law that a made-up workload's pushes are drawn from, for who may know it: the bounds.

use super::draw::seconds;
use super::workload::DAY;

/// Fresh pushes, each of which begins with one job: some by a Poisson process, some for certain.
/// The flood of S5 is in no law: nobody saw that coming.
#[derive(Clone, Copy, Debug)]
pub struct Law {
    /// Pushes a second at a moment, in milliseconds since the epoch, of the Poisson process.
    pub rate: fn(u64) -> f64,
    /// Those of the day that begins at a moment whose number and time everybody knows.
    pub herds: fn(u64) -> Vec<Herd>,
}

/// So many pushes from a moment on, evenly within a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Herd {
    /// The moment, in milliseconds since the epoch.
    pub at: u64,
    /// How many.
    pub count: u32,
    /// The span, in milliseconds.
    pub within: u64,
}

impl Law {
    /// Jobs of herds that are still to come by a moment, in the mean.
    pub fn certain(&self, now: u64, until: u64) -> u32 {
        let days = [now / DAY * DAY, until / DAY * DAY];
        let herds = days.iter().enumerate();
        let herds = herds.filter(|(at, day)| *at == 0 || **day != days[0]);
        let herds = herds.flat_map(|(_, day)| (self.herds)(*day));
        herds.map(|herd| herd.to_come(now, until)).sum()
    }

    /// The most jobs that come within a span with at least this chance, of those that nobody can
    /// foresee: the quantile of a Poisson law.
    pub fn likely(&self, now: u64, span: u64, chance: f64) -> u32 {
        let expected = (self.rate)(now) * seconds(span);
        let mut term = (-expected).exp();
        let (mut fewer, mut count) = (term, 0);
        // `fewer` is the chance of at most `count`.
        while chance <= 1.0 - fewer {
            count += 1;
            term *= expected / f64::from(count);
            fewer += term;
        }
        count
    }
}

impl Herd {
    fn to_come(self, now: u64, until: u64) -> u32 {
        let end = self.at + self.within;
        if until < self.at || end <= now {
            return 0;
        }
        let left = self.within.min(end - now);
        let left = u64::from(self.count) * left;
        u32::try_from(left.div_ceil(self.within.max(1))).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn law() -> Law {
        Law {
            rate: |_| 0.1,
            herds: |day| {
                vec![Herd {
                    at: day + 7_200_000,
                    count: 40,
                    within: 20_000,
                }]
            },
        }
    }

    #[test]
    fn the_quantile_is_that_of_a_poisson_law() {
        // Ten seconds bring one push in the mean: at least one with 0.632, two with 0.264, three
        // with 0.080.
        let likely = |chance| law().likely(0, 10_000, chance);
        assert_eq!(
            [0.64, 0.63, 0.27, 0.26, 0.081, 0.079].map(likely),
            [0, 1, 1, 2, 2, 3]
        );
    }

    #[test]
    fn a_herd_is_certain_until_it_has_come() {
        let certain = |now: u64, until: u64| law().certain(now * 1000, until * 1000);
        assert_eq!(certain(7100, 7199), 0);
        assert_eq!(certain(7100, 7200), 40);
        assert_eq!(certain(7210, 7300), 20);
        assert_eq!(certain(7220, 7300), 0);
        // The next day's, seen from before midnight.
        assert_eq!(certain(86_390, 86_400 + 7200), 40);
    }
}
