//! The `Date` header of a clock that is wrong.

use dayfly::model::time::Timestamp;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
/// The epoch was a Thursday.
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const DAY: u64 = 86_400;

/// A moment as a `Date` header has it: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(super) fn written(at: Timestamp) -> String {
    let seconds = at.as_seconds();
    let days = seconds / DAY;
    let (year, day_of_year) = year_of(days);
    let (month, day) = month_of(day_of_year, is_leap(year));
    format!(
        "{}, {day:02} {month} {year:04} {:02}:{:02}:{:02} GMT",
        pick(&WEEKDAYS, days % 7),
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60,
    )
}

/// A moment and an offset in seconds; the epoch rather than a moment before it.
pub(super) fn shifted(at: Timestamp, offset_seconds: i64) -> Timestamp {
    Timestamp::from_seconds(at.as_seconds().saturating_add_signed(offset_seconds))
}

/// The year of a day since the epoch, and the day's place in it from zero. Years are walked one
/// by one: a header is written with a wrong clock only, and the years since 1970 are few.
fn year_of(days: u64) -> (u64, u64) {
    let (mut year, mut left) = (1970, days);
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        if left < length || 9999 <= year {
            return (year, left.min(length - 1));
        }
        left -= length;
        year += 1;
    }
}

fn month_of(day_of_year: u64, leap: bool) -> (&'static str, u64) {
    let february = if leap { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut left = day_of_year;
    for (name, length) in MONTHS.iter().zip(lengths) {
        if left < length {
            return (name, left + 1);
        }
        left -= length;
    }
    ("Dec", 31)
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn pick(names: &[&'static str], index: u64) -> &'static str {
    let index = usize::try_from(index).unwrap_or_default();
    names.get(index).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_headers_have_them() {
        let header = |seconds| written(Timestamp::from_seconds(seconds));
        assert_eq!(header(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(header(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(header(951_825_600), "Tue, 29 Feb 2000 12:00:00 GMT");
        assert_eq!(header(1_798_761_599), "Thu, 31 Dec 2026 23:59:59 GMT");
    }

    #[test]
    fn clock_is_shifted_both_ways() {
        let at = Timestamp::from_seconds(1_790_000_000);
        assert_eq!(shifted(at, 300), Timestamp::from_seconds(1_790_000_300));
        assert_eq!(shifted(at, -300), Timestamp::from_seconds(1_789_999_700));
        assert_eq!(shifted(at, i64::MIN), Timestamp::default());
    }
}
