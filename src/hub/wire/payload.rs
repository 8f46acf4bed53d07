//! `GET /jobs/{id}` with an access token: the job itself.

use std::fmt;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::answer::{Foreign, object};
use super::null_as_default;
use crate::model::id::JobId;
use crate::model::secret::Secret;

/// The text that stands for every secret once the payload has been served (protocol.md S1).
pub const SANITIZED: &str = "{SANITIZED}";

/// Why a body gives no job to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadError {
    /// It is no description of this job.
    Foreign(Foreign),
    /// The hub has handed out the job's secrets before.
    Sanitized,
    /// It describes this job, and not as protocol.md section 5 says.
    Unreadable {
        /// Where; the words of the error could show a secret.
        line: usize,
        /// Where in the line.
        column: usize,
    },
}

/// A job, as the hub hands it to the agent, once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Payload {
    /// The job's UUID.
    #[serde(deserialize_with = "null_as_default")]
    pub job_id: String,
    /// For people.
    #[serde(deserialize_with = "null_as_default")]
    pub job_name: String,
    /// `shell` if absent; `dockercompose` where the pipeline names containers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executor: Option<String>,
    /// Base64 keys; always empty for self-hosted agents.
    #[serde(deserialize_with = "null_as_default")]
    pub ssh_public_keys: Vec<String>,
    /// In order; a later one wins.
    #[serde(deserialize_with = "null_as_default")]
    pub env_vars: Vec<EnvVar>,
    /// Written before the first command.
    #[serde(deserialize_with = "null_as_default")]
    pub files: Vec<File>,
    /// Run until the first that fails.
    #[serde(deserialize_with = "null_as_default")]
    pub commands: Vec<Command>,
    /// Run after the commands, whatever their result.
    #[serde(deserialize_with = "null_as_default")]
    pub epilogue_always_commands: Vec<Command>,
    /// Run after those, if the job passed.
    #[serde(deserialize_with = "null_as_default")]
    pub epilogue_on_pass_commands: Vec<Command>,
    /// Run after those, if the job failed.
    #[serde(deserialize_with = "null_as_default")]
    pub epilogue_on_fail_commands: Vec<Command>,
    /// Unused by self-hosted agents.
    #[serde(deserialize_with = "null_as_default")]
    pub callbacks: Callbacks,
    /// Where the log goes.
    #[serde(deserialize_with = "null_as_default")]
    pub logger: Logger,
}

/// Reads the payload of a job. Most fields have defaults, so that the job's id and its commands
/// prove that the body is the job's: a job that runs nothing is not made of another answer.
///
/// # Errors
/// Why the job cannot be run.
pub fn read(body: &[u8], job: &JobId) -> Result<Payload, PayloadError> {
    #[derive(Deserialize)]
    struct Whose {
        job_id: Option<String>,
        commands: Option<Vec<IgnoredAny>>,
    }
    let whose: Whose = object(body).map_err(PayloadError::Foreign)?;
    if whose.commands.is_none() {
        return Err(PayloadError::Foreign(Foreign::OtherJson));
    }
    let whose = whose.job_id.unwrap_or_default();
    if !whose.eq_ignore_ascii_case(job.as_str()) {
        let what = if whose.is_empty() {
            Foreign::OtherJson
        } else {
            Foreign::AnotherJob
        };
        return Err(PayloadError::Foreign(what));
    }
    let payload = parse(body)?;
    if is_sanitized(&payload) {
        return Err(PayloadError::Sanitized);
    }
    Ok(payload)
}

fn parse(body: &[u8]) -> Result<Payload, PayloadError> {
    serde_json::from_slice(body).map_err(|error| PayloadError::Unreadable {
        line: error.line(),
        column: error.column(),
    })
}

fn is_sanitized(payload: &Payload) -> bool {
    let mut values = payload.env_vars.iter().map(|variable| &variable.value);
    let mut contents = payload.files.iter().map(|file| &file.content);
    values.any(|value| value == SANITIZED)
        || contents.any(|content| content == SANITIZED)
        || payload.logger.token.expose() == SANITIZED
}

/// A variable. Its value may be a secret, so `Debug` shows the name alone.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EnvVar {
    /// Its name.
    pub name: String,
    /// Standard base64 with padding.
    #[serde(deserialize_with = "null_as_default")]
    pub value: String,
}

/// A file. Its content may be a secret, so `Debug` shows path and mode alone.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct File {
    /// Absolute, from `~`, or relative to the home directory.
    pub path: String,
    /// Standard base64 with padding.
    #[serde(deserialize_with = "null_as_default")]
    pub content: String,
    /// Octal digits.
    #[serde(deserialize_with = "null_as_default")]
    pub mode: String,
}

/// One command of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Command {
    /// What bash sources; may be many lines.
    pub directive: String,
    /// What the log shows instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
}

/// Addresses that hosted agents call; the self-hosted result travels in `finished-job`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Callbacks {
    /// Unused.
    #[serde(deserialize_with = "null_as_default")]
    pub finished: String,
    /// Unused.
    #[serde(deserialize_with = "null_as_default")]
    pub teardown_finished: String,
    /// Empty.
    #[serde(deserialize_with = "null_as_default")]
    pub token: String,
}

/// Where the log goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Logger {
    /// `push`; absent means `pull`, which is for hosted agents.
    #[serde(deserialize_with = "null_as_default")]
    pub method: String,
    /// Absolute.
    #[serde(deserialize_with = "null_as_default")]
    pub url: String,
    /// The log token: a JWT for this job alone.
    #[serde(deserialize_with = "null_as_default")]
    pub token: Secret,
}

impl fmt::Debug for EnvVar {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}=…", self.name)
    }
}

impl fmt::Debug for File {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.path, self.mode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_of_the_job_alone_is_read() {
        let read = |text: &str| read(text.as_bytes(), &JobId::new("a"));
        assert!(
            read(r#"{"job_id":"a","commands":[],"env_vars":[{"name":"A","value":"MQ=="}]}"#)
                .is_ok()
        );
        assert!(read(r#"{"job_id":"a","commands":[]}"#).is_ok());
        let scrubbed =
            r#"{"job_id":"a","commands":[],"env_vars":[{"name":"A","value":"{SANITIZED}"}]}"#;
        assert_eq!(read(scrubbed), Err(PayloadError::Sanitized));
        let wrong = read(r#"{"job_id":"a","commands":[],"files":5}"#);
        assert!(matches!(wrong, Err(PayloadError::Unreadable { .. })));
        for (text, what) in [
            ("", Foreign::Empty),
            ("{}", Foreign::OtherJson),
            ("[]", Foreign::OtherJson),
            ("null", Foreign::OtherJson),
            (r#"{"job_id":null,"commands":[]}"#, Foreign::OtherJson),
            (r#"{"job_id":"a"}"#, Foreign::OtherJson),
            (r#"{"job_id":"a","error":"upstream"}"#, Foreign::OtherJson),
            (r#"{"job_id":"a","commands":5}"#, Foreign::OtherJson),
            (r#"{"job_id":"b","commands":[]}"#, Foreign::AnotherJob),
            (r#"{"job_id":"a","commands":[{"dir"#, Foreign::CutJson),
            ("<html></html>", Foreign::Html),
            ("hello", Foreign::Text),
        ] {
            assert_eq!(read(text), Err(PayloadError::Foreign(what)), "{text}");
        }
    }
}
