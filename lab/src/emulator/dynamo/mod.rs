//! DynamoDB's conditional writes, as far as a lease needs them: tables as a pure state machine.
//!
//! One item is read, put, updated or deleted at a time, on a condition or without one, and what
//! a condition saw and what was written are one moment.
//!
//! What is not here: sort keys, indexes, queries, transactions, streams, expiry, capacity units,
//! and of expressions all but those of `condition` and `update`. What is not here is refused
//! and never ignored, so that it fails in a test and not in an account.

mod attribute;
mod call;
mod condition;
mod placeholders;
mod token;
mod update;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

pub use self::attribute::{Attribute, Item};
use self::call::{Call, Returned};
use self::condition::Condition;
use self::placeholders::Placeholders;
use self::update::Update;

/// What is asked of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Reads an item.
    GetItem,
    /// Replaces an item, or makes it.
    PutItem,
    /// Changes attributes of an item, or makes it.
    UpdateItem,
    /// Removes an item.
    DeleteItem,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::GetItem,
        Self::PutItem,
        Self::UpdateItem,
        Self::DeleteItem,
    ];

    /// The protocol's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GetItem => "GetItem",
            Self::PutItem => "PutItem",
            Self::UpdateItem => "UpdateItem",
            Self::DeleteItem => "DeleteItem",
        }
    }
}

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The condition does not hold; with the item, if that was asked for and there is one.
    Condition(Option<Value>),
    /// There is no such table.
    Table,
    /// The request is not one that DynamoDB, or this part of it, can do; with what is wrong.
    Invalid(String),
}

impl Refused {
    fn invalid(text: impl Into<String>) -> Self {
        Self::Invalid(text.into())
    }
}

/// All tables of an account, by name.
#[derive(Debug, Default)]
pub struct Tables(BTreeMap<String, Table>);

/// One table: its items by the text that their key is.
#[derive(Debug)]
struct Table {
    key: String,
    items: BTreeMap<String, Item>,
}

impl Tables {
    /// Empty tables, by their names; each with the name of its key, whose values are texts.
    pub fn new(keys: &BTreeMap<String, String>) -> Self {
        let empty = |key: &String| Table {
            key: key.clone(),
            items: BTreeMap::new(),
        };
        let tables = keys.iter().map(|(name, key)| (name.clone(), empty(key)));
        Self(tables.collect())
    }

    /// Does what a body asks; gives the JSON of the answer.
    pub fn answer(&mut self, operation: Operation, body: &[u8]) -> Result<Value, Refused> {
        let call = Call::read(operation, body)?;
        let table = self.0.get_mut(&call.table_name).ok_or(Refused::Table)?;
        table.answer(operation, &call)
    }

    /// An item, for whoever looks from outside.
    pub fn item(&self, table: &str, key: &str) -> Option<&Item> {
        self.0.get(table)?.items.get(key)
    }
}

impl Table {
    fn answer(&mut self, operation: Operation, call: &Call) -> Result<Value, Refused> {
        let mut placeholders = call.placeholders()?;
        let condition = read_condition(call, &mut placeholders)?;
        let update = read_update(call, &mut placeholders)?;
        placeholders.check_all_used()?;
        if let Some(update) = &update {
            update.check_spares(&self.key)?;
        }
        let named = call.named()?;
        let key = self.key_of(&named, operation)?;
        let before = self.items.get(&key).cloned();
        let nothing = Item::new();
        let seen = before.as_ref().unwrap_or(&nothing);
        if condition.is_some_and(|condition| !condition.holds(seen)) {
            let shown = before.filter(|_| call.shows_item_of_failure());
            return Err(Refused::Condition(shown.as_ref().map(attribute::json)));
        }
        let after = match operation {
            Operation::GetItem => return Ok(told("Item", before.as_ref())),
            Operation::PutItem => Some(named),
            Operation::DeleteItem => None,
            Operation::UpdateItem => {
                let base = before.clone().unwrap_or(named);
                Some(match &update {
                    Some(update) => update.applied(base),
                    None => base,
                })
            }
        };
        let answer = match call.returned {
            Returned::Nothing => json!({}),
            Returned::Old => told("Attributes", before.as_ref()),
            Returned::New => told("Attributes", after.as_ref()),
        };
        match after {
            Some(item) => self.items.insert(key, item),
            None => self.items.remove(&key),
        };
        Ok(answer)
    }

    /// The key's text; it stands alone, except in an item that is put.
    fn key_of(&self, named: &Item, operation: Operation) -> Result<String, Refused> {
        let is_whole = operation == Operation::PutItem || named.len() == 1;
        match named.get(&self.key) {
            Some(Attribute::Text(text)) if is_whole && !text.is_empty() => Ok(text.clone()),
            _ => Err(Refused::invalid(format!(
                "The provided key element does not match the schema: expected {} as a text that \
                 is not empty",
                self.key
            ))),
        }
    }
}

fn told(name: &str, item: Option<&Item>) -> Value {
    let pairs = item.map(|item| (name.to_owned(), attribute::json(item)));
    Value::Object(pairs.into_iter().collect::<Map<String, Value>>())
}

fn read_condition(
    call: &Call,
    placeholders: &mut Placeholders<'_>,
) -> Result<Option<Condition>, Refused> {
    let text = call.condition_expression.as_deref();
    text.map(|text| Condition::read(text, placeholders))
        .transpose()
}

fn read_update(
    call: &Call,
    placeholders: &mut Placeholders<'_>,
) -> Result<Option<Update>, Refused> {
    let text = call.update_expression.as_deref();
    text.map(|text| Update::read(text, placeholders))
        .transpose()
}
