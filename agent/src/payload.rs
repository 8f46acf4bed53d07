//! The payload's way from the hub to the job: saved before it is read, for it is handed out once (S1).

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use dayfly::hub::wire::payload::{self, Payload, PayloadError};
use dayfly::model::id::JobId;

/// Saves the bytes in a file of mode 0600, reads the payload of this job, and removes the file.
///
/// # Errors
/// Why the job cannot be run. A folder that cannot be written is no reason: it is only logged.
pub(super) fn save_and_read(
    scratch: &Path,
    bytes: &[u8],
    job: &JobId,
) -> Result<Payload, PayloadError> {
    let path = scratch.join("payload.json");
    if let Err(error) = save(&path, bytes) {
        tracing::warn!(%error, "cannot save the payload before reading it");
    }
    let payload = payload::read(bytes, job);
    if let Err(error) = fs::remove_file(&path) {
        tracing::debug!(%error, "cannot remove the payload");
    }
    let bytes = bytes.len();
    match &payload {
        Ok(_) | Err(PayloadError::Sanitized) => {}
        Err(PayloadError::Foreign(what)) => {
            tracing::warn!(%job, %what, bytes, "the hub's answer is no job description");
        }
        // The error's own text could show a piece of the payload.
        Err(PayloadError::Unreadable { line, column }) => {
            tracing::error!(line, column, bytes, "the payload cannot be read");
        }
    }
    payload
}

fn save(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dayfly::hub::wire::answer::Foreign;

    #[test]
    fn payload_leaves_no_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let read = |text: &str| save_and_read(folder.path(), text.as_bytes(), &JobId::new("a"));
        assert!(read(r#"{"job_id":"a","commands":[]}"#).is_ok());
        assert_eq!(read("{"), Err(PayloadError::Foreign(Foreign::CutJson)));
        let left = fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(left, 0);
    }
}
