//! `--faults FILE`: the faults of an emulated server, from a file.
//!
//! A file is a list of tables under `fault`, in TOML or in JSON. Each has a `kind`, most an
//! `endpoint`, and says when it strikes; [`hub`] and [`cloud`] know the rest.

pub mod cloud;
pub mod hub;

use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use crate::emulator::rules::When;
use dayfly::document::{self, Format, Problem, Reader, Report, Table};
use dayfly::model::time::Timestamp;

const SECONDS: RangeInclusive<i64> = 0..=1_000_000_000;
const COUNT: RangeInclusive<i64> = 1..=1_000_000_000;

/// Reads the faults of a file. `one` reads a table, and reports what is wrong with it.
fn read<T>(
    path: &Path,
    keys: &'static [&'static str],
    one: impl Fn(&Table<'_>) -> Option<T>,
) -> Result<Vec<T>, Vec<Problem>> {
    let file = path.display().to_string();
    let report = Report::new(file.clone());
    let format = match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => Format::Yaml,
        Some(_) | None => Format::Toml,
    };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let found = format!("cannot be read: {error}");
            report.add(None, "", found, "expected a file of faults");
            return Err(report.into_problems());
        }
    };
    let root = document::parse(&text, &file, format)?;
    let faults = list(&Reader::new(&root, &report));
    let faults: Vec<T> = faults
        .iter()
        .filter_map(|fault| one(&fault.table(keys)?))
        .collect();
    let problems = report.into_problems();
    if problems.is_empty() {
        return Ok(faults);
    }
    Err(problems)
}

fn list<'a>(root: &Reader<'a>) -> Vec<Reader<'a>> {
    let list = || {
        let table = root.table(&["fault"])?;
        table
            .required("fault", "a list of faults")?
            .list(0..=10_000)
    };
    list().unwrap_or_default()
}

/// When a fault strikes: `times`, `first`, `every`, or `from_seconds` and `to_seconds` since
/// `start`; always if there is none of them.
fn when(table: &Table<'_>, start: Timestamp) -> Option<When> {
    let number = |key: &str, range| {
        let found = table.optional(key).map(|reader| reader.integer(range));
        found.map(|number| number.and_then(|number| u32::try_from(number).ok()))
    };
    let (times, first) = (number("times", COUNT), number("first", COUNT));
    let every = number("every", COUNT);
    let (from, to) = (
        number("from_seconds", SECONDS),
        number("to_seconds", SECONDS),
    );
    let ways = [
        times.or(first).is_some(),
        every.is_some(),
        from.or(to).is_some(),
    ];
    if 1 < ways.iter().filter(|way| **way).count() {
        let found = "found several ways to say when";
        let expected = "expected times and first, or every, or from_seconds and to_seconds";
        table.reader().wrong(found, expected);
        return None;
    }
    let at = |seconds: u32| start.plus(Duration::from_secs(seconds.into()));
    Some(match (every, from, to) {
        (Some(every), _, _) => When::EveryNth(every?),
        (None, None, None) if times.or(first).is_some() => When::Occurrences {
            first: first.unwrap_or(Some(1))?,
            count: times.unwrap_or(Some(1))?,
        },
        (None, None, None) => When::Always,
        (None, from, to) => When::Window {
            from: at(from.unwrap_or(Some(0))?),
            until: at(to.unwrap_or(Some(u32::MAX))?),
        },
    })
}

/// The value of a key that this kind of fault needs.
fn needed<'a>(table: &Table<'a>, key: &str, expected: &str) -> Option<Reader<'a>> {
    table.required(key, expected)
}

/// A span in seconds.
fn seconds(table: &Table<'_>) -> Option<Duration> {
    let number = needed(table, "seconds", "a number of seconds")?.integer(SECONDS)?;
    u64::try_from(number).ok().map(Duration::from_secs)
}
