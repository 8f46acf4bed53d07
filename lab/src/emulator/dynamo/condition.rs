//! Conditions: `attribute_exists(#a)`, `attribute_not_exists(#a)` and `#a = :v` with any of the
//! six comparisons, joined with AND and OR, which binds looser, and in parentheses.

use super::placeholders::Placeholders;
use super::token::{Token, Tokens};
use super::{Attribute, Item, Refused};

/// More than any expression that a person can read.
const DEPTH_MAX: u32 = 32;

/// A condition on an item. Where there is none, it looks at an item without attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Exists(String),
    Missing(String),
    Compared(String, Comparison, Attribute),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

const COMPARISONS: [(&str, Comparison); 6] = [
    ("=", Comparison::Equal),
    ("<>", Comparison::NotEqual),
    ("<", Comparison::Less),
    ("<=", Comparison::LessOrEqual),
    (">", Comparison::Greater),
    (">=", Comparison::GreaterOrEqual),
];

impl Condition {
    pub(super) fn read(text: &str, placeholders: &mut Placeholders<'_>) -> Result<Self, Refused> {
        let mut tokens = Tokens::read(text)?;
        let condition = any(&mut tokens, placeholders, 0)?;
        tokens.expect_end()?;
        Ok(condition)
    }

    pub(super) fn holds(&self, item: &Item) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.holds(item)),
            Self::Any(any) => any.iter().any(|one| one.holds(item)),
            Self::Exists(name) => item.contains_key(name),
            Self::Missing(name) => !item.contains_key(name),
            Self::Compared(name, comparison, value) => comparison.holds(item.get(name), value),
        }
    }
}

impl Comparison {
    /// An attribute that is not there, or is of another type, is not equal and has no order.
    fn holds(self, found: Option<&Attribute>, value: &Attribute) -> bool {
        let order = match (found, value) {
            (Some(Attribute::Text(found)), Attribute::Text(value)) => Some(found.cmp(value)),
            (Some(Attribute::Number(found)), Attribute::Number(value)) => Some(found.cmp(value)),
            (Some(_) | None, _) => None,
        };
        match self {
            Self::Equal => found == Some(value),
            Self::NotEqual => found != Some(value),
            Self::Less => order.is_some_and(std::cmp::Ordering::is_lt),
            Self::LessOrEqual => order.is_some_and(std::cmp::Ordering::is_le),
            Self::Greater => order.is_some_and(std::cmp::Ordering::is_gt),
            Self::GreaterOrEqual => order.is_some_and(std::cmp::Ordering::is_ge),
        }
    }
}

fn any(
    tokens: &mut Tokens,
    placeholders: &mut Placeholders<'_>,
    depth: u32,
) -> Result<Condition, Refused> {
    let mut parts = vec![all(tokens, placeholders, depth)?];
    while tokens.take_word("OR") {
        parts.push(all(tokens, placeholders, depth)?);
    }
    Ok(Condition::Any(parts))
}

fn all(
    tokens: &mut Tokens,
    placeholders: &mut Placeholders<'_>,
    depth: u32,
) -> Result<Condition, Refused> {
    let mut parts = vec![one(tokens, placeholders, depth)?];
    while tokens.take_word("AND") {
        parts.push(one(tokens, placeholders, depth)?);
    }
    Ok(Condition::All(parts))
}

fn one(
    tokens: &mut Tokens,
    placeholders: &mut Placeholders<'_>,
    depth: u32,
) -> Result<Condition, Refused> {
    if DEPTH_MAX < depth {
        return Err(tokens.wrong("parentheses in more than 32 others are not emulated"));
    }
    if tokens.take_sign("(") {
        let inside = any(tokens, placeholders, depth + 1)?;
        tokens.expect_sign(")")?;
        return Ok(inside);
    }
    let is_missing = tokens.take_word("ATTRIBUTE_NOT_EXISTS");
    if is_missing || tokens.take_word("ATTRIBUTE_EXISTS") {
        tokens.expect_sign("(")?;
        let name = placeholders.name(&tokens.expect_name()?)?;
        tokens.expect_sign(")")?;
        return Ok(if is_missing {
            Condition::Missing(name)
        } else {
            Condition::Exists(name)
        });
    }
    let name = placeholders.name(&tokens.expect_name()?)?;
    let comparison = comparison(tokens)?;
    let value = placeholders.value(&tokens.expect_value()?)?;
    Ok(Condition::Compared(name, comparison, value))
}

fn comparison(tokens: &mut Tokens) -> Result<Comparison, Refused> {
    let found = match tokens.next() {
        Some(Token::Sign(sign)) => COMPARISONS.into_iter().find(|(text, _)| *text == sign),
        Some(Token::Name(_) | Token::Value(_) | Token::Word(_)) | None => None,
    };
    let found = found.map(|(_, comparison)| comparison);
    found.ok_or_else(|| tokens.wrong("expected a comparison"))
}
