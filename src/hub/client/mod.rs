//! The hub's protocol over HTTPS: TLS 1.3 and nothing older, a timeout on everything, and errors
//! that a caller can branch on.
//!
//! What must stay true: no error names a token, or an address that holds one; nothing is sent
//! twice behind the caller's back, because pushing a log batch twice at once garbles the log
//! (protocol.md S16). What is not here: retries. Whoever calls knows whether they help.

mod agent;
mod date;
mod error;
mod http;
mod pipelines;
mod public;
mod queue;
mod watch;

pub use agent::AgentClient;
pub use error::{CallError, ClientError};
pub use http::{DatedAnswer, HttpSettings};
pub use public::PublicClient;
pub use queue::{HubClient, PoolAccess};
