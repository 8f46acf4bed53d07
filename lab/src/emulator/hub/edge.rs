//! What is in front of the hub, and answers in its place.

use super::faults::Endpoint;
use super::strikes::covers;
use super::token::{Draws, Purpose};
use crate::emulator::edge::{EdgeFault, EdgeSettings};
use crate::emulator::foreign::ForeignAnswer;
use dayfly::model::time::Timestamp;

/// An edge, and the endpoints that it is in front of; every request if there are none.
#[derive(Debug)]
pub(super) struct Edge {
    pub(super) settings: EdgeSettings,
    pub(super) endpoints: Vec<Endpoint>,
}

impl Edge {
    /// What it does to a request of an endpoint, if anything.
    pub(super) fn fault(
        &self,
        endpoint: Endpoint,
        draws: &mut Draws,
        now: Timestamp,
    ) -> Option<EdgeFault> {
        let is_here = |here: &Endpoint| covers(*here, endpoint);
        if !self.endpoints.is_empty() && !self.endpoints.iter().any(is_here) {
            return None;
        }
        let draw = |below: u32| draws.between(Purpose::Edge, 0, below.saturating_sub(1));
        let fault = self.settings.fault(now, draw)?;
        Some(told_apart(fault, endpoint))
    }
}

/// The log server's own answer to a push is 200 without a body. No client could tell that of an
/// edge from it, so a push that was not stored gets another answer that is no JSON object.
fn told_apart(fault: EdgeFault, endpoint: Endpoint) -> EdgeFault {
    match (fault, endpoint) {
        (EdgeFault::Unseen(ForeignAnswer::EmptyBody), Endpoint::LogPush) => {
            EdgeFault::Unseen(ForeignAnswer::CaptivePortal)
        }
        (fault, _) => fault,
    }
}
