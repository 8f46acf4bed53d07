//! The form in which EC2 gets its parameters: `Filter.1.Value.2=x&…`.
//!
//! Nothing is silently ignored: a parameter that an action does not know is refused, as EC2
//! does, so that a misspelt one fails in a test and not in an account.

use std::collections::BTreeMap;

use crate::emulator::ec2::error::{self, Refusal, invalid};

/// The parameters of one request, decoded, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    pub(super) fn read(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let decoded = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        });
        Self(decoded.collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        let missing = || {
            let text = format!("The request must contain the parameter {name}");
            Refusal::new(error::MISSING, text)
        };
        self.get(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(missing)
    }

    /// A whole number, of which the real client may write `2` or `2.0`.
    pub(super) fn number(&self, name: &str) -> Result<Option<u32>, Refusal> {
        let read = |value: &str| {
            let whole = value.strip_suffix(".0").unwrap_or(value);
            whole.parse().map_err(|_| invalid(name, value))
        };
        self.get(name).map(read).transpose()
    }

    /// A decimal number, in millionths.
    pub(super) fn millionths(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let read = |value: &str| millionths(value).ok_or_else(|| invalid(name, value));
        self.get(name).map(read).transpose()
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(value) => Err(invalid(name, value)),
        }
    }

    /// `name.1`, `name.2` and so on, until one is missing.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let numbered = (1..).map(|index| self.get(&format!("{name}.{index}")));
        numbered.map_while(|value| value).collect()
    }

    /// The same, as texts of their own.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        self.list(name).into_iter().map(str::to_owned).collect()
    }

    /// The machines that the request names.
    pub(super) fn machines(&self) -> Vec<&str> {
        let one = self.get("InstanceId").into_iter();
        let many = self.list("InstanceId").into_iter();
        one.chain(many).chain(self.list("ResourceId")).collect()
    }

    /// What stands under `name.1.`, `name.2.` and so on, each as a form of its own.
    pub(super) fn items(&self, name: &str) -> Vec<Self> {
        let numbered = (1..).map(|index| self.under(&format!("{name}.{index}")));
        numbered.map_while(|item| item).collect()
    }

    /// What stands under `name.`, if anything does.
    pub(super) fn under(&self, name: &str) -> Option<Self> {
        let prefix = format!("{name}.");
        let range = self.0.range(prefix.clone()..);
        let below = range.map_while(|(key, value)| {
            let rest = key.strip_prefix(&prefix)?;
            Some((rest.to_owned(), value.clone()))
        });
        let below: BTreeMap<String, String> = below.collect();
        (!below.is_empty()).then_some(Self(below))
    }

    /// Refuses a parameter that is not in `known`, where `N` stands for any number.
    pub(super) fn check_known(&self, known: &[&str]) -> Result<(), Refusal> {
        let always = ["Action", "Version", "DryRun"];
        let is_known = |name: &str| known.iter().chain(&always).any(|known| *known == name);
        let lost = self.0.keys().find(|name| !is_known(&general(name)));
        match lost {
            None => Ok(()),
            Some(name) => Err(Refusal::new(
                error::UNKNOWN_PARAMETER,
                format!("The parameter {name} is not recognized"),
            )),
        }
    }
}

/// `Filter.1.Value.2` as `Filter.N.Value.N`.
fn general(name: &str) -> String {
    let is_number = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    let parts = name
        .split('.')
        .map(|part| if is_number(part) { "N" } else { part });
    parts.collect::<Vec<_>>().join(".")
}

/// `0.0416` as 41,600; digits beyond the sixth are cut.
fn millionths(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part: String = part.chars().chain("000000".chars()).take(6).collect();
    let whole: u64 = whole.parse().ok()?;
    whole
        .checked_mul(1_000_000)?
        .checked_add(part.parse().ok()?)
}

/// Percent escapes and `+`; what is no escape stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let after = &rest[character.len_utf8()..];
        let escaped = after.get(..2).filter(|_| character == '%');
        let escaped = escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        rest = match escaped {
            Some(byte) => {
                bytes.push(byte);
                &after[2..]
            }
            None if character == '+' => {
                bytes.push(b' ');
                after
            }
            None => {
                bytes.extend_from_slice(&rest.as_bytes()[..character.len_utf8()]);
                after
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
