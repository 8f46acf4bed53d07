//! Minutes of the day at which jobs come every time: nightly builds and the like.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::calendar::{day, is_weekend};
use crate::model::time::Timestamp;

/// Days that are remembered.
const DAYS: usize = 21;
/// Like days on which a minute must have been seen.
const DAYS_LEAST: usize = 3;
/// Fewer jobs than this in the median are left to chance.
const MEDIAN_LEAST: u32 = 3;
const MINUTES: u16 = 1440;

/// Jobs by day and minute, and the minutes that recur.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    days: VecDeque<Day>,
    /// The median count of each recurring minute, on weekdays and on weekends.
    recurring: [BTreeMap<u16, u32>; 2],
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Day {
    number: u64,
    counts: BTreeMap<u16, u32>,
}

impl Schedule {
    /// Counts jobs that came, and says how many of them were expected at this minute.
    pub fn add(&mut self, count: u32, now: Timestamp) -> u32 {
        let number = day(now);
        if self.days.back().is_none_or(|today| today.number != number) {
            self.find_recurring();
            self.days.push_back(Day {
                number,
                counts: BTreeMap::new(),
            });
            while DAYS < self.days.len() {
                self.days.pop_front();
            }
        }
        if count == 0 {
            return 0;
        }
        let due = self.due_in_minute(now);
        if let Some(today) = self.days.back_mut() {
            let counted = today.counts.entry(now.minute_of_day()).or_default();
            *counted = counted.saturating_add(count);
        }
        due.min(count)
    }

    /// Jobs that are still expected within a span from now: those of this minute that have not
    /// come, and those of the minutes that begin before its end.
    pub fn due(&self, now: Timestamp, ahead: std::time::Duration) -> u32 {
        if self.recurring.iter().all(BTreeMap::is_empty) {
            return 0;
        }
        let mut due = self.due_in_minute(now);
        let mut begins = Timestamp::from_seconds(now.as_seconds() / 60 * 60 + 60);
        let until = now.plus(ahead);
        while begins <= until {
            due = due.saturating_add(self.expected(begins));
            begins = begins.plus(std::time::Duration::from_secs(60));
        }
        due
    }

    fn due_in_minute(&self, now: Timestamp) -> u32 {
        let came = self.days.back().filter(|today| today.number == day(now));
        let came = came.and_then(|today| today.counts.get(&now.minute_of_day()).copied());
        self.expected(now).saturating_sub(came.unwrap_or(0))
    }

    fn expected(&self, at: Timestamp) -> u32 {
        let kind = usize::from(is_weekend(day(at)));
        self.recurring[kind]
            .get(&at.minute_of_day())
            .copied()
            .unwrap_or(0)
    }

    /// At the end of a day: which minutes recur. The first day that was watched began somewhere in
    /// it, so it does not count.
    fn find_recurring(&mut self) {
        for kind in [false, true] {
            let like: Vec<&BTreeMap<u16, u32>> = self
                .days
                .iter()
                .skip(1)
                .filter(|day| is_weekend(day.number) == kind)
                .map(|day| &day.counts)
                .collect();
            self.recurring[usize::from(kind)] = recurring(&like);
        }
    }
}

fn recurring(days: &[&BTreeMap<u16, u32>]) -> BTreeMap<u16, u32> {
    if days.len() < DAYS_LEAST {
        return BTreeMap::new();
    }
    let minutes = days[days.len() - 1].keys().copied();
    minutes
        .filter_map(|minute| Some((minute, median_if_recurring(days, minute)?)))
        .collect()
}

/// The median count of a minute, if it comes nearly every time and stands out of its neighbors.
fn median_if_recurring(days: &[&BTreeMap<u16, u32>], minute: u16) -> Option<u32> {
    let at = |minute: u16| {
        days.iter()
            .map(move |day| day.get(&minute).copied().unwrap_or(0))
    };
    let mut counts: Vec<u32> = at(minute).collect();
    counts.sort_unstable();
    let median = counts[counts.len() / 2];
    // With five days or more, one in five may fail.
    let least = counts[counts.len() / 5];
    if median < MEDIAN_LEAST || least * 10 < median * 6 {
        return None;
    }
    let around =
        [MINUTES - 3, MINUTES - 2, MINUTES - 1, 1, 2, 3].map(|step| (minute + step) % MINUTES);
    let beside: u32 = around.into_iter().flat_map(at).sum();
    let looks = u32::try_from(6 * days.len()).unwrap_or(u32::MAX);
    // Three times its neighbors' mean, and two more.
    (3 * beside + 2 * looks <= median.saturating_mul(looks)).then_some(median)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(day: u64, minute: u64, second: u64) -> Timestamp {
        Timestamp::from_seconds(day * 86_400 + minute * 60 + second)
    }

    /// Forty jobs at 02:00 of every day, and one in every other minute.
    fn nightly(days: std::ops::Range<u64>) -> Schedule {
        let mut schedule = Schedule::default();
        for day in days {
            for minute in 0..1440 {
                schedule.add(if minute == 120 { 40 } else { 1 }, at(day, minute, 5));
            }
        }
        schedule
    }

    #[test]
    fn what_comes_every_day_is_expected_and_counted_down() {
        // Monday to Friday; the first day does not count.
        let mut schedule = nightly(4..9);
        let friday = |minute, second| at(11, minute, second);
        assert_eq!(schedule.add(0, at(11, 0, 0)), 0);
        let minute = Duration::from_secs(60);
        assert_eq!(schedule.due(friday(118, 30), minute), 0);
        assert_eq!(schedule.due(friday(119, 30), minute), 40);
        assert_eq!(schedule.add(25, friday(120, 3)), 25);
        assert_eq!(schedule.due(friday(120, 4), minute), 15);
        assert_eq!(schedule.add(25, friday(120, 5)), 15);
        assert_eq!(schedule.due(friday(120, 6), minute), 0);
    }

    #[test]
    fn a_pattern_that_breaks_is_forgotten_within_days() {
        let mut schedule = nightly(4..9);
        for day in 11..15 {
            schedule.add(1, at(day, 500, 0));
        }
        assert_eq!(schedule.due(at(15, 119, 30), Duration::from_secs(60)), 0);
    }

    #[test]
    fn weekends_are_days_of_their_own() {
        let mut schedule = nightly(4..9);
        schedule.add(0, at(9, 0, 0));
        assert_eq!(schedule.due(at(9, 119, 30), Duration::from_secs(60)), 0);
    }
}
