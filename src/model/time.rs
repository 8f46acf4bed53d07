//! Moments, in whole milliseconds since the Unix epoch. Spans are `std::time::Duration`.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment: milliseconds since the Unix epoch.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// A moment from milliseconds since the Unix epoch.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// A moment from whole seconds since the Unix epoch.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, as the hub's protocol counts.
    pub const fn as_seconds(self) -> u64 {
        self.0 / 1000
    }

    /// The minute of its day in universal time, from 0 to 1439.
    pub fn minute_of_day(self) -> u16 {
        u16::try_from(self.as_seconds() % 86_400 / 60).unwrap_or(0)
    }

    /// How long ago `earlier` was; zero if it lies ahead, as after a clock jump.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// This moment and a span; the end of time rather than an overflow.
    pub fn plus(self, span: Duration) -> Self {
        let milliseconds = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(milliseconds))
    }

    /// This moment less a span; the epoch rather than an underflow.
    pub fn minus(self, span: Duration) -> Self {
        let milliseconds = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(milliseconds))
    }
}

/// A span as people say it: `45 s`, `3 min 20 s`, `2 h 5 min`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spoken(pub Duration);

impl fmt::Display for Spoken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        match (hours, minutes, rest) {
            (0, 0, rest) => write!(formatter, "{rest} s"),
            (0, minutes, 0) => write!(formatter, "{minutes} min"),
            (0, minutes, rest) => write!(formatter, "{minutes} min {rest} s"),
            (hours, 0, _) => write!(formatter, "{hours} h"),
            (hours, minutes, _) => write!(formatter, "{hours} h {minutes} min"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_back_gives_no_negative_span() {
        let earlier = Timestamp::from_seconds(20);
        let now = Timestamp::from_seconds(10);
        assert_eq!(now.since(earlier), Duration::ZERO);
    }

    #[test]
    fn spans_are_spoken_in_two_units_at_most() {
        let spoken = |seconds| Spoken(Duration::from_secs(seconds)).to_string();
        assert_eq!(spoken(0), "0 s");
        assert_eq!(spoken(60), "1 min");
        assert_eq!(spoken(200), "3 min 20 s");
        assert_eq!(spoken(7_505), "2 h 5 min");
    }
}
