//! The moment in a `Date` header, in the one form that servers may send (RFC 9110, 5.6.7):
//! `Sun, 06 Nov 1994 08:49:37 GMT`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::model::time::Timestamp;

/// A date that arrived longer ago says nothing of the present: the host may have slept since.
const LATEST_MAX: Duration = Duration::from_secs(60);

/// The `Date` of a server's latest answer, to compare its clock with this host's. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct LatestDate(Arc<Mutex<Option<(Timestamp, Instant)>>>);

impl LatestDate {
    /// Takes in the header of an answer that has just arrived.
    pub fn note(&self, header: Option<&str>) {
        if let Some(date) = header.and_then(read) {
            let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *latest = Some((date, Instant::now()));
        }
    }

    /// What time it is there now; `None` if no answer of the last minute told.
    pub fn time(&self) -> Option<Timestamp> {
        let latest = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (date, arrived) = latest?;
        let passed = arrived.elapsed();
        (passed <= LATEST_MAX).then(|| date.plus(passed))
    }
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The moment, in whole seconds; `None` for any other form, and for moments before the epoch.
pub fn read(text: &str) -> Option<Timestamp> {
    let (_, rest) = text.split_once(", ")?;
    let parts: Vec<&str> = rest.split(' ').collect();
    let [day, month, year, time, "GMT"] = parts[..] else {
        return None;
    };
    let month = MONTHS.iter().position(|name| *name == month)?;
    let clock: Vec<u64> = time.split(':').map(number).collect::<Option<_>>()?;
    let [hours, minutes, seconds] = clock[..] else {
        return None;
    };
    let days = days(number(year)?, month as u64 + 1, number(day)?)?;
    Some(Timestamp::from_seconds(
        ((days * 24 + hours) * 60 + minutes) * 60 + seconds,
    ))
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number| *number < 10_000)
}

/// Days from the epoch to a day of the Gregorian calendar. A year begins in March here, so that
/// the leap day is its last one and every month before it has a fixed place.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let (year, month) = if month < 3 {
        (year.checked_sub(1)?, month + 9)
    } else {
        (year, month - 3)
    };
    let of_months = (153 * month + 2) / 5;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + of_months + day;
    // From 1 March of the year 0 to 1 January 1970, and one because days count from one.
    days.checked_sub(719_469)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_as_others_read_it() {
        let seconds = |text| read(text).map(Timestamp::as_seconds);
        assert_eq!(seconds("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(seconds("Tue, 29 Feb 2000 23:59:59 GMT"), Some(951_868_799));
        assert_eq!(seconds("Wed, 01 Mar 2000 00:00:00 GMT"), Some(951_868_800));
        assert_eq!(
            seconds("Fri, 31 Dec 2027 00:00:00 GMT"),
            Some(1_830_211_200)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn latest_date_goes_on_for_a_minute() {
        let latest = LatestDate::default();
        assert_eq!(latest.time(), None);
        latest.note(Some("Thu, 01 Jan 1970 00:16:40 GMT"));
        latest.note(Some("nonsense"));
        latest.note(None);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(latest.time(), Some(Timestamp::from_seconds(1060)));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(latest.time(), None);
    }

    #[test]
    fn what_is_no_such_date_is_none() {
        for text in [
            "",
            "now",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Non 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 99999999999999999 08:49:37 GMT",
            "Sun, 06 Nov 1900 08:49:37 GMT",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
