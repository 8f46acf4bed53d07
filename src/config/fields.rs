//! Kinds of values that several tables of a configuration have. Every reader may import this file,
//! which imports none of them.

use std::time::Duration;

use crate::document::{Reader, Table};

/// What the decision is measured for (design.md section 9).
pub(super) const MACHINES_MAX: i64 = 10_000;
/// Names go into tags and paths.
const NAME_MAX: usize = 64;
/// A parameter's path may be so long.
const PARAMETER_LENGTH_MAX: usize = 1011;

/// The rule of [`is_name`], in words.
pub(super) const NAME_RULE: &str = "letters, digits, '-' and '_', 64 at most";

pub(super) fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !text.is_empty() && text.len() <= NAME_MAX && text.chars().all(fits)
}

/// A count within a range.
pub(super) fn count(reader: &Reader<'_>, least: i64, most: i64) -> Option<u32> {
    u32::try_from(reader.integer(least..=most)?).ok()
}

/// What each of a list's values says; `None` if one of them is wrong, after all have been read.
pub(super) fn each<'a, T>(
    items: &[Reader<'a>],
    read: impl FnMut(&Reader<'a>) -> Option<T>,
) -> Option<Vec<T>> {
    let said: Vec<Option<T>> = items.iter().map(read).collect();
    said.into_iter().collect()
}

/// A span in whole seconds, or its default; `None` if it is wrong.
pub(super) fn seconds(
    table: &Table<'_>,
    key: &str,
    range: std::ops::RangeInclusive<i64>,
    default: Duration,
) -> Option<Duration> {
    let Some(reader) = table.optional(key) else {
        return Some(default);
    };
    let seconds = u64::try_from(reader.integer(range)?).ok()?;
    Some(Duration::from_secs(seconds))
}

/// The rule of [`is_parameter`], in words.
pub(super) const PARAMETER_RULE: &str = "a parameter's name, such as /dayfly/name";

/// A parameter's name, perhaps with a version or label behind a colon.
pub(super) fn is_parameter(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | ':');
    text.len() <= PARAMETER_LENGTH_MAX && text.chars().all(fits)
}
