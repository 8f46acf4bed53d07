//! Where settings come from: flag before environment before file; and what a text says.

use std::collections::BTreeMap;
use std::fmt;

use super::file::FileLayer;
use super::keys::{CONFIG_FILE, KEYS, Key, Shape};

/// A setting's raw text and the place it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) texts: Vec<String>,
    pub(super) place: Place,
}

/// Where a setting was found, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Flag(&'static str),
    Variable(String),
    File {
        name: String,
        line: usize,
        key: &'static str,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(formatter, "--{name}"),
            Self::Variable(name) => write!(formatter, "{name}"),
            Self::File { name, line, key } => write!(formatter, "{name}:{line}: `{key}`"),
        }
    }
}

/// The three layers, raw.
#[derive(Debug, Default)]
pub struct Layers {
    /// By key; a flag that was given twice has two texts.
    pub flags: BTreeMap<String, Vec<String>>,
    /// The whole environment.
    pub environment: BTreeMap<String, String>,
    /// The configuration file; empty if there is none.
    pub file: FileLayer,
}

impl Layers {
    /// What stands first for the key; an empty variable of the environment counts as absent.
    pub(super) fn find(&self, key: &Key) -> Option<Found> {
        if let Some(texts) = self.flags.get(key.name) {
            let split = |text: &String| split_list(key, text, |c| c == ',');
            return Some(Found {
                texts: texts.iter().flat_map(split).collect(),
                place: Place::Flag(key.name),
            });
        }
        let variable = key.variable();
        if let Some(text) = self
            .environment
            .get(&variable)
            .filter(|text| !text.is_empty())
        {
            return Some(Found {
                texts: split_list(key, text, char::is_whitespace),
                place: Place::Variable(variable),
            });
        }
        let (line, texts) = self.file.entries.get(key.name)?;
        Some(Found {
            texts: texts.clone(),
            place: Place::File {
                name: self.file.name.clone(),
                line: *line,
                key: key.name,
            },
        })
    }

    /// Keys of the file that are no settings, each with its place.
    pub(super) fn unknown(&self) -> impl Iterator<Item = String> {
        let known = |name: &str| {
            KEYS.iter()
                .any(|key| key.name == name && name != CONFIG_FILE)
        };
        let FileLayer { name, entries } = &self.file;
        entries
            .iter()
            .filter(move |(key, _)| !known(key))
            .map(move |(key, (line, _))| {
                format!("{name}:{line}: `{key}` is no setting of the agent")
            })
    }
}

/// One text, or several in a list. A separator inside a `NAME=value` counts only if another
/// `NAME=` follows it, so that a value may hold commas, spaces and equal signs (quirk A16).
fn split_list(key: &Key, text: &str, separates: impl Fn(char) -> bool) -> Vec<String> {
    if key.shape != Shape::List {
        return vec![text.to_owned()];
    }
    let mut parts: Vec<String> = Vec::new();
    for (index, piece) in text.split(&separates).enumerate() {
        let separator = text[..offset_of(text, piece)].chars().next_back();
        match (parts.last_mut(), separator) {
            (Some(last), Some(separator))
                if index > 0 && key.name == "env-vars" && !starts_with_assignment(piece) =>
            {
                last.push(separator);
                last.push_str(piece);
            }
            _ => parts.push(piece.to_owned()),
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// Where a piece of `split` starts in its whole.
fn offset_of(whole: &str, piece: &str) -> usize {
    piece.as_ptr().addr() - whole.as_ptr().addr()
}

fn starts_with_assignment(text: &str) -> bool {
    text.split_once('=')
        .is_some_and(|(name, _)| is_variable_name(name))
}

/// What bash takes as a variable's name.
pub(super) fn is_variable_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env_vars(text: &str) -> Vec<String> {
        let key = KEYS
            .iter()
            .find(|key| key.name == "env-vars")
            .expect("in the table");
        split_list(key, text, |c| c == ',')
    }

    #[test]
    fn a_value_may_hold_commas_and_equal_signs() {
        assert_eq!(env_vars("A=1,B=2"), ["A=1", "B=2"]);
        assert_eq!(env_vars("A=1,2,B=x=y"), ["A=1,2", "B=x=y"]);
        assert_eq!(env_vars(""), Vec::<String>::new());
    }
}
