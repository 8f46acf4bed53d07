//! TOML into nodes.

use ::toml::Spanned;
use ::toml::de::{DeInteger, DeTable, DeValue};

use super::{Entry, Node, Place, Report, Scalar, Value};

/// Reads a document; every syntax error and duplicate key goes into the report.
pub(super) fn parse(text: &str, report: &Report) -> Option<Node> {
    let places = Places::of(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let span = error.span().unwrap_or_default();
        let place = Some(places.at(span.start));
        // The text at the place of any other error may be a token without its quotes.
        if error.message() == "duplicate key" {
            let key = text.get(span).unwrap_or_default();
            report.add(place, key, "given a second time", "keep one of them");
        } else {
            report.add(place, "", error.message(), "");
        }
    }
    errors.is_empty().then(|| Node {
        place: places.at(0),
        value: table(root.get_ref(), &places),
    })
}

/// Where each line starts, to turn a byte's offset into a place.
struct Places<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Places<'t> {
    fn of(text: &'t str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            text,
            starts: std::iter::once(0).chain(breaks).collect(),
        }
    }

    fn at(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        let before = self.text.get(start..offset).unwrap_or_default();
        Place {
            line,
            column: before.chars().count() + 1,
        }
    }
}

fn node(spanned: &Spanned<DeValue<'_>>, place: Place, places: &Places<'_>) -> Node {
    let scalar = |scalar| Value::Scalar(scalar);
    let value = match spanned.get_ref() {
        DeValue::String(text) => scalar(Scalar::Text(text.to_string())),
        DeValue::Integer(number) => scalar(integer(number)),
        DeValue::Float(number) => scalar(Scalar::Decimal(number.to_string())),
        DeValue::Boolean(value) => scalar(Scalar::Boolean(*value)),
        DeValue::Datetime(date) => scalar(Scalar::Date(date.to_string())),
        DeValue::Table(entries) => table(entries, places),
        DeValue::Array(items) => {
            let item =
                |item: &Spanned<DeValue<'_>>| node(item, places.at(item.span().start), places);
            Value::List(items.iter().map(item).collect())
        }
    };
    Node { place, value }
}

/// The entries in the order of the file; the parser keeps them sorted by name.
fn table(entries: &DeTable<'_>, places: &Places<'_>) -> Value {
    let mut sorted: Vec<_> = entries.iter().collect();
    sorted.sort_by_key(|(key, _)| key.span().start);
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let key: &Spanned<std::borrow::Cow<'_, str>> = key;
        // A table's own span may lie anywhere among its parts; its name is what a person looks for.
        let place = places.at(key.span().start);
        Entry {
            key: key.get_ref().to_string(),
            place,
            node: node(value, place, places),
        }
    };
    Value::Map(sorted.into_iter().map(entry).collect())
}

fn integer(number: &DeInteger<'_>) -> Scalar {
    match i64::from_str_radix(number.as_str(), number.radix()) {
        Ok(value) => Scalar::Integer(value),
        Err(_) => Scalar::Decimal(number.to_string()),
    }
}
