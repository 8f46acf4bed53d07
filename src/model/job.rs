//! What the hub says of an agent type's queue and of its agents.

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// The hub's counts for one agent type (`GET /metrics`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueCounts {
    /// Jobs that are enqueued, scheduled or waiting for an agent; `pending` ones are not counted.
    pub queued: u32,
    /// Jobs that have started.
    pub running: u32,
    /// Agents without a job. Rows of agents that died are counted too (protocol.md S9).
    pub idle: u32,
    /// Agents with a job. Rows of agents that died are counted too.
    pub occupied: u32,
}

impl QueueCounts {
    /// Agents with and without a job, those that died included.
    pub const fn agents(self) -> u32 {
        self.idle.saturating_add(self.occupied)
    }
}

/// What the hub's agent list says of one agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentReport {
    /// Whether it has a job.
    pub state: AgentState,
    /// When it registered.
    pub connected_at: Timestamp,
}

/// The hub's two words for what an agent does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgentState {
    /// Registered, and has no job yet.
    Waiting,
    /// Has a job: starting, running, stopping or reporting it.
    Running,
}
