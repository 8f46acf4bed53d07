//! Numbers that look random and follow from a seed: pauses of agents, simulated worlds, studies.

/// A stream of numbers (SplitMix64). The same seed gives the same stream, so its constants must
/// stay: traces and scores depend on them.
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

/// The increment of the state for each number.
pub const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl SplitMix64 {
    /// The stream of a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number, of all 64 bits.
    pub const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next number from `low` to `high`, both included; `low` if `high` is below it.
    pub const fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.number() % (high.saturating_sub(low).saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stream_of_a_seed_is_that_of_the_reference() {
        // The first numbers of the generator's own test, for this seed.
        let mut stream = SplitMix64::new(1_234_567);
        assert_eq!(stream.number(), 6_457_827_717_110_365_317);
        assert_eq!(stream.number(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn numbers_stay_within_their_bounds_and_reach_them() {
        let mut stream = SplitMix64::new(7);
        let drawn: Vec<u64> = (0..200).map(|_| stream.between(3, 5)).collect();
        assert!(drawn.iter().all(|number| (3..=5).contains(number)));
        assert!(drawn.contains(&3) && drawn.contains(&5));
        assert_eq!(stream.between(9, 2), 9);
    }
}
