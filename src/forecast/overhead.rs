//! Machine time that no job used, against what jobs used, over the last day.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::time::Timestamp;

/// Hours that are remembered.
const HOURS: usize = 24;
/// Spare machine time that a day may have whatever its jobs use: half an hour. Without it a
/// pool's first job of the week could have no race.
const ALLOWANCE: u64 = 1_800_000;
/// What a file's word on the jobs of a day counts for at most: an hour of a machine.
const BELIEVED: u64 = 3_600_000;
/// A look that comes later than this counts as one that came in time: nobody knows what was between.
const LOOK_MAX: Duration = Duration::from_secs(60);

/// Machine milliseconds by hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overhead {
    hours: VecDeque<Hour>,
    seen_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Hour {
    number: u64,
    used: u64,
    spare: u64,
}

impl Overhead {
    /// Takes in how many machines had a job since the last look, and how many were there beyond
    /// the jobs.
    pub fn add(&mut self, running: u32, spare: u32, now: Timestamp) {
        let span = self
            .seen_at
            .map_or(Duration::ZERO, |at| now.since(at))
            .min(LOOK_MAX);
        let span = u64::try_from(span.as_millis()).unwrap_or(0);
        self.seen_at = Some(now);
        let number = now.as_seconds() / 3600;
        if self.hours.back().is_none_or(|hour| hour.number != number) {
            self.hours.push_back(Hour {
                number,
                ..Hour::default()
            });
        }
        let is_old = |hour: &Hour| hour.number + (HOURS as u64) <= number || number < hour.number;
        self.hours.retain(|hour| !is_old(hour));
        if let Some(hour) = self.hours.back_mut() {
            hour.used += u64::from(running) * span;
            hour.spare += u64::from(spare) * span;
        }
    }

    /// Believes all of it less: how much was spare is kept in proportion, and what was used gives
    /// little right to spend.
    pub fn doubt(&mut self) {
        let (used, _) = self.sums();
        if used <= BELIEVED {
            return;
        }
        for hour in &mut self.hours {
            hour.used = share(hour.used, BELIEVED, used);
            hour.spare = share(hour.spare, BELIEVED, used);
        }
    }

    /// Spare machine time in percent of what jobs used.
    pub fn percent(&self) -> u32 {
        let (used, spare) = self.sums();
        u32::try_from(spare * 100 / used.max(1)).unwrap_or(u32::MAX)
    }

    /// Whether a day has had all the spare machine time that it may.
    pub fn is_exhausted(&self, percent_max: u32) -> bool {
        let (used, spare) = self.sums();
        used / 100 * u64::from(percent_max) + ALLOWANCE <= spare
    }

    fn sums(&self) -> (u64, u64) {
        let add = |(used, spare): (u64, u64), hour: &Hour| (used + hour.used, spare + hour.spare);
        self.hours.iter().fold((0, 0), add)
    }
}

/// `amount` times `part` over `whole`, which is not zero.
fn share(amount: u64, part: u64, whole: u64) -> u64 {
    let scaled = u128::from(amount) * u128::from(part) / u128::from(whole);
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_may_waste_its_allowance_and_a_share_of_what_was_used() {
        let mut overhead = Overhead::default();
        let minute = |minute: u64| Timestamp::from_seconds(minute * 60);
        (0..=30).for_each(|at| overhead.add(0, 1, minute(at)));
        assert!(overhead.is_exhausted(50), "half an hour is the allowance");
        (31..=91).for_each(|at| overhead.add(1, 0, minute(at)));
        assert!(!overhead.is_exhausted(50));
        assert_eq!(overhead.percent(), 49);
        overhead.add(0, 0, minute(24 * 60 + 59));
        assert_eq!(
            overhead.percent(),
            0,
            "yesterday's first hours are forgotten"
        );
    }

    #[test]
    fn what_a_file_says_was_used_gives_an_hour_to_spend_and_its_share_stays() {
        let minute = |minute: u64| Timestamp::from_seconds(minute * 60);
        let mut overhead = Overhead::default();
        (0..=60).for_each(|at| overhead.add(100, 50, minute(at)));
        assert_eq!(overhead.percent(), 50);
        overhead.doubt();
        assert_eq!(overhead.percent(), 50);
        // Half an hour is spare already, of an hour and the allowance of half an hour.
        (61..=120).for_each(|at| overhead.add(0, 1, minute(at)));
        assert!(overhead.is_exhausted(100));
    }

    #[test]
    fn a_long_silence_counts_as_one_look() {
        let mut overhead = Overhead::default();
        overhead.add(1, 1, Timestamp::from_seconds(0));
        overhead.add(1, 9, Timestamp::from_seconds(3000));
        assert!(!overhead.is_exhausted(0));
    }
}
