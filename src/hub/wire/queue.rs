//! What a registration token may read: its agent type's counts and queued jobs.

use serde::{Deserialize, Serialize};

use super::null_as_default;

/// The answer to `GET /metrics`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metrics {
    /// Jobs that have not ended.
    pub jobs: JobMetrics,
    /// Rows of agents, dead ones too.
    pub agents: AgentMetrics,
}

/// `jobs` of `GET /metrics`, and the whole answer to `GET /occupancy`. A missing or null number is
/// unknown and not zero, so it is an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobMetrics {
    /// Enqueued, scheduled, waiting for an agent.
    pub queued: u32,
    /// Started.
    pub running: u32,
}

/// `agents` of `GET /metrics`; as above, every number has to be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentMetrics {
    /// Rows without a job.
    pub idle: u32,
    /// Rows with a job.
    pub occupied: u32,
}

/// The answer to `GET /jobs`: newest first, at most 500.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedJobs {
    /// The jobs that have not started. Go writes an empty list as `null`; without the key, the
    /// answer is not this list.
    #[serde(deserialize_with = "null_as_default")]
    pub jobs: Vec<QueuedJob>,
}

/// One line of `GET /jobs`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedJob {
    /// The job's UUID.
    pub id: String,
}
