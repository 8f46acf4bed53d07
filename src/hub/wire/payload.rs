//! `GET /jobs/{id}` with an access token: the job itself.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::null_as_default;
use crate::model::secret::Secret;

/// The text that stands for every secret once the payload has been served (protocol.md S1).
pub const SANITIZED: &str = "{SANITIZED}";

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
