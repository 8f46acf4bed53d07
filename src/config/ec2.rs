//! What a pool says of its machines on EC2: what is launched, and the offers, the best first.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::default;
use super::fields::{PARAMETER_RULE, each, is_parameter, seconds};
use super::price::{TYPE_RULE, is_type};
use crate::document::{Reader, Scalar, Table, Value};
use crate::model::money::MicroDollars;
use crate::model::offer::{Market, Offer};
use crate::model::template::{ImageSource, LaunchTemplate};

pub(super) const POOL: [&str; 7] = [
    "launch_template",
    "image",
    "instance_types",
    "subnets",
    "market",
    "spot_patience_seconds",
    "machine",
];
pub(super) const LAUNCH_TEMPLATE: [&str; 2] = ["id", "version"];
pub(super) const IMAGE: [&str; 1] = ["parameter"];
/// One request to EC2 takes at most 300 rows, of which each is a type in a subnet.
const TYPES_MAX: usize = 30;
const SUBNETS_MAX: usize = 10;
/// Nobody waits a day for cheap machines.
const DAY: i64 = 86_400;
/// What the rest of the file says of money.
#[derive(Clone, Copy, Debug)]
pub(super) struct Money<'a> {
    /// `None` if they are wrong, which the report says.
    pub(super) prices: Option<&'a BTreeMap<String, MicroDollars>>,
    /// A budget needs every price.
    pub(super) has_budget: bool,
}

/// What is launched for a pool, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Machines {
    pub(super) template: LaunchTemplate,
    pub(super) offers: Vec<Offer>,
    pub(super) spot_patience: Duration,
}

/// A pool's machines; `None` only with a problem in the report.
pub(super) fn machines(table: &Table<'_>, money: Money<'_>) -> Option<Machines> {
    let expected = "{ id = \"lt-…\", version = 1 }, the launch template of its machines";
    let template = table.required("launch_template", expected);
    let template = template.and_then(|reader| launch_template(&reader));
    let image = match table.optional("image") {
        Some(reader) => image(&reader).map(Some),
        None => Some(None),
    };
    let types = table.required("instance_types", "a list such as [\"c7i.large\"]");
    let types = types.and_then(|reader| types_of(&reader, money));
    let subnets = table.required("subnets", "a list of subnet ids, one for each zone");
    let subnets = subnets.and_then(|reader| subnets_of(&reader));
    let market = markets(table);
    let patience = spot_patience(table, market);
    let (id, version) = template?;
    let image = image?;
    Some(Machines {
        template: LaunchTemplate { id, version, image },
        offers: offers(&types?, &subnets?, market?),
        spot_patience: patience?,
    })
}

/// Spot before on-demand, then the types as written, and the subnets of each in turn.
fn offers(
    types: &[(String, MicroDollars)],
    subnets: &[String],
    markets: &'static [Market],
) -> Vec<Offer> {
    let mut offers = Vec::new();
    for market in markets {
        for (instance_type, hourly) in types {
            offers.extend(subnets.iter().map(|subnet| Offer {
                instance_type: instance_type.clone(),
                subnet: subnet.clone(),
                market: *market,
                hourly: *hourly,
            }));
        }
    }
    offers
}

fn launch_template(reader: &Reader<'_>) -> Option<(String, u32)> {
    let table = reader.table(&LAUNCH_TEMPLATE)?;
    let id = table.required("id", "its id, such as lt-0123456789abcdef0");
    let id = id.and_then(|reader| id_of(&reader, "lt", "lt-0123456789abcdef0"));
    let version = table.required("version", "a number such as 1");
    let version = version.and_then(|reader| template_version(&reader));
    Some((id?, version?))
}

fn template_version(reader: &Reader<'_>) -> Option<u32> {
    if let Value::Scalar(Scalar::Text(text)) = reader.value()
        && text.starts_with('$')
    {
        reader.wrong(
            format!("found the version {text:?}, which moves"),
            "expected a number: failed boots are counted by version, and one that moves would \
             change machines without a word",
        );
        return None;
    }
    u32::try_from(reader.integer(1..=i64::from(u32::MAX))?).ok()
}

fn image(reader: &Reader<'_>) -> Option<ImageSource> {
    let Value::Map(_) = reader.value() else {
        let example = "ami-0123456789abcdef0, or { parameter = \"/path\" }";
        return id_of(reader, "ami", example).map(ImageSource::Id);
    };
    let table = reader.table(&IMAGE)?;
    let name = table.required(
        "parameter",
        "the name of a parameter that holds the image's id",
    )?;
    let text = name.filled_text()?;
    if is_parameter(text) {
        return Some(ImageSource::Parameter(text.to_owned()));
    }
    name.expected(PARAMETER_RULE);
    None
}

fn types_of(reader: &Reader<'_>, money: Money<'_>) -> Option<Vec<(String, MicroDollars)>> {
    let items = reader.list(1..=TYPES_MAX)?;
    let types = each(&items, |item| {
        let text = item.text()?;
        if !is_type(text) {
            item.expected(TYPE_RULE);
            return None;
        }
        Some((text.to_owned(), hourly(item, text, money)?))
    })?;
    distinct(&items, types)
}

/// What a type costs. Without a budget nothing depends on it, and zero stands for unknown.
fn hourly(reader: &Reader<'_>, instance_type: &str, money: Money<'_>) -> Option<MicroDollars> {
    let Some(prices) = money.prices else {
        return Some(MicroDollars::default());
    };
    if let Some(price) = prices.get(instance_type) {
        return Some(*price);
    }
    if money.has_budget {
        reader.wrong(
            format!("found {instance_type}, whose price is not known, beside dollars_per_hour_max"),
            format!(
                "expected its price an hour in the table cloud.prices, such as \
                 \"{instance_type}\" = \"0.10\""
            ),
        );
        return None;
    }
    Some(MicroDollars::default())
}

fn subnets_of(reader: &Reader<'_>) -> Option<Vec<String>> {
    let items = reader.list(1..=SUBNETS_MAX)?;
    let subnets = each(&items, |item| {
        id_of(item, "subnet", "subnet-0123456789abcdef0")
    })?;
    distinct(&items, subnets)
}

/// Reports what stands in a list a second time.
fn distinct<T: Ord>(items: &[Reader<'_>], values: Vec<T>) -> Option<Vec<T>> {
    let mut seen = BTreeSet::new();
    let mut is_distinct = true;
    for (item, value) in items.iter().zip(&values) {
        if !seen.insert(value) {
            item.wrong("found a second time", "expected each once");
            is_distinct = false;
        }
    }
    is_distinct.then_some(values)
}

/// An id of EC2: what it is, a dash, and letters and digits.
fn id_of(reader: &Reader<'_>, prefix: &str, example: &str) -> Option<String> {
    let text = reader.filled_text()?;
    let rest = text
        .strip_prefix(prefix)
        .and_then(|it| it.strip_prefix('-'));
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(fits)) {
        return Some(text.to_owned());
    }
    reader.expected(&format!("an id such as {example}"));
    None
}

fn markets(table: &Table<'_>) -> Option<&'static [Market]> {
    let Some(reader) = table.optional("market") else {
        return Some(&[Market::OnDemand]);
    };
    Some(match reader.word(&["on-demand", "spot", "spot-first"])? {
        "spot" => &[Market::Spot],
        "spot-first" => &[Market::Spot, Market::OnDemand],
        _ => &[Market::OnDemand],
    })
}

fn spot_patience(table: &Table<'_>, markets: Option<&[Market]>) -> Option<Duration> {
    let key = "spot_patience_seconds";
    if let (Some(reader), Some([_])) = (table.optional(key), markets) {
        reader.wrong(
            "found without market = \"spot-first\"",
            "only there spot is waited for before on-demand is tried: take it out",
        );
        return None;
    }
    seconds(table, key, 0..=DAY, default::SPOT_PATIENCE)
}
