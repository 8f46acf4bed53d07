//! Writes the XML of an answer: elements, lists and escaped texts, no more.

use std::fmt::{self, Display, Write};

use super::error::Refusal;
use dayfly::model::time::Timestamp;

/// The namespace of EC2's answers.
pub(super) const NAMESPACE: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// XML as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Xml(String);

impl Xml {
    /// `<name>text</name>`.
    pub(super) fn text(&mut self, name: &str, text: impl Display) {
        self.element(name, |xml| {
            // Writing into a string cannot fail.
            let _ = write!(Escaped(&mut xml.0), "{text}");
        });
    }

    /// The same of what is a string already: lists of machines are made of these.
    pub(super) fn string(&mut self, name: &str, text: &str) {
        self.element(name, |xml| {
            // Writing into a string cannot fail.
            let _ = Escaped(&mut xml.0).write_str(text);
        });
    }

    /// Makes room for so many bytes more.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.0.reserve(bytes);
    }

    /// `<name>text</name>`, if there is a text.
    pub(super) fn optional(&mut self, name: &str, text: Option<impl Display>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// `<name>…</name>`.
    pub(super) fn element(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.0.push('<');
        self.0.push_str(name);
        self.0.push('>');
        inside(self);
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    /// `<name><item>…</item>…</name>`.
    pub(super) fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut each: impl FnMut(&mut Self, T),
    ) {
        self.element(name, |xml| {
            for item in items {
                xml.element("item", |xml| each(xml, item));
            }
        });
    }

    /// The whole answer to `action`.
    pub(super) fn into_answer(self, action: &str, request_id: &str) -> Vec<u8> {
        let inside = self.0;
        let whole = format!(
            "{HEAD}<{action}Response xmlns=\"{NAMESPACE}\"><requestId>{request_id}</requestId>\
             {inside}</{action}Response>"
        );
        whole.into_bytes()
    }
}

/// The whole answer that says no.
pub(super) fn refusal(refusal: &Refusal, request_id: &str) -> Vec<u8> {
    let mut xml = Xml(HEAD.to_owned());
    xml.element("Response", |xml| {
        xml.element("Errors", |xml| {
            xml.element("Error", |xml| {
                xml.text("Code", refusal.code.name);
                xml.text("Message", &refusal.message);
            });
        });
        xml.text("RequestID", request_id);
    });
    xml.0.into_bytes()
}

/// What is written in place of a byte that means something in XML.
const fn escape(byte: u8) -> Option<&'static str> {
    match byte {
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'&' => Some("&amp;"),
        b'"' => Some("&quot;"),
        _ => None,
    }
}

struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        // Most texts have nothing to escape, and are written as a whole.
        while let Some(at) = rest.bytes().position(|byte| escape(byte).is_some()) {
            let (plain, from) = rest.split_at(at);
            self.0.push_str(plain);
            self.0
                .push_str(escape(from.as_bytes()[0]).unwrap_or_default());
            rest = &from[1..];
        }
        self.0.push_str(rest);
        Ok(())
    }
}

/// A moment as EC2 writes it: `2026-11-23T22:49:50.000Z`.
#[derive(Clone, Copy, Debug)]
pub struct Stamp(pub Timestamp);

impl Display for Stamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0.as_millis();
        let seconds = self.0.as_seconds();
        let (year, month, day) = date(seconds / 86_400);
        write!(
            formatter,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
            seconds / 3600 % 24,
            seconds / 60 % 60,
            seconds % 60,
            milliseconds % 1000,
        )
    }
}

/// Year, month and day of a day since the epoch. Years are counted from March, so that the
/// leap day is the last of its year; 400 years have 146,097 days.
fn date(days_since_epoch: u64) -> (u64, u64, u64) {
    let days = days_since_epoch + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let years = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * years + years / 4 - years / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + years + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_ec2_writes_them() {
        let stamp = |seconds| Stamp(Timestamp::from_seconds(seconds)).to_string();
        assert_eq!(stamp(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(stamp(951_827_696), "2000-02-29T12:34:56.000Z");
        assert_eq!(stamp(1_790_000_000), "2026-09-21T14:13:20.000Z");
    }

    #[test]
    fn a_text_cannot_break_out_of_its_element() {
        let mut xml = Xml::default();
        xml.text("value", "</value>&\"");
        assert_eq!(xml.0, "<value>&lt;/value&gt;&amp;&quot;</value>");
    }
}
