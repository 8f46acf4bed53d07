//! Walking a tree with types, collecting every problem instead of stopping at the first.
//!
//! A getter returns `None` both for what is absent and for what is wrong; the latter is in the
//! report by then. Whoever has read everything asks the report once whether it may go on.

use std::ops::RangeInclusive;

use super::{Entry, Node, Place, Report, Scalar, Value, spelling};

/// Longer texts are cut when a problem shows them.
const SHOWN_MAX: usize = 40;

/// One value in its place: knows its path and where its problems go.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    report: &'a Report,
    node: &'a Node,
    path: String,
    hidden: bool,
}

/// A map with a fixed set of keys; unknown ones are in the report already.
#[derive(Clone, Debug)]
pub struct Table<'a> {
    reader: Reader<'a>,
    entries: &'a [Entry],
    keys: &'a [&'a str],
}

/// The path of a key below a path; a name that is no plain word is quoted.
pub(super) fn below(path: &str, key: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let shown = if !key.is_empty() && key.chars().all(is_word) {
        key.to_owned()
    } else {
        format!("{key:?}")
    };
    match path {
        "" => shown,
        path => format!("{path}.{shown}"),
    }
}

impl<'a> Reader<'a> {
    /// Starts at the root of a file.
    pub fn new(root: &'a Node, report: &'a Report) -> Self {
        Self {
            report,
            node: root,
            path: String::new(),
            hidden: false,
        }
    }

    /// The same value, which no problem will ever show: it may be a secret.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// The path of keys that leads here.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Where this value starts.
    pub fn place(&self) -> Place {
        self.node.place
    }

    /// The value as it was read, for what has several shapes.
    pub fn value(&self) -> &'a Value {
        &self.node.value
    }

    /// Reports this value: what was found, and what would be right.
    pub fn wrong(&self, found: impl Into<String>, expected: impl Into<String>) {
        let place = Some(self.node.place);
        self.report.add(place, self.path.clone(), found, expected);
    }

    /// Reports that something else was found than `expected`, such as `a text`.
    pub fn expected(&self, expected: &str) {
        let found = format!("found {}", self.describe());
        self.wrong(found, format!("expected {expected}"));
    }

    /// A text.
    pub fn text(&self) -> Option<&'a str> {
        if let Value::Scalar(Scalar::Text(text)) = &self.node.value {
            return Some(text);
        }
        let is_bare = matches!(
            &self.node.value,
            Value::Scalar(Scalar::Integer(_) | Scalar::Decimal(_) | Scalar::Boolean(_))
        );
        self.expected(if is_bare {
            "a text, in quotes"
        } else {
            "a text"
        });
        None
    }

    /// A text that is not empty.
    pub fn filled_text(&self) -> Option<&'a str> {
        let text = self.text()?;
        if text.trim().is_empty() {
            self.expected("a text that is not empty");
            return None;
        }
        Some(text)
    }

    /// A whole number within a range.
    pub fn integer(&self, range: RangeInclusive<i64>) -> Option<i64> {
        if let Value::Scalar(Scalar::Integer(number)) = &self.node.value
            && range.contains(number)
        {
            return Some(*number);
        }
        let (least, most) = (range.start(), range.end());
        self.expected(&match *most {
            i64::MAX => format!("an integer of at least {least}"),
            most => format!("an integer from {least} to {most}"),
        });
        None
    }

    /// `true` or `false`.
    pub fn boolean(&self) -> Option<bool> {
        if let Value::Scalar(Scalar::Boolean(value)) = &self.node.value {
            return Some(*value);
        }
        self.expected("true or false");
        None
    }

    /// One of a few words.
    pub fn word(&self, words: &[&'static str]) -> Option<&'static str> {
        let text = match &self.node.value {
            Value::Scalar(Scalar::Text(text)) => Some(text.as_str()),
            Value::Scalar(_) | Value::List(_) | Value::Map(_) => None,
        };
        let known = words.iter().find(|word| Some(**word) == text).copied();
        if known.is_none() {
            self.expected(&one_of(words));
        }
        known
    }

    /// A list, with how many values it may have. One of another length is reported, and read.
    pub fn list(&self, count: RangeInclusive<usize>) -> Option<Vec<Self>> {
        let Value::List(items) = &self.node.value else {
            self.expected("a list");
            return None;
        };
        if !count.contains(&items.len()) {
            let found = format!("found a list of {}", items.len());
            let expected = match (*count.start(), *count.end()) {
                (least, usize::MAX) => format!("expected at least {least}"),
                (least, most) => format!("expected from {least} to {most}"),
            };
            self.wrong(found, expected);
        }
        let item = |(at, node)| self.at(node, format!("{}[{at}]", self.path));
        Some(items.iter().enumerate().map(item).collect())
    }

    /// A list of texts.
    pub fn texts(&self) -> Option<Vec<&'a str>> {
        let items = self.list(0..=usize::MAX)?;
        Some(items.iter().filter_map(Self::text).collect())
    }

    /// A map whose keys are names that the person chose, in the order of the file.
    pub fn names(&self) -> Option<Vec<(&'a str, Self)>> {
        let entries = self.entries()?;
        let named = |entry: &'a Entry| {
            let path = below(&self.path, &entry.key);
            (entry.key.as_str(), self.at(&entry.node, path))
        };
        Some(entries.iter().map(named).collect())
    }

    /// A map with these keys and no others: each unknown one is reported, with its closest known one.
    pub fn table(&self, keys: &'a [&'a str]) -> Option<Table<'a>> {
        let entries = self.entries()?;
        for entry in entries {
            if !keys.contains(&entry.key.as_str()) {
                let path = below(&self.path, &entry.key);
                let expected = match spelling::closest(&entry.key, keys) {
                    Some(known) => format!("did you mean \"{known}\"?"),
                    None => format!("expected {}", one_of(keys)),
                };
                let place = Some(entry.place);
                self.report.add(place, path, "unknown key", expected);
            }
        }
        Some(Table {
            reader: self.clone(),
            entries,
            keys,
        })
    }

    fn entries(&self) -> Option<&'a [Entry]> {
        if let Value::Map(entries) = &self.node.value {
            return Some(entries);
        }
        self.expected("a map of keys and values");
        None
    }

    fn at(&self, node: &'a Node, path: String) -> Self {
        Self {
            report: self.report,
            node,
            path,
            hidden: self.hidden,
        }
    }

    /// The value in words, for a problem.
    fn describe(&self) -> String {
        match &self.node.value {
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a map".to_owned(),
            Value::Scalar(Scalar::Null) => "nothing".to_owned(),
            Value::Scalar(_) if self.hidden => "a value that is not shown".to_owned(),
            Value::Scalar(Scalar::Text(text)) => format!("the text {:?}", shortened(text)),
            Value::Scalar(Scalar::Integer(number)) => format!("the number {number}"),
            Value::Scalar(Scalar::Decimal(number)) => format!("the number {}", shortened(number)),
            Value::Scalar(Scalar::Date(date)) => format!("the date {date}"),
            Value::Scalar(Scalar::Boolean(value)) => value.to_string(),
        }
    }
}

impl<'a> Table<'a> {
    /// The map itself, to report it as a whole.
    pub fn reader(&self) -> &Reader<'a> {
        &self.reader
    }

    /// The value of a key, if it is there; a key without a value counts as absent.
    pub fn optional(&self, key: &str) -> Option<Reader<'a>> {
        debug_assert!(self.keys.contains(&key), "{key} is not among the keys");
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        if entry.node.value == Value::Scalar(Scalar::Null) {
            return None;
        }
        let path = below(&self.reader.path, key);
        Some(self.reader.at(&entry.node, path))
    }

    /// The value of a key that must be there; `expected` says what belongs there, such as `a text`.
    pub fn required(&self, key: &str, expected: &str) -> Option<Reader<'a>> {
        let found = self.optional(key);
        if found.is_none() {
            self.missing(key, expected);
        }
        found
    }

    /// Reports that a key is missing; `expected` says what belongs there.
    pub fn missing(&self, key: &str, expected: &str) {
        let path = below(&self.reader.path, key);
        let expected = format!("expected {expected}");
        let place = Some(self.reader.node.place);
        self.reader.report.add(place, path, "missing", expected);
    }
}

/// Words as a person lists them: `a, b or c`.
fn one_of(words: &[&str]) -> String {
    match words {
        [] => "no keys".to_owned(),
        [word] => (*word).to_owned(),
        [words @ .., last] => format!("{} or {last}", words.join(", ")),
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= SHOWN_MAX {
        return text.to_owned();
    }
    text.chars().take(SHOWN_MAX).chain(['…']).collect()
}
