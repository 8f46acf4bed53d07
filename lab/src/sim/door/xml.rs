//! Reads EC2's answers, as far as a cloud needs them: elements by name, in one pass.

use std::borrow::Cow;

/// An answer, read.
#[derive(Clone, Debug, Default)]
pub struct Document<'a> {
    /// Every element, each before what is in it.
    parts: Vec<Part<'a>>,
}

#[derive(Clone, Copy, Debug)]
struct Part<'a> {
    name: &'a str,
    /// What stands before the first element within.
    text: &'a str,
    /// The number of the first element after it.
    end: usize,
}

/// One element of a document.
#[derive(Clone, Copy, Debug)]
pub struct Element<'a> {
    parts: &'a [Part<'a>],
    at: usize,
}

impl<'a> Document<'a> {
    /// Reads a whole answer; what is no XML gives no elements.
    pub fn read(text: &'a str) -> Self {
        // An element with its two tags hardly ever takes less.
        let mut parts = Vec::with_capacity(text.len() / 24 + 1);
        parts.push(Part {
            name: "",
            text: "",
            end: 0,
        });
        let mut open = vec![0];
        let mut rest = cut(text, b'<').map(|(_, rest)| rest);
        while let Some(from) = rest {
            let (piece, behind) = match cut(from, b'<') {
                Some((piece, behind)) => (piece, Some(behind)),
                None => (from, None),
            };
            rest = behind;
            let Some((tag, text)) = cut(piece, b'>') else {
                continue;
            };
            let mark = tag.as_bytes().first();
            if mark == Some(&b'/') {
                let ended = open.pop().unwrap_or_default();
                let end = parts.len();
                if let Some(part) = parts.get_mut(ended) {
                    part.end = end;
                }
            } else if mark != Some(&b'?') {
                let name = cut(tag, b' ').map_or(tag, |(name, _)| name);
                if tag.as_bytes().last() != Some(&b'/') {
                    open.push(parts.len());
                }
                let end = parts.len() + 1;
                parts.push(Part { name, text, end });
            }
        }
        let end = parts.len();
        if let Some(whole) = parts.first_mut() {
            whole.end = end;
        }
        Self { parts }
    }

    /// The whole of it.
    pub fn whole(&'a self) -> Element<'a> {
        Element {
            parts: &self.parts,
            at: 0,
        }
    }
}

impl<'a> Element<'a> {
    fn part(self) -> Option<&'a Part<'a>> {
        self.parts.get(self.at)
    }

    /// What it is called.
    pub fn name(self) -> &'a str {
        self.part().map_or("", |part| part.name)
    }

    /// The first element of that name within, at whatever depth.
    pub fn find(self, name: &str) -> Option<Self> {
        let end = self.part()?.end;
        let within = self.parts.get(self.at + 1..end)?;
        let found = within.iter().position(|part| part.name == name)?;
        let at = self.at + 1 + found;
        Some(Self { at, ..self })
    }

    /// The text of the first element of that name; empty if there is none.
    pub fn text(self, name: &str) -> Cow<'a, str> {
        self.find(name).map_or(Cow::Borrowed(""), Self::unescaped)
    }

    /// The elements directly within, which are its items.
    pub fn items(self) -> impl Iterator<Item = Self> {
        let end = self.part().map_or(0, |part| part.end);
        let mut at = self.at + 1;
        std::iter::from_fn(move || {
            if end <= at {
                return None;
            }
            let item = Self { at, ..self };
            at = item.part()?.end;
            Some(item)
        })
    }

    /// Its text.
    pub fn unescaped(self) -> Cow<'a, str> {
        let text = self.part().map_or("", |part| part.text);
        if cut(text, b'&').is_none() {
            return Cow::Borrowed(text);
        }
        let plain = text.replace("&lt;", "<").replace("&gt;", ">");
        Cow::Owned(plain.replace("&quot;", "\"").replace("&amp;", "&"))
    }
}

/// What stands before and after the first `mark`, which is one byte of ASCII. Pieces are short, so
/// that looking at byte after byte is faster than a search that is made for long texts.
fn cut(text: &str, mark: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == mark)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// `2026-09-21T14:13:20.000Z` in milliseconds since the epoch.
pub fn moment(text: &str) -> Option<u64> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    // Years are counted from March, so that the leap day is the last of its year.
    let (year, month) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    let days = days.checked_sub(719_468)?;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some(seconds * 1000 + number(20..23).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_may_hold_items_and_texts_are_unescaped() {
        let text = "<?xml?><a x=\"1\"><item><b><item>1</item><item>&lt;&amp;</item></b></item>\
                    <item><c/></item></a><d>2</d>";
        let document = Document::read(text);
        let whole = document.whole().find("a").expect("it is there");
        let items: Vec<_> = whole.items().collect();
        assert_eq!(items.len(), 2);
        let inner = items[0].find("b").expect("it is there");
        let inner: Vec<_> = inner.items().map(|item| item.unescaped()).collect();
        assert_eq!(inner, ["1", "<&"]);
        assert!(items[1].find("d").is_none());
        assert_eq!(document.whole().text("d"), "2");
    }

    #[test]
    fn moments_are_read_as_ec2_writes_them() {
        assert_eq!(moment("1970-01-01T00:00:00.000Z"), Some(0));
        assert_eq!(moment("2000-02-29T12:34:56.000Z"), Some(951_827_696_000));
        assert_eq!(moment("2026-09-21T14:13:20.007Z"), Some(1_790_000_000_007));
        assert_eq!(moment("soon"), None);
    }
}
