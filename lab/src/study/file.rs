//! A recording's file: `NAME.csv`, or `NAME.csv.gz` as gzip compresses it.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use thiserror::Error;

/// Bytes of a recording once it is unpacked, at most: a gibibyte, a thousand times the largest of
/// the recordings that docs/POLICY.md reports. Few bytes of gzip can unpack to more than a computer
/// has memory.
const UNPACKED_MAX: u64 = 1 << 30;

/// Why a file gives no text.
#[derive(Debug, Error)]
pub enum FileError {
    /// It cannot be opened or read.
    #[error(transparent)]
    Unreadable(#[from] io::Error),
    /// It is called compressed and is not, or not whole.
    #[error("found broken gzip data ({0}); expected a whole file as gzip writes it")]
    Broken(io::Error),
    /// It unpacks to more than is read.
    #[error("found more than {0} bytes once it was unpacked; expected {0} at most")]
    TooLong(u64),
    /// It has bytes that are no text.
    #[error("found bytes that are no UTF-8 once it was unpacked; expected lines of text")]
    NoText,
}

/// What a recording is called by its file's name: `site` for `site.csv` and for `site.csv.gz`;
/// nothing if the name has neither end.
pub fn name_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    let stem = name
        .strip_suffix(".gz")
        .unwrap_or(&name)
        .strip_suffix(".csv")?;
    (!stem.is_empty()).then(|| stem.to_owned())
}

/// The text of a recording, unpacked if its name ends in `.gz`.
///
/// # Errors
/// It cannot be read, or is not what its name says.
pub fn read(path: &Path) -> Result<String, FileError> {
    if path.extension().is_some_and(|extension| extension == "gz") {
        unpacked(File::open(path)?, UNPACKED_MAX)
    } else {
        Ok(fs::read_to_string(path)?)
    }
}

fn unpacked(packed: impl Read, most: u64) -> Result<String, FileError> {
    let mut bytes = Vec::new();
    let mut unpacking = MultiGzDecoder::new(BufReader::new(packed)).take(most + 1);
    unpacking
        .read_to_end(&mut bytes)
        .map_err(FileError::Broken)?;
    if most < bytes.len() as u64 {
        return Err(FileError::TooLong(most));
    }
    String::from_utf8(bytes).map_err(|_| FileError::NoText)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packing = GzEncoder::new(Vec::new(), Compression::fast());
        packing.write_all(bytes).expect("memory takes all");
        packing.finish().expect("memory takes all")
    }

    fn error(packed: &[u8], most: u64) -> String {
        unpacked(packed, most).expect_err("it is wrong").to_string()
    }

    #[test]
    fn what_was_packed_in_one_piece_or_in_two_is_read() {
        let two = [packed(b"one\n"), packed(b"two\n")].concat();
        assert_eq!(unpacked(&two[..], 8).expect("it is right"), "one\ntwo\n");
    }

    #[test]
    fn what_is_wrong_with_packed_bytes_is_said() {
        let right = packed(&[b'a'; 5000]);
        assert_eq!(
            error(&right, 4999),
            "found more than 4999 bytes once it was unpacked; expected 4999 at most"
        );
        let cut = &right[..right.len() - 3];
        assert!(error(cut, 5000).starts_with("found broken gzip data ("));
        let mut changed = right.clone();
        let at = changed.len() - 5;
        changed[at] ^= 1;
        assert!(error(&changed, 5000).starts_with("found broken gzip data ("));
        assert!(error(b"start_unix,project\n", 5000).starts_with("found broken gzip data ("));
        assert!(error(&packed(&[0xFF, 0xFE]), 5000).starts_with("found bytes that are no UTF-8"));
    }

    #[test]
    fn a_recording_is_called_by_its_file() {
        let name = |path: &str| name_of(Path::new(path));
        assert_eq!(name("a/site.csv").as_deref(), Some("site"));
        assert_eq!(name("site.csv.gz").as_deref(), Some("site"));
        assert_eq!(name("v1.2.csv").as_deref(), Some("v1.2"));
        for other in ["site.gz", "site", ".csv", "csv", ""] {
            assert_eq!(name(other), None, "{other}");
        }
    }
}
