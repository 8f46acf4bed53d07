//! What a job's waiting is worth: by a word, in dollars, or by the wait that is wanted.

use std::time::Duration;

use super::price::dollars;
use crate::document::{Reader, Table};
use crate::model::money::MicroDollars;
use crate::model::offer::Offer;
use crate::model::pool::{Speculation, Speed};

/// Who would pay for more waits for nothing anyway.
const WORTH_MAX: u64 = 1000;

/// The speed of a pool. `offers` are what it launches, the best first, or nothing where that is
/// wrong: a worth in dollars is a worth in minutes of the first of them.
pub(super) fn speed(table: &Table<'_>, offers: &[Offer]) -> Option<Speed> {
    let word = table.optional("speed");
    let worth = table.optional("waiting_minute_dollars");
    let wait = table.optional("wait_p95_seconds");
    match (word, worth, wait) {
        (None, None, None) => Some(Speculation::product().speed),
        (Some(word), None, None) => by_word(&word),
        (None, Some(worth), None) => by_worth(&worth, offers),
        (None, None, Some(wait)) => by_wait(&wait),
        (Some(_), None, Some(other)) | (Some(_), Some(other), _) => beside("speed", &other),
        (None, Some(_), Some(wait)) => beside("waiting_minute_dollars", &wait),
    }
}

fn beside(key: &str, other: &Reader<'_>) -> Option<Speed> {
    other.wrong(format!("found beside {key}"), "expected one of both");
    None
}

fn by_wait(reader: &Reader<'_>) -> Option<Speed> {
    let seconds = u64::try_from(reader.integer(1..=Speed::WAIT_MAX_SECONDS.into())?).ok()?;
    Some(Speed::WaitP95(Duration::from_secs(seconds)))
}

fn by_word(reader: &Reader<'_>) -> Option<Speed> {
    let word = reader.word(&["reactive", "economy", "balanced", "fast"])?;
    Some(match word {
        "reactive" => Speed::Reactive,
        "economy" => Speed::Economy,
        "fast" => Speed::Fast,
        _ => Speed::Balanced,
    })
}

fn by_worth(reader: &Reader<'_>, offers: &[Offer]) -> Option<Speed> {
    let MicroDollars(minute) = dollars(reader)?;
    let Some(first) = offers.first() else {
        return Some(Speed::default());
    };
    let MicroDollars(hour) = first.hourly;
    let Some(worth) = (minute * 60 + hour / 2).checked_div(hour) else {
        let found = format!(
            "found a worth in dollars, and no price of {}",
            first.instance_type
        );
        reader.wrong(
            found,
            "expected its price in cloud.prices, or speed in place of this",
        );
        return None;
    };
    if worth == 0 {
        let least = MicroDollars(hour.div_ceil(60));
        let found = "found less than half of what a minute of a machine costs";
        let expected =
            format!("expected {least} or more, or speed = \"reactive\" in place of this");
        reader.wrong(found, expected);
        return None;
    }
    let worth = u32::try_from(worth.min(WORTH_MAX)).unwrap_or(u32::MAX);
    Some(Speed::Worth(worth))
}
