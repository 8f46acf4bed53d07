//! What controllers have asked of EC2, for the oracle that judges what they can know.

use std::collections::BTreeMap;

use crate::sim::oracle::economy::FleetCall;
use dayfly::model::time::Timestamp;

/// Lists that were made, and launches whose answers are on their way.
#[derive(Debug, Default)]
pub(super) struct CallLog {
    /// When each process's last list of all machines was made.
    listed_at: BTreeMap<u64, Timestamp>,
    launches: BTreeMap<(u64, u64), FleetCall>,
}

impl CallLog {
    /// A process has got a list of all machines.
    pub(super) fn listed(&mut self, process: u64, at: Timestamp) {
        self.listed_at.insert(process, at);
    }

    pub(super) fn listed_at(&self, process: u64) -> Option<Timestamp> {
        self.listed_at.get(&process).copied()
    }

    /// A process waits for the answer to a launch, or to a question about one.
    pub(super) fn launching(&mut self, process: u64, call: u64, fleet: FleetCall) {
        self.launches.insert((process, call), fleet);
    }

    /// The launch that an answer is to.
    pub(super) fn answered(&mut self, process: u64, call: u64) -> Option<FleetCall> {
        self.launches.remove(&(process, call))
    }
}
