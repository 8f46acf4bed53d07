//! The public API (`v1alpha`), as far as the scaler and an operator use it.

use serde::{Deserialize, Serialize};

use super::null_as_default;
use crate::model::secret::Secret;

/// The answer to `GET /agents`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentPage {
    /// Registered agents, oldest first.
    #[serde(deserialize_with = "null_as_default")]
    pub agents: Vec<Agent>,
    /// Where the next page starts; empty at the end.
    #[serde(deserialize_with = "null_as_default")]
    pub cursor: String,
}

/// One agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Agent {
    /// Who it is.
    pub metadata: AgentMetadata,
    /// What it does.
    pub status: AgentStatus,
}

/// Who an agent is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentMetadata {
    /// Its name.
    pub name: String,
    /// Its agent type.
    #[serde(rename = "type", deserialize_with = "null_as_default")]
    pub agent_type: String,
    /// Of the agent program.
    #[serde(deserialize_with = "null_as_default")]
    pub version: String,
    /// Of its machine.
    #[serde(deserialize_with = "null_as_default")]
    pub os: String,
    /// Of its machine.
    #[serde(deserialize_with = "null_as_default")]
    pub arch: String,
    /// Of its machine.
    #[serde(deserialize_with = "null_as_default")]
    pub hostname: String,
    /// As the hub saw it.
    #[serde(deserialize_with = "null_as_default")]
    pub ip_address: String,
    /// Of the agent process.
    #[serde(deserialize_with = "null_as_default")]
    pub pid: i64,
    /// Unix seconds.
    #[serde(deserialize_with = "null_as_default")]
    pub connected_at: u64,
    /// Unix seconds, if it was disabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<u64>,
}

/// What an agent does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentStatus {
    /// `waiting_for_job` or `running_job`.
    #[serde(deserialize_with = "null_as_default")]
    pub state: String,
}

/// The answer to `GET /jobs/{id}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Job {
    /// Who it is, and when things happened to it.
    pub metadata: JobMetadata,
    /// What it asks for.
    #[serde(deserialize_with = "null_as_default")]
    pub spec: JobSpec,
    /// How far it is.
    pub status: JobStatus,
}

/// Who a job is, and when things happened to it: Unix seconds as strings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobMetadata {
    /// For people.
    pub name: String,
    /// Its UUID.
    pub id: String,
    /// When it was made.
    #[serde(deserialize_with = "null_as_default")]
    pub create_time: String,
    /// When it last changed.
    #[serde(deserialize_with = "null_as_default")]
    pub update_time: String,
    /// When an agent took it.
    #[serde(deserialize_with = "null_as_default")]
    pub start_time: String,
    /// When it ended.
    #[serde(deserialize_with = "null_as_default")]
    pub finish_time: String,
}

/// What a job asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobSpec {
    /// On what it runs.
    #[serde(deserialize_with = "null_as_default")]
    pub agent: JobSpecAgent,
}

/// On what a job runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobSpecAgent {
    /// The machine's type and image.
    #[serde(deserialize_with = "null_as_default")]
    pub machine: JobSpecMachine,
}

/// `spec.agent.machine`: its type is the agent type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobSpecMachine {
    /// The agent type.
    #[serde(rename = "type", deserialize_with = "null_as_default")]
    pub machine_type: String,
    /// Empty for self-hosted agents.
    #[serde(deserialize_with = "null_as_default")]
    pub os_image: String,
}

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobStatus {
    /// `PENDING`, `QUEUED`, `RUNNING` or `FINISHED`.
    pub state: String,
    /// `NONE`, `PASSED`, `FAILED` or `STOPPED`.
    pub result: String,
    /// Who took it; empty before.
    #[serde(deserialize_with = "null_as_default")]
    pub agent: JobAgent,
}

/// Who took a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobAgent {
    /// The agent's name.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// The agent's address.
    #[serde(deserialize_with = "null_as_default")]
    pub ip: String,
    /// Where a person could log in; none for self-hosted agents.
    #[serde(deserialize_with = "null_as_default")]
    pub ports: Vec<AgentPort>,
}

/// One open port of an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentPort {
    /// What listens there.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// Its number.
    #[serde(deserialize_with = "null_as_default")]
    pub number: u16,
}

/// The answer to `GET /jobs`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobPage {
    /// At most 30, newest first.
    #[serde(deserialize_with = "null_as_default")]
    pub jobs: Vec<Job>,
    /// Where the next page starts; empty at the end.
    #[serde(deserialize_with = "null_as_default")]
    pub next_page_token: String,
}

/// One agent type, and the answer to its creation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentTypeObject {
    /// Its name.
    pub metadata: AgentTypeMetadata,
    /// How many agents it has; its token, once.
    pub status: AgentTypeStatus,
}

/// Who an agent type is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentTypeMetadata {
    /// `s1-…`.
    pub name: String,
    /// Unix seconds.
    #[serde(deserialize_with = "null_as_default")]
    pub create_time: u64,
}

/// How many agents a type has; in the answer to its creation alone, its registration token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentTypeStatus {
    /// Registered agents.
    #[serde(deserialize_with = "null_as_default")]
    pub total_agent_count: u32,
    /// Shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_token: Option<Secret>,
}

/// The answer to `GET /self_hosted_agent_types`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentTypeList {
    /// All of them.
    #[serde(deserialize_with = "null_as_default")]
    pub agent_types: Vec<AgentTypeObject>,
}
