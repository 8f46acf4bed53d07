//! The file that holds the command of the moment.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A file of mode 0600 that goes when this is dropped.
#[derive(Debug)]
pub struct Script(PathBuf);

impl Script {
    /// Writes a new file; one that is there already goes first, so that its mode and its links do not matter.
    pub(super) fn write(path: &Path, text: &[u8]) -> io::Result<Self> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = match create(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // A job that sweeps its temporary folder, as with `rm -rf /tmp/*`, takes ours along and goes on.
                if let Some(folder) = path.parent() {
                    DirBuilder::new()
                        .recursive(true)
                        .mode(0o700)
                        .create(folder)?;
                }
                create(path)?
            }
            created => created?,
        };
        file.write_all(text)?;
        // A here-document's last line wants its end.
        file.write_all(b"\n")?;
        Ok(Self(path.to_path_buf()))
    }
}

/// A new file that its owner alone may read.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path)
}

impl Drop for Script {
    fn drop(&mut self) {
        // It holds what the job was told, and may hold secrets; the folder goes with the machine in any case.
        let _ = fs::remove_file(&self.0);
    }
}
