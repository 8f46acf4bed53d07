//! What items are made of: named values, each with its type, as DynamoDB's JSON writes them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Refused;

/// The types that are kept as they came, and that can be compared for equality alone.
const OTHER_TYPES: [&str; 8] = ["B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"];

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// A text.
    Text(String),
    /// A whole number. DynamoDB's have 38 digits, and fractions, which a lease does not need.
    Number(i128),
    /// Anything else, as it came.
    Other(Value),
}

/// Attributes by their names.
pub type Item = BTreeMap<String, Attribute>;

impl Attribute {
    /// A value of the form `{"S": "text"}`.
    pub(super) fn read(value: &Value) -> Result<Self, Refused> {
        let strange = || {
            let text = format!("{value} is no attribute value such as {{\"S\": \"text\"}}");
            Refused::Invalid(text)
        };
        let object = value.as_object().ok_or_else(strange)?;
        let mut pairs = object.iter();
        let (Some((kind, inside)), None) = (pairs.next(), pairs.next()) else {
            return Err(strange());
        };
        match (kind.as_str(), inside.as_str()) {
            ("S", Some(text)) => Ok(Self::Text(text.to_owned())),
            ("N", Some(digits)) => digits.parse().map(Self::Number).map_err(|_| {
                let text = format!("{digits} is no whole number; no other is emulated");
                Refused::Invalid(text)
            }),
            (other, _) if OTHER_TYPES.contains(&other) => Ok(Self::Other(value.clone())),
            _ => Err(strange()),
        }
    }

    /// All attributes of an item.
    pub(super) fn read_all(values: &Map<String, Value>) -> Result<Item, Refused> {
        let read = |(name, value): (&String, &Value)| Ok((name.clone(), Self::read(value)?));
        values.iter().map(read).collect()
    }

    fn json(&self) -> Value {
        match self {
            Self::Text(text) => json!({ "S": text }),
            Self::Number(number) => json!({ "N": number.to_string() }),
            Self::Other(value) => value.clone(),
        }
    }
}

/// An item as DynamoDB writes it.
pub(super) fn json(item: &Item) -> Value {
    let pairs = item
        .iter()
        .map(|(name, value)| (name.clone(), value.json()));
    Value::Object(pairs.collect())
}
