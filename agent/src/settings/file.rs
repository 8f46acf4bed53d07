//! The configuration file: one setting a line, in YAML, JSON or TOML.

use std::collections::BTreeMap;

use dayfly::document::{self, Format, Problem, Reader, Report, Scalar, Value};

/// A file's settings, raw.
#[derive(Debug, Default)]
pub struct FileLayer {
    /// The file, as the person named it.
    pub name: String,
    /// By key: the line it stands in, and its texts, one unless it is a list.
    pub entries: BTreeMap<String, (usize, Vec<String>)>,
}

impl FileLayer {
    /// Reads the text of the file `name`; its ending tells TOML from the others.
    ///
    /// # Errors
    /// Everything that is no setting with a text, one sentence each.
    pub fn parse(text: &str, name: &str) -> Result<Self, Vec<String>> {
        let is_toml = name.ends_with(".toml");
        let format = if is_toml { Format::Toml } else { Format::Yaml };
        let sentences =
            |problems: Vec<Problem>| problems.iter().map(ToString::to_string).collect::<Vec<_>>();
        let root = document::parse(text, name, format).map_err(sentences)?;
        let report = Report::new(name);
        // The token may stand in this file, so no value is ever shown.
        let root = Reader::new(&root, &report).hidden();
        let mut layer = Self {
            name: name.to_owned(),
            entries: BTreeMap::new(),
        };
        let is_empty = matches!(root.value(), Value::Scalar(Scalar::Null));
        for (key, value) in root.names().filter(|_| !is_empty).unwrap_or_default() {
            let texts = texts(&value).unwrap_or_default();
            layer
                .entries
                .insert(key.to_owned(), (value.place().line, texts));
        }
        if is_empty || report.is_empty() {
            Ok(layer)
        } else {
            Err(sentences(report.into_problems()))
        }
    }
}

/// A scalar, or a list of scalars, as text; the report knows of anything else.
fn texts(value: &Reader<'_>) -> Option<Vec<String>> {
    match value.value() {
        Value::Scalar(scalar) => Some(vec![text(scalar)]),
        Value::List(_) => value.list(0..=usize::MAX)?.iter().map(item).collect(),
        Value::Map(_) => {
            value.expected("a text or a list of texts");
            None
        }
    }
}

fn item(value: &Reader<'_>) -> Option<String> {
    match value.value() {
        Value::Scalar(scalar) => Some(text(scalar)),
        Value::List(_) | Value::Map(_) => {
            value.expected("a text");
            None
        }
    }
}

fn text(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Text(text) | Scalar::Decimal(text) | Scalar::Date(text) => text.clone(),
        Scalar::Integer(number) => number.to_string(),
        Scalar::Boolean(truth) => truth.to_string(),
        Scalar::Null => String::new(),
    }
}
