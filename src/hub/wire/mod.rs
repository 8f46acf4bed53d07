//! The protocol's JSON, and nothing else of it: no transport, no decisions.
//!
//! Reading is tolerant, because the hub is older and newer than we are: unknown fields are
//! ignored, `null` and a missing field mean the default, an unknown word is kept as such.
//! The source of every field is `protocol.md`, sections 3, 5, 6 and 9.

pub mod agent;
pub mod answer;
pub mod log;
pub mod payload;
pub mod pipelines;
pub mod public;
pub mod queue;
mod refusal;

use serde::{Deserialize, Deserializer};

/// Where the agent API starts, on every hub.
pub const AGENT_API: &str = "/api/v1/self_hosted_agents";
/// Where the log server starts.
pub const LOG_API: &str = "/api/v1/logs";
/// Where the public API starts.
pub const PUBLIC_API: &str = "/api/v1alpha";

/// Reads `null` as the default, as a Go server may send it.
pub fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}
