//! `POST /register`, `POST /sync` and `POST /refresh`: what an agent and the hub say to each other.

use serde::{Deserialize, Serialize};

use super::null_as_default;
use crate::model::secret::Secret;

/// The body of `POST /register`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RegisterRequest {
    /// Unique in the organization.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// Of the agent program.
    #[serde(deserialize_with = "null_as_default")]
    pub version: String,
    /// Of the agent process.
    #[serde(deserialize_with = "null_as_default")]
    pub pid: i32,
    /// `PRETTY_NAME` of `/etc/os-release`.
    #[serde(deserialize_with = "null_as_default")]
    pub os: String,
    /// `x86_64`, or the architecture's own name.
    #[serde(deserialize_with = "null_as_default")]
    pub arch: String,
    /// Of the machine.
    #[serde(deserialize_with = "null_as_default")]
    pub hostname: String,
    /// The agent leaves after one job.
    #[serde(deserialize_with = "null_as_default")]
    pub single_job: bool,
    /// Seconds after which the hub sends a waiting agent away; zero is never.
    #[serde(deserialize_with = "null_as_default")]
    pub idle_timeout: i64,
    /// Seconds that a job may go on after an interruption.
    #[serde(deserialize_with = "null_as_default")]
    pub interruption_grace_period: i64,
    /// A job to take at registration, or empty.
    #[serde(deserialize_with = "null_as_default")]
    pub job_id: String,
}

/// The answer to `POST /register`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterResponse {
    /// The name that counts from now on.
    pub name: String,
    /// The access token.
    pub token: Secret,
}

/// What the agent says it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SyncState {
    /// No job.
    #[default]
    WaitingForJobs,
    /// Fetches the payload.
    StartingJob,
    /// Runs the job.
    RunningJob,
    /// Was told to stop, and does.
    StoppingJob,
    /// The job has ended and its log is closed.
    FinishedJob,
    /// Of old agents: as finished and failed.
    FailedToFetchJob,
    /// Of old agents: as finished and failed.
    FailedToConstructJob,
    /// Of old agents: as finished and failed.
    FailedToSendCallback,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobResult {
    /// Every command gave 0.
    Passed,
    /// A command did not, or the job could not be run.
    Failed,
    /// It was stopped.
    Stopped,
}

impl JobResult {
    /// The protocol's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }
}

/// The body of `POST /sync`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncRequest {
    /// What the agent does.
    pub state: SyncState,
    /// The job, or empty while waiting.
    #[serde(default, deserialize_with = "null_as_default")]
    pub job_id: String,
    /// Only with `finished-job`; empty publishes no result.
    #[serde(default, with = "empty_as_none")]
    pub job_result: Option<JobResult>,
    /// Unix seconds of the first termination signal, 0 if none.
    #[serde(default, deserialize_with = "null_as_default")]
    pub interrupted_at: u64,
}

/// What the hub tells the agent to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SyncAction {
    /// Nothing.
    Continue,
    /// Fetch and run the job.
    RunJob,
    /// Stop the job.
    StopJob,
    /// Wait for another job.
    WaitForJobs,
    /// Leave.
    Shutdown,
    /// A word that this version does not know; read as `continue`.
    #[serde(other)]
    Unknown,
}

/// Why the hub tells an agent to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShutdownReason {
    /// It waited for too long.
    Idle,
    /// An operator, a quota or a reset token wants it.
    Requested,
    /// It was interrupted.
    Interrupted,
    /// Its one job is done.
    JobFinished,
    /// A word that this version does not know.
    #[serde(other)]
    Unknown,
}

/// The answer to `POST /sync`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncResponse {
    /// What to do.
    pub action: SyncAction,
    /// The job, with `run-job` and `stop-job`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub job_id: String,
    /// With `shutdown`.
    #[serde(default, with = "empty_as_none")]
    pub shutdown_reason: Option<ShutdownReason>,
    /// Milliseconds until the next sync; absent, zero or negative leaves it to the agent.
    #[serde(default, deserialize_with = "null_as_default")]
    pub next_sync_after: i64,
}

/// The answer to `POST /refresh`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshResponse {
    /// A fresh log token.
    pub token: Secret,
}

/// `""` and `null` for `None`, as Go's zero value travels.
mod empty_as_none {
    use serde::de::IntoDeserializer;
    use serde::de::value::StrDeserializer;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S, T>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error>
    where
        S: Serializer,
        T: Serialize,
    {
        match value {
            Some(word) => word.serialize(serializer),
            None => serializer.serialize_str(""),
        }
    }

    pub(super) fn deserialize<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        D: Deserializer<'de>,
        T: for<'word> Deserialize<'word>,
    {
        match Option::<String>::deserialize(deserializer)?.as_deref() {
            None | Some("") => Ok(None),
            Some(word) => {
                let word: StrDeserializer<'_, D::Error> = word.into_deserializer();
                T::deserialize(word).map(Some)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sync_answer_is_read_with_unknown_and_null_fields() {
        let text = r#"{"action":"dance","job_id":null,"shutdown_reason":"","next_sync_after":null,"new":1}"#;
        let response: SyncResponse = serde_json::from_str(text).expect("tolerant reading");
        assert_eq!(response.action, SyncAction::Unknown);
        assert_eq!(response.job_id, "");
        assert_eq!(response.shutdown_reason, None);
        assert_eq!(response.next_sync_after, 0);
    }

    #[test]
    fn a_sync_request_is_written_as_the_official_agent_writes_it() {
        let request = SyncRequest {
            state: SyncState::FinishedJob,
            job_id: "j1".into(),
            job_result: Some(JobResult::Stopped),
            interrupted_at: 0,
        };
        assert_eq!(
            serde_json::to_string(&request).expect("plain data"),
            r#"{"state":"finished-job","job_id":"j1","job_result":"stopped","interrupted_at":0}"#
        );
    }
}
