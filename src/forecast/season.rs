//! How many jobs each half hour of a weekday or of a weekend's day brings.

use serde::{Deserialize, Serialize};

use super::calendar::half_hour;
use crate::model::time::Timestamp;

/// How much the newest half hour counts, in percent.
const NEWEST_PERCENT: u32 = 20;
/// Levels: half hours that bring about as many jobs. The last one is of hours never seen.
pub const UNKNOWN: u8 = 7;

/// Thousandths of jobs by half hour, and the one that is being counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Season {
    milli: Vec<Option<u32>>,
    current: Option<(u64, u32)>,
}

impl Season {
    /// Counts jobs that came.
    pub fn add(&mut self, count: u32, now: Timestamp) {
        let number = now.as_seconds() / 1800;
        match &mut self.current {
            Some((current, counted)) if *current == number => {
                *counted = counted.saturating_add(count);
            }
            Some((current, counted)) => {
                // A half hour of which only a part was watched is watched for long enough.
                let (ended, total) = (*current, *counted);
                self.close(ended, total);
                self.current = Some((number, count));
            }
            None => self.current = Some((number, count)),
        }
    }

    fn close(&mut self, number: u64, count: u32) {
        self.milli.resize(96, None);
        let slot = &mut self.milli[half_hour(Timestamp::from_seconds(number * 1800))];
        let milli = count.saturating_mul(1000);
        *slot = Some(slot.map_or(milli, |before| {
            let mixed = u64::from(before) * u64::from(100 - NEWEST_PERCENT)
                + u64::from(milli) * u64::from(NEWEST_PERCENT);
            u32::try_from(mixed / 100).unwrap_or(u32::MAX)
        }));
    }

    /// Thousandths of jobs that the half hour of a moment brings, smoothed over its neighbors.
    pub fn milli(&self, at: Timestamp) -> Option<u32> {
        let slot = half_hour(at);
        let first_of_kind = slot / 48 * 48;
        let around = [47, 0, 1].map(|step| first_of_kind + (slot + step) % 48);
        let known = around
            .into_iter()
            .filter_map(|slot| self.milli.get(slot).copied().flatten());
        let (sum, count) = known.fold((0_u64, 0_u64), |(sum, count), milli| {
            (sum + u64::from(milli), count + 1)
        });
        let mean = sum.checked_div(count)?;
        u32::try_from(mean).ok()
    }

    /// How busy the half hour of a moment is, in seven levels, or [`UNKNOWN`].
    pub fn level(&self, at: Timestamp) -> u8 {
        match self.milli(at) {
            None => UNKNOWN,
            Some(0..300) => 0,
            Some(300..1_000) => 1,
            Some(1_000..3_000) => 2,
            Some(3_000..10_000) => 3,
            Some(10_000..30_000) => 4,
            Some(30_000..100_000) => 5,
            Some(100_000..) => 6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_hour_is_known_when_it_is_over_and_newer_ones_count() {
        let mut season = Season::default();
        let at = |day: u64, minute: u64| Timestamp::from_seconds(day * 86_400 + minute * 60);
        assert_eq!(season.level(at(4, 600)), UNKNOWN);
        season.add(50, at(4, 600));
        season.add(50, at(4, 610));
        season.add(0, at(4, 630));
        season.add(0, at(4, 660));
        assert_eq!(
            season.milli(at(5, 600)),
            Some(50_000),
            "smoothed with the quiet one after"
        );
        season.add(0, at(5, 600));
        season.add(0, at(5, 630));
        assert_eq!(season.milli(at(6, 600)), Some(40_000));
        assert_eq!(
            season.milli(at(9, 600)),
            None,
            "a Saturday is another kind of day"
        );
    }
}
