//! What has happened, for a driver that does not want to ask all the time.

use super::machine::State;
use dayfly::model::time::Timestamp;

/// Something that has happened, and when. The first three are what EventBridge would tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A machine has come to another state; `Pending` is its launch.
    StateChanged {
        /// Which.
        machine: String,
        /// Where it is now.
        state: State,
        /// When.
        at: Timestamp,
    },
    /// A spot machine will be taken away.
    SpotNotice {
        /// Which.
        machine: String,
        /// When it will be taken.
        ends_at: Timestamp,
        /// When it was told.
        at: Timestamp,
    },
    /// A spot machine is more likely than others to be taken away.
    RebalanceAdvised {
        /// Which.
        machine: String,
        /// When.
        at: Timestamp,
    },
    /// A machine's metadata options have changed.
    MetadataChanged {
        /// Which.
        machine: String,
        /// When.
        at: Timestamp,
    },
    /// A terminated machine is no longer listed.
    Vanished {
        /// Which.
        machine: String,
        /// When.
        at: Timestamp,
    },
}
