//! Pauses: how they grow, and how they are spread, from a seed that the caller gave.

use std::time::Duration;

use dayfly::model::rng::SplitMix64;

/// Pauses that look random and follow from a seed.
#[derive(Clone, Debug)]
pub(super) struct Spread(SplitMix64);

impl Spread {
    pub(super) const fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    /// The next pause from `low` to `high` milliseconds, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.0.between(low, high))
    }

    /// The pause after the `attempt`th failure (from 1): it doubles from `first` up to `last`
    /// milliseconds, and is spread over its upper half so that many agents do not come back as one.
    pub(super) fn growing(&mut self, attempt: u32, first: u64, last: u64) -> Duration {
        let doublings = attempt.saturating_sub(1).min(16);
        let whole = first.saturating_mul(1 << doublings).min(last);
        self.between(whole.div_ceil(2), whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_limit_and_stay_in_their_upper_half() {
        let mut spread = Spread::new(7);
        for (attempt, whole) in [
            (1, 1_000),
            (2, 2_000),
            (4, 8_000),
            (9, 15_000),
            (99, 15_000),
        ] {
            let pause = spread.growing(attempt, 1_000, 15_000);
            assert!(
                pause >= Duration::from_millis(whole / 2),
                "{attempt}: {pause:?}"
            );
            assert!(
                pause <= Duration::from_millis(whole),
                "{attempt}: {pause:?}"
            );
        }
    }
}
