//! What is due at which moment.

use std::collections::BTreeSet;

use super::machine::Key;
use super::reason::StateReason;
use super::replay::LaunchAction;
use super::settings::ImageState;
use dayfly::model::time::Timestamp;

/// Something that is due at a moment. What is due at the same moment happens in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wake {
    /// A pending machine runs.
    Run(Key),
    /// A pending machine fails.
    Fail(Key),
    /// EC2 ends a machine, pending or running.
    Die(Key, StateReason),
    /// A spot machine is taken away.
    Take(Key),
    /// A machine that powers off is stopped.
    Stop(Key),
    /// An image is there, or it is not.
    Image(String, ImageState),
    /// A machine that shuts down is terminated.
    Terminate(Key),
    /// A terminated machine is no longer listed.
    Vanish(Key),
    /// A client token is forgotten.
    Forget(LaunchAction, String),
}

/// All that is due, the earliest first.
#[derive(Debug, Default)]
pub(super) struct Schedule(BTreeSet<(Timestamp, Wake)>);

impl Schedule {
    pub(super) fn add(&mut self, at: Timestamp, wake: Wake) {
        self.0.insert((at, wake));
    }

    /// When something is due next.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.0.first().map(|(at, _)| *at)
    }

    /// Takes the earliest of what is due at `now`.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<(Timestamp, Wake)> {
        let is_due = self.next().is_some_and(|at| at <= now);
        is_due.then(|| self.0.pop_first()).flatten()
    }
}
