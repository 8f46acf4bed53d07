//! Files that people write, as trees whose every node knows its place.
//!
//! [`parse`] reads YAML (and JSON, which is read the same way) or TOML into [`Node`]s;
//! [`reader`] walks them and collects every [`Problem`], so that a person fixes a file once.
//! What must stay true: a duplicate key is a problem, never a silent choice, and a value that may
//! be a secret never appears in a problem. What is not here: the meaning of any key.

pub mod problem;
pub mod reader;
mod spelling;
mod toml;
mod yaml;

pub use problem::{Problem, Report};
pub use reader::{Reader, Table};

/// Where something stands in its file, in lines and characters from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

/// A value and where it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where it starts.
    pub place: Place,
    /// What it is.
    pub value: Value,
}

/// The shapes of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A single value.
    Scalar(Scalar),
    /// Values in order.
    List(Vec<Node>),
    /// Values by name, in the order of the file, each name once.
    Map(Vec<Entry>),
}

/// One key of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key's text.
    pub key: String,
    /// Where the key stands.
    pub place: Place,
    /// Its value.
    pub node: Node,
}

/// A single value. Decimals and dates stay text: nothing of ours computes with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction, an exponent, or more digits than an integer holds; as written.
    Decimal(String),
    /// A date or a time, as written; in TOML alone.
    Date(String),
    /// `true` or `false`.
    Boolean(bool),
    /// Nothing: `null`, `~`, or a key without a value.
    Null,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// YAML 1.2, which JSON is a part of.
    Yaml,
    /// TOML 1.
    Toml,
}

/// Reads a whole file into a tree.
///
/// `file` is its name as a person knows it; it stands in front of every problem.
///
/// # Errors
/// Everything that keeps the text from being one document: syntax, duplicate keys, nesting deeper
/// than a hundred levels, aliases that expand without end, more or less than one document.
pub fn parse(text: &str, file: &str, format: Format) -> Result<Node, Vec<Problem>> {
    let report = Report::new(file);
    let root = match format {
        Format::Yaml => yaml::parse(text, &report),
        Format::Toml => toml::parse(text, &report),
    };
    let problems = report.into_problems();
    match root {
        Some(root) if problems.is_empty() => Ok(root),
        _ => Err(problems),
    }
}
