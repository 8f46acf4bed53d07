//! Numbers that look random and follow from a seed: the same seed gives the same study.

use dayfly::model::rng::{STEP, SplitMix64};

/// A stream of numbers. Streams for different purposes are kept apart, so that one more draw of
/// one purpose does not change the others.
#[derive(Clone, Debug)]
pub struct Draw(SplitMix64);

impl Draw {
    /// The stream of a purpose under a seed.
    pub fn new(seed: u64, purpose: u64) -> Self {
        let salt = purpose.wrapping_mul(0xD134_2543_DE82_EF95);
        let mut stream = SplitMix64::new(seed.wrapping_mul(STEP) ^ salt);
        stream.number();
        Self(stream)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0.number()
    }

    /// Evenly in [0, 1).
    pub fn unit(&mut self) -> f64 {
        const SCALE: f64 = 1.0 / 9_007_199_254_740_992.0;
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a float's mantissa")]
        let bits = (self.bits() >> 11) as f64;
        bits * SCALE
    }

    /// Evenly in [low, high).
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A whole number in [low, high].
    pub fn whole(&mut self, low: u64, high: u64) -> u64 {
        self.0.between(low, high)
    }

    /// From the standard normal law.
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// From the log-normal law with that median.
    pub fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    /// A waiting time of a Poisson process with that rate.
    pub fn exponential(&mut self, rate: f64) -> f64 {
        -(1.0 - self.unit()).ln() / rate
    }
}

/// Seconds as whole milliseconds; less than none is none.
pub fn milliseconds(seconds: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float's cast saturates, and no span here is near the limits"
    )]
    let whole = (seconds * 1000.0).round() as u64;
    whole
}

/// Milliseconds as seconds, for statistics.
#[expect(clippy::cast_precision_loss, reason = "statistics, and far below 2^53")]
pub fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_another_purpose_others() {
        let first = |seed, purpose| Draw::new(seed, purpose).bits();
        assert_eq!(first(1, 2), first(1, 2));
        assert_ne!(first(1, 2), first(1, 3));
        assert_ne!(first(1, 2), first(2, 2));
    }

    #[test]
    fn the_laws_have_their_means() {
        let mut draw = Draw::new(7, 1);
        let mut mean = |of: &mut dyn FnMut(&mut Draw) -> f64| {
            (0..20_000).map(|_| of(&mut draw)).sum::<f64>() / 20_000.0
        };
        assert!((mean(&mut |draw| draw.unit()) - 0.5).abs() < 0.02);
        assert!(mean(&mut Draw::normal).abs() < 0.03);
        assert!((mean(&mut |draw| draw.exponential(0.5)) - 2.0).abs() < 0.1);
        assert!((mean(&mut |draw| draw.log_normal(1.0, 0.5)) - 1.133).abs() < 0.05);
    }
}
