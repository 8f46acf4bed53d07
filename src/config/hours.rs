//! Hours of the week in which a pool keeps more machines waiting.

use std::collections::BTreeSet;

use super::fields::{MACHINES_MAX, count, each};
use crate::document::{Reader, Table};
use crate::model::hours::{DAY, ReserveHours, Weekday};

pub(super) const HOURS: [&str; 4] = ["days", "from", "until", "reserve"];
/// Nobody writes down more.
const HOURS_MAX: usize = 50;
const WEEKDAYS: &str = "weekdays";
const WEEKEND: &str = "weekend";

/// The hours of a pool, none if it says nothing; `None` if some are wrong.
pub(super) fn reserve_hours(table: &Table<'_>) -> Option<Vec<ReserveHours>> {
    let Some(reader) = table.optional("reserve_hours") else {
        return Some(Vec::new());
    };
    each(&reader.list(1..=HOURS_MAX)?, hours)
}

fn hours(reader: &Reader<'_>) -> Option<ReserveHours> {
    let table = reader.table(&HOURS)?;
    let days = match table.optional("days") {
        Some(reader) => days(&reader),
        None => Some(BTreeSet::from(Weekday::ALL)),
    };
    let time = "a time of the day in UTC, such as \"08:30\"";
    let from = table.required("from", time);
    let from = from.and_then(|reader| minute(&reader, DAY - 1));
    let until = table.required("until", time);
    let until = until.and_then(|reader| minute(&reader, DAY));
    let reserve = table.required("reserve", "how many machines are kept waiting then");
    let reserve = reserve.and_then(|reader| count(&reader, 1, MACHINES_MAX));
    Some(ReserveHours {
        days: days?,
        from: from?,
        until: until?,
        reserve: reserve?,
    })
}

fn days(reader: &Reader<'_>) -> Option<BTreeSet<Weekday>> {
    let days = each(&reader.list(1..=9)?, day)?;
    Some(days.into_iter().flatten().collect())
}

/// A day by its name, or several.
fn day(reader: &Reader<'_>) -> Option<Vec<Weekday>> {
    let (weekdays, weekend) = Weekday::ALL.split_at(5);
    let word = reader.word(&[
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        WEEKDAYS,
        WEEKEND,
    ])?;
    Some(match word {
        "monday" => vec![Weekday::Monday],
        "tuesday" => vec![Weekday::Tuesday],
        "wednesday" => vec![Weekday::Wednesday],
        "thursday" => vec![Weekday::Thursday],
        "friday" => vec![Weekday::Friday],
        "saturday" => vec![Weekday::Saturday],
        "sunday" => vec![Weekday::Sunday],
        WEEKDAYS => weekdays.to_vec(),
        _ => weekend.to_vec(),
    })
}

/// `HH:MM` as the minute of the day, `latest` at most.
fn minute(reader: &Reader<'_>, latest: u16) -> Option<u16> {
    let text = reader.text()?;
    let minute = of_clock(text).filter(|minute| *minute <= latest);
    if minute.is_none() {
        let last = format!("{:02}:{:02}", latest / 60, latest % 60);
        reader.expected(&format!(
            "hours and minutes in UTC from \"00:00\" to \"{last}\""
        ));
    }
    minute
}

fn of_clock(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |digits: &str| {
        let is_plain = digits.len() == 2 && digits.bytes().all(|it| it.is_ascii_digit());
        is_plain.then(|| digits.parse::<u16>().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (minutes < 60).then_some(hours * 60 + minutes)
}
