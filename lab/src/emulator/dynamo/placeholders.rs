//! `#name` and `:value` of expressions, and which of them were used.

use std::collections::{BTreeMap, BTreeSet};

use super::{Attribute, Item, Refused};

/// What the placeholders of a request stand for.
#[derive(Debug)]
pub(super) struct Placeholders<'a> {
    names: &'a BTreeMap<String, String>,
    values: Item,
    used: BTreeSet<String>,
}

impl<'a> Placeholders<'a> {
    pub(super) fn new(names: &'a BTreeMap<String, String>, values: Item) -> Self {
        Self {
            names,
            values,
            used: BTreeSet::new(),
        }
    }

    /// The attribute that `#name` stands for.
    pub(super) fn name(&mut self, placeholder: &str) -> Result<String, Refused> {
        let name = self.names.get(placeholder).ok_or_else(|| {
            Refused::invalid(format!(
                "An expression attribute name used in the document path is not defined; \
                 attribute name: {placeholder}"
            ))
        })?;
        self.used.insert(placeholder.to_owned());
        Ok(name.clone())
    }

    /// What `:value` stands for.
    pub(super) fn value(&mut self, placeholder: &str) -> Result<Attribute, Refused> {
        let value = self.values.get(placeholder).ok_or_else(|| {
            Refused::invalid(format!(
                "An expression attribute value used in expression is not defined; \
                 attribute value: {placeholder}"
            ))
        })?;
        self.used.insert(placeholder.to_owned());
        Ok(value.clone())
    }

    /// DynamoDB refuses a placeholder that no expression uses.
    pub(super) fn check_all_used(&self) -> Result<(), Refused> {
        let all = self.names.keys().chain(self.values.keys());
        match all.into_iter().find(|name| !self.used.contains(*name)) {
            None => Ok(()),
            Some(name) => Err(Refused::invalid(format!(
                "A placeholder is provided and unused in expressions: {name}"
            ))),
        }
    }
}
