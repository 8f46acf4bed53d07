//! Dollars in a configuration, and what an hour of an instance type costs on demand.

use std::collections::BTreeMap;

use crate::document::{Reader, Scalar, Value};
use crate::model::money::MicroDollars;

/// List prices of one region, which stand in for prices that the configuration does not say.
const SHIPPED: &str = include_str!("prices.csv");
/// A million dollars an hour is no budget but a slip.
const DOLLARS_MAX: u64 = 1_000_000;

/// On-demand prices an hour by instance type, as this version ships them: those of us-east-1,
/// for orientation. What a row says otherwise than `type,dollars` is left out.
pub fn shipped() -> impl Iterator<Item = (&'static str, MicroDollars)> {
    let rows = SHIPPED.lines().filter_map(|line| line.split_once(','));
    rows.filter_map(|(instance_type, price)| Some((instance_type, micro_dollars(price)?)))
}

/// `[cloud.prices]` before the shipped prices; `None` if one of the former is wrong.
pub(super) fn prices(table: Option<&Reader<'_>>) -> Option<BTreeMap<String, MicroDollars>> {
    let owned = shipped().map(|(instance_type, price)| (instance_type.to_owned(), price));
    let mut prices: BTreeMap<String, MicroDollars> = owned.collect();
    let Some(reader) = table else {
        return Some(prices);
    };
    let names = reader.names()?;
    let mut is_right = true;
    for (name, reader) in &names {
        match price(name, reader) {
            Some(price) => drop(prices.insert((*name).to_owned(), price)),
            None => is_right = false,
        }
    }
    is_right.then_some(prices)
}

fn price(name: &str, reader: &Reader<'_>) -> Option<MicroDollars> {
    if is_type(name) {
        return positive(reader);
    }
    if let Value::Map(_) = reader.value() {
        let expected = "expected instance types in quotes, such as \"c7i.large\" = \"0.0893\"";
        reader.wrong(
            "found a map, as a name with a dot and without quotes makes one",
            expected,
        );
    } else {
        reader.wrong("found this name", format!("expected {TYPE_RULE}"));
    }
    None
}

/// A price of nothing would make a budget allow everything.
fn positive(reader: &Reader<'_>) -> Option<MicroDollars> {
    let price = dollars(reader)?;
    if price == MicroDollars::default() {
        reader.expected("more than nothing: a budget counts with it");
        return None;
    }
    Some(price)
}

/// The rule of [`is_type`], in words.
pub(super) const TYPE_RULE: &str = "an instance type, such as c7i.large";

/// A family, a dot and a size. Which of them exist, the cloud alone knows.
pub(super) fn is_type(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_part = |part: &str| !part.is_empty() && part.chars().all(fits);
    text.split_once('.')
        .is_some_and(|(family, size)| is_part(family) && is_part(size))
}

/// Whole dollars, or with up to six digits behind the point; never through a float.
pub(super) fn dollars(reader: &Reader<'_>) -> Option<MicroDollars> {
    let amount = match reader.value() {
        Value::Scalar(Scalar::Integer(number)) => micro_dollars(&number.to_string()),
        Value::Scalar(Scalar::Text(text) | Scalar::Decimal(text)) => micro_dollars(text),
        Value::Scalar(_) | Value::List(_) | Value::Map(_) => None,
    };
    if amount.is_none() {
        reader.expected("dollars from 0 to 1000000, such as 12 or \"12.50\"");
    }
    amount
}

fn micro_dollars(text: &str) -> Option<MicroDollars> {
    let most = MicroDollars(DOLLARS_MAX * 1_000_000);
    MicroDollars::parse(text).filter(|amount| *amount <= most)
}
