//! Hours of the week in which a pool keeps more machines waiting than at other times.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// Minutes of a day.
pub const DAY: u16 = 24 * 60;

/// A day of the week, in universal time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weekday {
    /// The first of the five.
    Monday,
    /// The second.
    Tuesday,
    /// The third.
    Wednesday,
    /// The fourth. The epoch was one.
    Thursday,
    /// The fifth.
    Friday,
    /// The first of the weekend.
    Saturday,
    /// The second of the weekend.
    Sunday,
}

impl Weekday {
    /// All of them, from the Monday on.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// Which one a moment is on.
    pub fn of(now: Timestamp) -> Self {
        Self::of_day(now.as_seconds() / 86_400)
    }

    /// Which one so many days after the epoch is.
    pub fn of_day(days: u64) -> Self {
        let at = (days + 3) % 7;
        Self::ALL[usize::try_from(at).unwrap_or(0)]
    }

    /// Whether it is a Saturday or a Sunday.
    pub fn is_weekend(self) -> bool {
        Self::Saturday <= self
    }

    /// The one before.
    pub fn before(self) -> Self {
        match self {
            Self::Monday => Self::Sunday,
            Self::Tuesday => Self::Monday,
            Self::Wednesday => Self::Tuesday,
            Self::Thursday => Self::Wednesday,
            Self::Friday => Self::Thursday,
            Self::Saturday => Self::Friday,
            Self::Sunday => Self::Saturday,
        }
    }
}

/// A reserve for some hours of some days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReserveHours {
    /// The days on which they begin.
    pub days: BTreeSet<Weekday>,
    /// The minute of the day at which they begin, from 0 to 1439.
    pub from: u16,
    /// The minute before which they end, from 0 to 1440. If it is not after the first, that is on
    /// the next day.
    pub until: u16,
    /// Machines kept waiting then, if that is more than the pool's reserve.
    pub reserve: u32,
}

impl ReserveHours {
    /// Whether a moment is within them.
    pub fn hold(&self, now: Timestamp) -> bool {
        let today = Weekday::of(now);
        let minute = now.minute_of_day();
        let begins_today = self.days.contains(&today) && self.from <= minute;
        if self.from < self.until {
            return begins_today && minute < self.until;
        }
        begins_today || (self.days.contains(&today.before()) && minute < self.until)
    }
}

/// The largest reserve of some hours; none if there are none.
pub fn largest<'a>(hours: impl IntoIterator<Item = &'a ReserveHours>) -> u32 {
    let reserves = hours.into_iter().map(|hours| hours.reserve);
    reserves.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A moment of the week that began on Monday, 5 January 2026, at midnight.
    fn at(day: u64, hour: u64, minute: u64) -> Timestamp {
        Timestamp::from_seconds(1_767_571_200 + (day * 24 + hour) * 3600 + minute * 60)
    }

    fn hours(days: &[Weekday], from: u16, until: u16) -> ReserveHours {
        ReserveHours {
            days: days.iter().copied().collect(),
            from,
            until,
            reserve: 3,
        }
    }

    #[test]
    fn the_epoch_was_a_thursday_and_every_day_has_one_before_it() {
        assert_eq!(Weekday::of(Timestamp::default()), Weekday::Thursday);
        for (day, weekday) in Weekday::ALL.into_iter().enumerate() {
            let day = day as u64;
            assert_eq!(Weekday::of(at(day, 0, 0)), weekday);
            assert_eq!(Weekday::of(at(day, 23, 59)), weekday);
            assert_eq!(Weekday::of(at(day + 6, 12, 0)), weekday.before());
            assert_eq!(weekday.is_weekend(), 5 <= day);
        }
    }

    #[test]
    fn hours_hold_from_their_first_minute_to_before_their_last() {
        let office = hours(&[Weekday::Monday], 8 * 60, 18 * 60 + 30);
        let holds = |day, hour, minute| office.hold(at(day, hour, minute));
        assert!(!holds(0, 7, 59) && holds(0, 8, 0) && holds(0, 18, 29) && !holds(0, 18, 30));
        assert!(!holds(1, 12, 0) && !holds(6, 12, 0) && holds(7, 12, 0));
    }

    #[test]
    fn hours_that_end_before_they_begin_go_on_past_midnight() {
        let night = hours(&[Weekday::Sunday], 22 * 60, 6 * 60);
        let holds = |day, hour, minute| night.hold(at(day, hour, minute));
        assert!(!holds(6, 21, 59) && holds(6, 22, 0) && holds(6, 23, 59));
        assert!(holds(7, 0, 0) && holds(7, 5, 59) && !holds(7, 6, 0));
        assert!(!holds(6, 5, 0) && !holds(7, 22, 0));
    }

    #[test]
    fn hours_that_end_when_they_begin_are_a_day() {
        let whole = hours(&[Weekday::Friday], 0, DAY);
        let turned = hours(&[Weekday::Friday], 9 * 60, 9 * 60);
        assert!(whole.hold(at(4, 0, 0)) && whole.hold(at(4, 23, 59)) && !whole.hold(at(5, 0, 0)));
        assert!(!turned.hold(at(4, 8, 59)) && turned.hold(at(4, 9, 0)));
        assert!(turned.hold(at(5, 8, 59)) && !turned.hold(at(5, 9, 0)));
    }
}
