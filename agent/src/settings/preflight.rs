//! What must be there before the agent registers: said at once, all of it, rather than by a failed job.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{AgentSettings, SettingsError, TokenSource};
use dayfly::model::secret::Secret;

/// Looks for what a job will need: bash, and the files that the settings name.
///
/// # Errors
/// All that is missing, one sentence each.
pub fn preflight(
    settings: &AgentSettings,
    environment: &BTreeMap<String, String>,
) -> Result<(), SettingsError> {
    let mut problems = Vec::new();
    let path = environment.get("PATH").map_or("", String::as_str);
    if find_program("bash", path).is_none() {
        problems.push(format!(
            "bash is not found in PATH ({path}): every job runs in it"
        ));
    }
    let hooks = [
        ("shutdown-hook-path", &settings.shutdown_hook),
        ("pre-job-hook-path", &settings.pre_job_hook),
        ("post-job-hook-path", &settings.post_job_hook),
        ("ca-file", &settings.ca_file),
    ];
    for (key, file) in hooks {
        if let Some(file) = file
            && let Err(error) = fs::File::open(file)
        {
            problems.push(format!(
                "`{key}` names {}, which cannot be read: {error}",
                file.display()
            ));
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(SettingsError(problems))
    }
}

/// The registration token. A file that holds it is removed, so that no job can read it.
///
/// # Errors
/// The file cannot be read, is empty, or cannot be removed.
pub fn take_token(source: &TokenSource) -> Result<Secret, SettingsError> {
    let path = match source {
        TokenSource::Given(token) => return Ok(token.clone()),
        TokenSource::File(path) => path,
    };
    let problem = |text: String| {
        SettingsError(vec![format!(
            "`token-file` names {}, {text}",
            path.display()
        )])
    };
    let text = fs::read_to_string(path).map_err(|error| {
        let mut text = format!("which cannot be read: {error}");
        if error.kind() == io::ErrorKind::NotFound {
            text += "; an agent removes the file once it has read it, so that each start needs a new one";
        }
        problem(text)
    })?;
    fs::remove_file(path).map_err(|error| problem(format!("which cannot be removed: {error}")))?;
    let token = text.trim();
    if token.is_empty() {
        return Err(problem("which is empty".into()));
    }
    Ok(Secret::new(token))
}

/// The first of that name on the path that is a file.
fn find_program(name: &str, path: &str) -> Option<PathBuf> {
    path.split(':')
        .map(|folder| Path::new(folder).join(name))
        .find(|file| file.is_file())
}
