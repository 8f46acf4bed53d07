//! From a terminal's bytes to the texts of `cmd_output` events.
//!
//! `\r\n` becomes `\n`; a lone `\r` and escape sequences pass; a UTF-8 sequence is never cut, and bytes that are
//! none become U+FFFD (protocol.md 6.6). Nothing is lost or moved. Pieces are large, because nothing on the
//! server's side wants them small, and late by at most `DELAY_MAX`. Pure: time is an argument.

use std::time::Duration;

use dayfly::model::time::Timestamp;

/// The bytes of one event, at most; three more where a U+FFFD takes the place of fewer bytes.
pub const CHUNK_BYTES_MAX: usize = 4096;
/// How long a text waits for more to come with it.
pub const DELAY_MAX: Duration = Duration::from_millis(100);

/// Output that has not become an event yet.
#[derive(Debug, Default)]
pub struct Output {
    /// With `\r\n` already made `\n`.
    waiting: Vec<u8>,
    /// The last byte was a `\r`, and the next one decides what becomes of it.
    has_return: bool,
    /// Since when the first of the waiting bytes waits.
    waits_since: Option<Timestamp>,
}

impl Output {
    /// Takes bytes of the terminal.
    pub fn push(&mut self, bytes: &[u8], now: Timestamp) {
        for byte in bytes {
            if self.has_return && *byte != b'\n' {
                self.waiting.push(b'\r');
            }
            self.has_return = *byte == b'\r';
            if !self.has_return {
                self.waiting.push(*byte);
            }
        }
        if self.sendable() > 0 && self.waits_since.is_none() {
            self.waits_since = Some(now);
        }
    }

    /// How long until `take` gives something; `None` while there is nothing to give.
    pub fn due_in(&self, now: Timestamp) -> Option<Duration> {
        let since = self.waits_since?;
        if self.waiting.len() >= CHUNK_BYTES_MAX || now < since {
            return Some(Duration::ZERO);
        }
        Some(DELAY_MAX.saturating_sub(now.since(since)))
    }

    /// The next text, if it is full or has waited long enough.
    pub fn take(&mut self, now: Timestamp) -> Option<String> {
        if self.due_in(now)? > Duration::ZERO {
            return None;
        }
        let length = self.cut();
        let text: Vec<u8> = self.waiting.drain(..length).collect();
        self.waits_since = (self.sendable() > 0).then_some(now);
        Some(String::from_utf8_lossy(&text).into_owned())
    }

    /// All that is left, once nothing more will come.
    pub fn finish(&mut self) -> Vec<String> {
        if std::mem::take(&mut self.has_return) {
            self.waiting.push(b'\r');
        }
        let mut texts = Vec::new();
        while !self.waiting.is_empty() {
            let length = match self.cut() {
                0 => self.waiting.len(),
                length => length,
            };
            let text: Vec<u8> = self.waiting.drain(..length).collect();
            texts.push(String::from_utf8_lossy(&text).into_owned());
        }
        self.waits_since = None;
        texts
    }

    /// How many of the waiting bytes make the next text.
    fn cut(&self) -> usize {
        let limit = self.waiting.len().min(CHUNK_BYTES_MAX);
        whole_characters(&self.waiting[..limit])
    }

    /// How many of the waiting bytes could be sent now.
    fn sendable(&self) -> usize {
        whole_characters(&self.waiting)
    }
}

/// The length of `bytes` without the beginning of a UTF-8 sequence at its end that may still be completed.
fn whole_characters(bytes: &[u8]) -> usize {
    let tail_from = bytes.len().saturating_sub(3);
    for at in (tail_from..bytes.len()).rev() {
        let length = match bytes[at] {
            0x80..=0xBF => continue,
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => 1,
        };
        return if at + length > bytes.len() {
            at
        } else {
            bytes.len()
        };
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const fn at(milliseconds: u64) -> Timestamp {
        Timestamp::from_millis(milliseconds)
    }

    #[test]
    fn a_text_waits_for_more_but_not_for_long() {
        let mut output = Output::default();
        output.push(b"one\r\n", at(0));
        assert_eq!(output.take(at(60)), None);
        output.push(b"two\r\n", at(60));
        assert_eq!(output.due_in(at(60)), Some(Duration::from_millis(40)));
        assert_eq!(output.take(at(100)), Some(String::from("one\ntwo\n")));
        assert_eq!(output.due_in(at(100)), None);
    }

    #[test]
    fn a_clock_that_jumps_back_delays_nothing() {
        let mut output = Output::default();
        output.push(b"x", at(5000));
        assert_eq!(output.take(at(10)), Some(String::from("x")));
    }

    #[test]
    fn a_character_and_a_line_end_are_never_cut() {
        let mut output = Output::default();
        output.push(b"a\xE2\x82", at(0));
        assert_eq!(output.take(at(100)), Some(String::from("a")));
        assert_eq!(output.due_in(at(100)), None);
        output.push(b"\xAC\r", at(100));
        assert_eq!(output.take(at(200)), Some(String::from("€")));
        output.push(b"\n\r", at(200));
        assert_eq!(output.finish(), ["\n\r"]);
    }

    #[test]
    fn bytes_that_are_no_text_become_replacement_characters() {
        let mut output = Output::default();
        output.push(&[150; 5], at(0));
        assert_eq!(output.finish(), ["\u{FFFD}".repeat(5)]);
    }

    proptest! {
        #[test]
        fn any_cut_of_any_bytes_gives_the_same_text(
            reads in vec(
                prop_oneof![
                    vec(any::<u8>(), 0..30),
                    Just(b"\r\n".to_vec()),
                    Just(b"\r".to_vec()),
                    Just("żółć€🦀".as_bytes().to_vec()),
                    Just("🦀".repeat(1500).into_bytes()),
                ],
                0..12,
            ),
            waits in vec(0_u64..150, 12),
        ) {
            let whole = reads.concat();
            let mut output = Output::default();
            let mut texts = Vec::new();
            let mut now = 0;
            for (read, wait) in reads.iter().zip(waits) {
                output.push(read, at(now));
                now += wait;
                while let Some(text) = output.take(at(now)) {
                    texts.push(text);
                }
            }
            texts.extend(output.finish());

            let mut expected = Vec::new();
            for (index, byte) in whole.iter().enumerate() {
                if !(*byte == b'\r' && whole.get(index + 1) == Some(&b'\n')) {
                    expected.push(*byte);
                }
            }
            prop_assert_eq!(texts.concat(), String::from_utf8_lossy(&expected));
            for text in &texts {
                prop_assert!(!text.is_empty());
                prop_assert!(text.len() <= CHUNK_BYTES_MAX * 3);
            }
        }
    }
}
