//! Updates: `SET #a = :v, #b = :w`.

use super::placeholders::Placeholders;
use super::token::Tokens;
use super::{Attribute, Item, Refused};

/// The attributes that an update sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Update(Item);

impl Update {
    pub(super) fn read(text: &str, placeholders: &mut Placeholders<'_>) -> Result<Self, Refused> {
        let mut tokens = Tokens::read(text)?;
        if !tokens.take_word("SET") {
            return Err(tokens.wrong("expected SET; other clauses are not emulated"));
        }
        let mut set = Item::new();
        loop {
            let name = placeholders.name(&tokens.expect_name()?)?;
            tokens.expect_sign("=")?;
            let value: Attribute = placeholders.value(&tokens.expect_value()?)?;
            if set.insert(name, value).is_some() {
                return Err(tokens.wrong("two paths overlap"));
            }
            if !tokens.take_sign(",") {
                tokens.expect_end()?;
                return Ok(Self(set));
            }
        }
    }

    /// An item keeps its key.
    pub(super) fn check_spares(&self, key: &str) -> Result<(), Refused> {
        if !self.0.contains_key(key) {
            return Ok(());
        }
        Err(Refused::invalid(format!(
            "Cannot update attribute {key}. This attribute is part of the key"
        )))
    }

    /// The item as it is afterwards.
    pub(super) fn applied(&self, mut item: Item) -> Item {
        item.extend(self.0.clone());
        item
    }
}
