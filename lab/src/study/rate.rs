//! How many machines a cloud lets be launched: a bucket that fills again.

use super::draw::seconds;

/// What is left of it, in machines.
#[derive(Clone, Copy, Debug)]
pub(super) struct LaunchRate {
    burst: f64,
    per_second: f64,
    left: f64,
    filled_at: u64,
}

impl LaunchRate {
    /// A full one, at a moment in milliseconds: so many at once, and then so many each second.
    pub(super) fn new(burst: u64, per_second: u64, now: u64) -> Self {
        let burst = seconds(burst * 1000);
        Self {
            burst,
            per_second: seconds(per_second * 1000),
            left: burst,
            filled_at: now,
        }
    }

    /// Takes as many as there are of those that are wanted; gives how many.
    pub(super) fn take(&mut self, wanted: u32, now: u64) -> u32 {
        let passed = seconds(now - self.filled_at);
        self.left = (self.left + passed * self.per_second).min(self.burst);
        self.filled_at = now;
        let mut taken = 0;
        while taken < wanted && 1.0 <= self.left {
            self.left -= 1.0;
            taken += 1;
        }
        taken
    }
}
