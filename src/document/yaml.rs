//! YAML, and with it JSON, into nodes.
//!
//! Built on the parser's events, because a ready-made tree would keep one of two equal keys and
//! round decimals.

use std::borrow::Cow;
use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use super::{Entry, Node, Place, Report, Scalar, Value};

/// Deeper nesting is no file that a person wrote, and would exhaust the stack of whoever walks it.
const DEPTH_MAX: usize = 100;
/// What aliases may add, in nodes: a few lines of aliases to aliases could fill the memory.
const ALIASED_MAX: usize = 100_000;

/// Reads a document; the first syntax error, or every duplicate key, goes into the report.
pub(super) fn parse(text: &str, report: &Report) -> Option<Node> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let taken = match event {
            Ok((event, span)) => builder.take(event, place(span.start)),
            Err(error) => Err((place(*error.marker()), error.info().to_owned())),
        };
        if let Err((place, found)) = taken {
            report.add(Some(place), "", found, "");
            return None;
        }
    }
    let Some(root) = builder.root else {
        report.add(None, "", "the file is empty", "");
        return None;
    };
    duplicates(&root, "", report);
    Some(root)
}

fn place(marker: Marker) -> Place {
    Place {
        line: marker.line(),
        column: marker.col() + 1,
    }
}

/// What is wrong, and where.
type Fault = (Place, String);

/// The tree so far: what is open, outermost first.
#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    aliased: usize,
    root: Option<Node>,
}

/// A list or map whose end has not come, with the number of its anchor (0 for none).
struct Open {
    place: Place,
    anchor: usize,
    value: Value,
    /// The key that waits for its value, in a map.
    key: Option<(String, Place)>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, place: Place) -> Result<(), Fault> {
        match event {
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(text, style, tag.as_deref(), anchor, place)
            }
            Event::SequenceStart(anchor, _) => self.start(Value::List(Vec::new()), anchor, place),
            Event::MappingStart(anchor, _) => self.start(Value::Map(Vec::new()), anchor, place),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => self.alias(anchor, place),
        }
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
        anchor: usize,
        place: Place,
    ) -> Result<(), Fault> {
        // A key is its text, whatever type the same text would have as a value.
        if let Some(open) = self.open.last_mut()
            && matches!(open.value, Value::Map(_))
            && open.key.is_none()
        {
            open.key = Some((text.into_owned(), place));
            return Ok(());
        }
        let is_text = tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
        let scalar = if style == ScalarStyle::Plain && !is_text {
            plain(&text)
        } else {
            Scalar::Text(text.into_owned())
        };
        let value = Value::Scalar(scalar);
        self.put(Node { place, value }, anchor)
    }

    fn start(&mut self, value: Value, anchor: usize, place: Place) -> Result<(), Fault> {
        if self.open.len() == DEPTH_MAX {
            let found = format!("nested deeper than {DEPTH_MAX} levels");
            return Err((place, found));
        }
        let key = None;
        self.open.push(Open {
            place,
            anchor,
            value,
            key,
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        let open = self
            .open
            .pop()
            .expect("the parser ends only what it has started");
        let node = Node {
            place: open.place,
            value: open.value,
        };
        self.put(node, open.anchor)
    }

    fn alias(&mut self, anchor: usize, place: Place) -> Result<(), Fault> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err((place, "an alias inside of what it stands for".to_owned()));
        };
        self.aliased = self.aliased.saturating_add(size(&node));
        if self.aliased > ALIASED_MAX || self.open.len() + depth(&node) > DEPTH_MAX {
            let found = format!("aliases expand to more than {ALIASED_MAX} values");
            return Err((place, found));
        }
        self.put(node, 0)
    }

    /// Puts a finished node where it belongs.
    fn put(&mut self, node: Node, anchor: usize) -> Result<(), Fault> {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            if self.root.is_some() {
                return Err((node.place, "a second document in one file".to_owned()));
            }
            self.root = Some(node);
            return Ok(());
        };
        match &mut open.value {
            Value::List(items) => items.push(node),
            Value::Map(entries) => match open.key.take() {
                Some((key, place)) => entries.push(Entry { key, place, node }),
                None => return Err((node.place, "a key that is no single text".to_owned())),
            },
            Value::Scalar(_) => {}
        }
        Ok(())
    }
}

fn children(node: &Node) -> Vec<&Node> {
    match &node.value {
        Value::Scalar(_) => Vec::new(),
        Value::List(items) => items.iter().collect(),
        Value::Map(entries) => entries.iter().map(|entry| &entry.node).collect(),
    }
}

fn size(node: &Node) -> usize {
    1 + children(node).into_iter().map(size).sum::<usize>()
}

fn depth(node: &Node) -> usize {
    1 + children(node).into_iter().map(depth).max().unwrap_or(0)
}

/// Reports every key that stands a second time in its map.
fn duplicates(node: &Node, path: &str, report: &Report) {
    match &node.value {
        Value::Scalar(_) => {}
        Value::List(items) => {
            for (at, item) in items.iter().enumerate() {
                duplicates(item, &format!("{path}[{at}]"), report);
            }
        }
        Value::Map(entries) => {
            let mut seen: BTreeMap<&str, Place> = BTreeMap::new();
            for entry in entries {
                let path = super::reader::below(path, &entry.key);
                duplicates(&entry.node, &path, report);
                if let Some(first) = seen.get(entry.key.as_str()) {
                    let found = format!("given a second time, after line {}", first.line);
                    report.add(Some(entry.place), path, found, "keep one of them");
                } else {
                    seen.insert(&entry.key, entry.place);
                }
            }
        }
    }
}

/// The core schema of YAML 1.2 (section 10.3): `yes` and `on` are texts.
fn plain(text: &str) -> Scalar {
    let radix = |prefix, radix| {
        let digits = text.strip_prefix(prefix)?;
        i64::from_str_radix(digits, radix).ok()
    };
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Boolean(true),
        "false" | "False" | "FALSE" => Scalar::Boolean(false),
        _ => match text.parse().ok().or(radix("0x", 16)).or(radix("0o", 8)) {
            Some(number) => Scalar::Integer(number),
            None if is_decimal(text) => Scalar::Decimal(text.to_owned()),
            None => Scalar::Text(text.to_owned()),
        },
    }
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, infinity or no number.
fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let exponent_fits =
        exponent.is_none_or(|digits| is_number(digits.strip_prefix(['-', '+']).unwrap_or(digits)));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let mantissa_fits = (is_number(whole) && (fraction.is_empty() || is_number(fraction)))
        || (whole.is_empty() && is_number(fraction) && mantissa.starts_with('.'));
    mantissa_fits && exponent_fits
}
