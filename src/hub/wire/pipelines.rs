//! The public API's pipelines, as far as look-ahead uses them (protocol.md 9.6).

use serde::{Deserialize, Serialize};

use super::null_as_default;

/// One project of the answer to `GET /projects`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Project {
    /// Who it is.
    pub metadata: ProjectMetadata,
}

/// Who a project is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectMetadata {
    /// For people.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// Its UUID.
    pub id: String,
}

/// One pipeline of the answer to `GET /pipelines`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PipelineRow {
    /// Its UUID.
    pub ppl_id: String,
    /// The workflow that it belongs to.
    #[serde(deserialize_with = "null_as_default")]
    pub wf_id: String,
    /// For people.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// `INITIALIZING`, `PENDING`, `QUEUING`, `RUNNING`, `STOPPING` or `DONE`.
    #[serde(deserialize_with = "null_as_default")]
    pub state: String,
    /// `PASSED`, `FAILED`, `STOPPED` or `CANCELED` once it is done.
    #[serde(deserialize_with = "null_as_default")]
    pub result: String,
    /// The file that defines it.
    #[serde(deserialize_with = "null_as_default")]
    pub yaml_file_name: String,
    /// Where that file is.
    #[serde(deserialize_with = "null_as_default")]
    pub working_directory: String,
}

/// One block of the answer to `GET /pipelines/{id}/describe_topology`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TopologyBlock {
    /// Unique in its pipeline.
    pub name: String,
    /// The names of its jobs.
    #[serde(deserialize_with = "null_as_default")]
    pub jobs: Vec<String>,
    /// The names of the blocks that it waits for.
    #[serde(deserialize_with = "null_as_default")]
    pub dependencies: Vec<String>,
}

/// The answer to `GET /pipelines/{id}?detailed=true`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PipelineDetail {
    /// How far the whole of it is.
    pub pipeline: PipelineState,
    /// How far each block is.
    #[serde(deserialize_with = "null_as_default")]
    pub blocks: Vec<BlockDetail>,
}

/// How far a pipeline is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PipelineState {
    /// Its UUID.
    #[serde(deserialize_with = "null_as_default")]
    pub ppl_id: String,
    /// The words of the list, in small letters.
    #[serde(deserialize_with = "null_as_default")]
    pub state: String,
    /// `passed`, `failed`, `stopped` or `canceled` once it is done.
    #[serde(deserialize_with = "null_as_default")]
    pub result: String,
}

/// How far a block is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BlockDetail {
    /// Unique in its pipeline.
    pub name: String,
    /// `waiting`, `initializing`, `running`, `stopping` or `done`.
    #[serde(deserialize_with = "null_as_default")]
    pub state: String,
    /// `passed`, `failed`, `stopped` or `canceled` once it is done.
    #[serde(deserialize_with = "null_as_default")]
    pub result: String,
    /// Its jobs, once they exist.
    #[serde(deserialize_with = "null_as_default")]
    pub jobs: Vec<BlockJob>,
}

/// How far a block's job is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BlockJob {
    /// For people.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// `PENDING`, `QUEUED`, `RUNNING` or `FINISHED`.
    #[serde(deserialize_with = "null_as_default")]
    pub status: String,
    /// `PASSED`, `FAILED` or `STOPPED` once it has ended.
    #[serde(deserialize_with = "null_as_default")]
    pub result: String,
    /// Its UUID.
    #[serde(deserialize_with = "null_as_default")]
    pub job_id: String,
}
