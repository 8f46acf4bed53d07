//! What every emulated server can do, so that one port serves them all.

use super::message::{Request, Response};
use dayfly::model::time::Timestamp;

/// A server as a pure state machine: requests and time go in, responses come out.
pub trait Emulated {
    /// Answers a request, after all that is due at `now` has been done.
    fn handle(&mut self, request: &Request, now: Timestamp) -> Response;

    /// Does all that is due at `now`.
    fn tick(&mut self, now: Timestamp);

    /// When `tick` has something to do next; `None` while only a request can change anything.
    fn next_deadline(&self) -> Option<Timestamp>;

    /// Learns where it is reached: scheme, host and port, without a trailing slash. One whose
    /// answers name no address of its own has no use for it.
    fn set_base_url(&mut self, _base_url: String) {}
}
