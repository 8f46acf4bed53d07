//! Random numbers that follow from a seed, one stream for each purpose: a draw more in one of
//! them reshuffles nothing in the others.

use std::time::Duration;

use dayfly::model::rng::SplitMix64;

/// What numbers are drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// How large the world is, and what may go wrong in it.
    Options,
    /// When jobs come, and how long they take.
    Workload,
    /// When something goes wrong.
    Weather,
    /// How machines boot and end.
    Machines,
    /// How long calls are on their way.
    Travel,
    /// Where controllers crash, and how late they are.
    Controllers,
    /// Whether machines are launched ahead of demand.
    Ahead,
}

/// The stream of a seed for one purpose.
#[derive(Clone, Debug)]
pub struct Chance(SplitMix64);

impl Chance {
    /// The stream of a seed for a purpose.
    pub fn of(seed: u64, purpose: Purpose) -> Self {
        let salt = (purpose as u64 + 1).wrapping_mul(0xa076_1d64_78bd_642f);
        let first = SplitMix64::new(seed ^ salt).number();
        Self(SplitMix64::new(first))
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0.number()
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0.between(low, high)
    }

    /// A small number, from `low` to `high`.
    pub fn count(&mut self, low: u32, high: u32) -> u32 {
        u32::try_from(self.between(u64::from(low), u64::from(high))).unwrap_or(high)
    }

    /// Whether something happens that happens `rate` times in a thousand.
    pub fn per_mille(&mut self, rate: u32) -> bool {
        self.number() % 1000 < u64::from(rate)
    }

    /// A span of so many seconds, to the millisecond.
    pub fn seconds(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.between(low * 1000, high * 1000))
    }

    /// A span of so many milliseconds.
    pub fn millis(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.between(low, high))
    }

    /// One of several, if there are any.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() {
            return None;
        }
        let at = self.number() % from.len() as u64;
        from.get(usize::try_from(at).unwrap_or_default())
    }

    /// One of several.
    pub fn one_of<T: Copy>(&mut self, from: &[T], otherwise: T) -> T {
        self.pick(from).copied().unwrap_or(otherwise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_seed_and_purpose_and_repeat() {
        let first = |seed, purpose| Chance::of(seed, purpose).number();
        assert_eq!(first(1, Purpose::Weather), first(1, Purpose::Weather));
        assert_ne!(first(1, Purpose::Weather), first(2, Purpose::Weather));
        assert_ne!(first(1, Purpose::Weather), first(1, Purpose::Travel));
    }
}
