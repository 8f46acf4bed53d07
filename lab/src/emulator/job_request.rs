//! A job as it is put into the emulated hub's queue.

use std::time::Duration;

use dayfly::hub::wire::payload::{Command, EnvVar, File};
use dayfly::model::id::AgentType;

/// Everything that the hub needs to build a job's payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRequest {
    /// For people: the job's name in the pipeline.
    pub name: String,
    /// The pipeline's block; empty outside a pipeline.
    pub block: String,
    /// Which agents may take it.
    pub agent_type: AgentType,
    /// `None` is the shell executor.
    pub executor: Option<String>,
    /// In order, a later one wins; values in base64 already. The hub puts its own in front.
    pub env_vars: Vec<EnvVar>,
    /// Content in base64 already.
    pub files: Vec<File>,
    /// Run until the first that fails.
    pub commands: Vec<Command>,
    /// Run after the commands, whatever their result.
    pub epilogue_always: Vec<Command>,
    /// Run after those, if the job passed.
    pub epilogue_on_pass: Vec<Command>,
    /// Run after those, if the job failed.
    pub epilogue_on_fail: Vec<Command>,
    /// The hub stops a job that has run for longer.
    pub execution_time_limit: Duration,
}
