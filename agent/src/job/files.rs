//! The job's files (protocol.md 5.4), written by the agent itself.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::encoding;
use super::log::Log;
use dayfly::hub::wire::payload::File;
use dayfly::ports::Clock;

/// The mode of folders that are made on the way.
const FOLDER_MODE: u32 = 0o750;
/// The mode of a file until it is complete: its content may be a key (protocol.md A18).
const WRITING_MODE: u32 = 0o600;

/// Why a file is not there.
#[derive(Debug, Error)]
enum FileError {
    #[error("the content of {0} is not base64")]
    Content(String),
    #[error("the mode of {path} is {mode:?}, and should be octal digits such as 0644")]
    Mode { path: String, mode: String },
    #[error("the folder {0} cannot be made")]
    Folder(PathBuf, #[source] io::Error),
    #[error("{0} cannot be written")]
    Write(PathBuf, #[source] io::Error),
}

impl FileError {
    /// The step's exit code.
    const fn exit_code(&self) -> i32 {
        match self {
            Self::Content(_) | Self::Mode { .. } | Self::Folder(..) => 1,
            Self::Write(..) => 255,
        }
    }
}

/// Writes the files, up to the first that fails. Gives the step's exit code.
pub(super) async fn inject(files: &[File], home: &Path, log: &mut Log<'_, impl Clock>) -> i32 {
    let mut step = log.step("Injecting Files").await;
    let mut code = 0;
    for file in files {
        step.say(format!(
            "Injecting {} with file mode {}\n",
            file.path, file.mode
        ))
        .await;
        if let Err(error) = write(file, home) {
            let cause = std::error::Error::source(&error)
                .map_or_else(String::new, |cause| format!(": {cause}"));
            step.say(format!("Failed to inject the file: {error}{cause}.\n"))
                .await;
            code = error.exit_code();
            break;
        }
    }
    step.finish(code).await;
    code
}

fn write(file: &File, home: &Path) -> Result<(), FileError> {
    let content =
        encoding::decoded(&file.content).ok_or_else(|| FileError::Content(file.path.clone()))?;
    let mode = u32::from_str_radix(&file.mode, 8)
        .ok()
        .filter(|mode| *mode <= 0o7777)
        .ok_or_else(|| FileError::Mode {
            path: file.path.clone(),
            mode: file.mode.clone(),
        })?;
    let path = destination(&file.path, home);
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(folder)
            .map_err(|error| FileError::Folder(folder.to_path_buf(), error))?;
    }
    write_bytes(&path, &content, mode).map_err(|error| FileError::Write(path, error))
}

/// At no time can anybody read the content whom the final mode would not let.
fn write_bytes(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(WRITING_MODE)
        .open(path)?;
    // The file may have been there, with another mode.
    file.set_permissions(Permissions::from_mode(WRITING_MODE))?;
    file.write_all(content)?;
    file.set_permissions(Permissions::from_mode(mode))
}

/// An absolute path as it is, a leading `~` as the home folder, anything else below that folder.
fn destination(path: &str, home: &Path) -> PathBuf {
    match path.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            home.join(rest.trim_start_matches('/'))
        }
        // `~somebody` is a name like any other: other people's homes are not meant.
        Some(_) | None => home.join(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_leading_tilde_is_the_home_folder() {
        let home = Path::new("/home/ci");
        let destination = |path| destination(path, home).display().to_string();
        assert_eq!(destination("/etc/a~b"), "/etc/a~b");
        assert_eq!(destination("~/.ssh/a~"), "/home/ci/.ssh/a~");
        assert_eq!(destination(".ssh/id_rsa"), "/home/ci/.ssh/id_rsa");
        assert_eq!(destination("~x/y"), "/home/ci/~x/y");
    }
}
