//! The payload's way from the hub to the job: saved before it is read, for it is handed out once (S1).

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::state::Misfortune;
use crate::hub::wire::payload::{Payload, SANITIZED};

/// Saves the bytes in a file of mode 0600, reads them, and removes the file.
///
/// # Errors
/// Why the job cannot be run. A folder that cannot be written is no reason: it is only logged.
pub(super) fn save_and_read(scratch: &Path, bytes: &[u8]) -> Result<Payload, Misfortune> {
    let path = scratch.join("payload.json");
    if let Err(error) = save(&path, bytes) {
        tracing::warn!(%error, "cannot save the payload before reading it");
    }
    let payload = serde_json::from_slice::<Payload>(bytes);
    if let Err(error) = fs::remove_file(&path) {
        tracing::debug!(%error, "cannot remove the payload");
    }
    let payload = payload.map_err(|error| {
        // The error's own text could show a piece of the payload.
        tracing::error!(
            line = error.line(),
            column = error.column(),
            bytes = bytes.len(),
            "the payload cannot be read"
        );
        Misfortune::Unreadable
    })?;
    if is_sanitized(&payload) {
        return Err(Misfortune::Sanitized);
    }
    Ok(payload)
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

fn is_sanitized(payload: &Payload) -> bool {
    payload
        .env_vars
        .iter()
        .any(|variable| variable.value == SANITIZED)
        || payload.files.iter().any(|file| file.content == SANITIZED)
        || payload.logger.token.expose() == SANITIZED
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Payload, Misfortune> {
        let folder = tempfile::tempdir().expect("a folder");
        let payload = save_and_read(folder.path(), text.as_bytes());
        let left = fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(left, 0);
        payload
    }

    #[test]
    fn a_payload_is_read_scrubbed_or_neither() {
        assert!(read(r#"{"job_id":"a","env_vars":[{"name":"A","value":"MQ=="}]}"#).is_ok());
        let scrubbed = r#"{"job_id":"a","env_vars":[{"name":"A","value":"{SANITIZED}"}]}"#;
        assert_eq!(read(scrubbed), Err(Misfortune::Sanitized));
        assert_eq!(read("{"), Err(Misfortune::Unreadable));
    }
}
