//! Base64, as Go reads it: the official agent takes what this takes.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

/// Padding is needed; bits after the last byte may be anything.
const GO: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The bytes; `None` if the text is not base64. Line breaks may be anywhere, as GNU `base64` and
/// YAML's `|` write them.
pub(super) fn decoded(text: &str) -> Option<Vec<u8>> {
    let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let letters: Vec<u8> = text.bytes().filter(|byte| !is_break(byte)).collect();
    GO.decode(letters).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_with_line_breaks_and_trailing_bits_is_read() {
        let text = |text| decoded(text).map(|bytes| String::from_utf8(bytes).expect("text"));
        assert_eq!(text("aGVsbG8="), Some("hello".into()));
        assert_eq!(text("aGVs\nbG8=\n"), Some("hello".into()));
        assert_eq!(text("\r\naGVsbG8\r\n=\r\n"), Some("hello".into()));
        assert_eq!(text("aGVsbG9="), Some("hello".into()), "trailing bits");
        assert_eq!(text(""), Some(String::new()));
        assert_eq!(text("\n"), Some(String::new()));
    }

    #[test]
    fn text_that_is_not_base64_is_refused() {
        for text in [
            "aGVsbG8",
            "aGVs bG8=",
            "aGVsbG8=\t",
            "aGVs-bG8",
            "{SANITIZED}",
            "=",
            "a",
        ] {
            assert_eq!(decoded(text), None, "{text:?}");
        }
    }
}
