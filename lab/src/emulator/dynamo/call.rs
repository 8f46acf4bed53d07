//! What a request's JSON says.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::placeholders::Placeholders;
use super::{Attribute, Item, Operation, Refused};

/// The members of all four operations; one that is in none of them is refused.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Said {
    table_name: String,
    key: Option<Map<String, Value>>,
    item: Option<Map<String, Value>>,
    condition_expression: Option<String>,
    update_expression: Option<String>,
    #[serde(default)]
    expression_attribute_names: BTreeMap<String, String>,
    #[serde(default)]
    expression_attribute_values: Map<String, Value>,
    return_values: Option<String>,
    return_values_on_condition_check_failure: Option<String>,
    consistent_read: Option<bool>,
}

/// Which item an answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Returned {
    Nothing,
    /// As it was before.
    Old,
    /// As it is now.
    New,
}

/// A request whose members go with its operation.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) table_name: String,
    pub(super) condition_expression: Option<String>,
    pub(super) update_expression: Option<String>,
    pub(super) returned: Returned,
    named: Map<String, Value>,
    names: BTreeMap<String, String>,
    values: Map<String, Value>,
    shows_item_of_failure: bool,
}

impl Call {
    pub(super) fn read(operation: Operation, body: &[u8]) -> Result<Self, Refused> {
        let said = serde_json::from_slice(body);
        let said: Said = said.map_err(|error| Refused::invalid(error.to_string()))?;
        check_members(operation, &said)?;
        let returned = returned(operation, said.return_values.as_deref())?;
        let shown = said.return_values_on_condition_check_failure.as_deref();
        let shows_item_of_failure = match shown {
            None | Some("NONE") => false,
            Some("ALL_OLD") => true,
            Some(other) => return Err(strange("ReturnValuesOnConditionCheckFailure", other)),
        };
        Ok(Self {
            table_name: said.table_name,
            condition_expression: said.condition_expression,
            update_expression: said.update_expression,
            returned,
            named: said.item.or(said.key).unwrap_or_default(),
            names: said.expression_attribute_names,
            values: said.expression_attribute_values,
            shows_item_of_failure,
        })
    }

    /// The item that is put, or else the key.
    pub(super) fn named(&self) -> Result<Item, Refused> {
        Attribute::read_all(&self.named)
    }

    pub(super) fn placeholders(&self) -> Result<Placeholders<'_>, Refused> {
        Ok(Placeholders::new(
            &self.names,
            Attribute::read_all(&self.values)?,
        ))
    }

    pub(super) fn shows_item_of_failure(&self) -> bool {
        self.shows_item_of_failure
    }
}

/// Each operation has its own members; some it needs.
fn check_members(operation: Operation, said: &Said) -> Result<(), Refused> {
    let is_put = operation == Operation::PutItem;
    let is_read = operation == Operation::GetItem;
    let is_update = operation == Operation::UpdateItem;
    let allowed = [
        ("Item", said.item.is_some(), is_put),
        ("Key", said.key.is_some(), !is_put),
        (
            "ConditionExpression",
            said.condition_expression.is_some(),
            !is_read,
        ),
        (
            "UpdateExpression",
            said.update_expression.is_some(),
            is_update,
        ),
        ("ReturnValues", said.return_values.is_some(), !is_read),
        ("ConsistentRead", said.consistent_read.is_some(), is_read),
    ];
    let name = operation.name();
    if let Some((member, ..)) = allowed.iter().find(|(_, is_there, may)| *is_there && !may) {
        return Err(Refused::invalid(format!("{name} has no member {member}")));
    }
    let needed = if is_put { "Item" } else { "Key" };
    if said.item.is_none() && said.key.is_none() {
        return Err(Refused::invalid(format!(
            "{name} needs the member {needed}"
        )));
    }
    Ok(())
}

fn returned(operation: Operation, said: Option<&str>) -> Result<Returned, Refused> {
    match said {
        None | Some("NONE") => Ok(Returned::Nothing),
        Some("ALL_OLD") => Ok(Returned::Old),
        Some("ALL_NEW") if operation == Operation::UpdateItem => Ok(Returned::New),
        Some(other) => Err(strange("ReturnValues", other)),
    }
}

fn strange(member: &str, value: &str) -> Refused {
    Refused::invalid(format!("{member} cannot be {value} here"))
}
