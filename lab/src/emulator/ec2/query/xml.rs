//! Writes the XML of an answer: elements, lists and escaped texts, no more.

use std::fmt::{self, Display, Write};

use crate::emulator::ec2::error::Refusal;
use crate::emulator::ec2::ids::RequestId;

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
    pub(super) fn into_answer(self, action: &str, request_id: RequestId) -> Vec<u8> {
        let inside = self.0;
        let whole = format!(
            "{HEAD}<{action}Response xmlns=\"{NAMESPACE}\"><requestId>{request_id}</requestId>\
             {inside}</{action}Response>"
        );
        whole.into_bytes()
    }
}

/// The whole answer that says no.
pub(super) fn refusal(refusal: &Refusal, request_id: RequestId) -> Vec<u8> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_break_out_of_its_element() {
        let mut xml = Xml::default();
        xml.text("value", "</value>&\"");
        assert_eq!(xml.0, "<value>&lt;/value&gt;&amp;&quot;</value>");
    }
}
