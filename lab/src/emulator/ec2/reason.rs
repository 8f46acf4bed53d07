//! Why machines end, in EC2's words: the state reasons that the emulator gives.

/// Why a machine is in its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StateReason {
    /// Such as `Client.UserInitiatedShutdown`.
    pub code: &'static str,
    /// A sentence.
    pub message: &'static str,
}

/// A call has ended it.
pub const BY_REQUEST: StateReason = StateReason {
    code: "Client.UserInitiatedShutdown",
    message: "Client.UserInitiatedShutdown: User initiated shutdown",
};
/// It has powered off.
pub const BY_ITSELF: StateReason = StateReason {
    code: "Client.InstanceInitiatedShutdown",
    message: "Client.InstanceInitiatedShutdown: Instance initiated shutdown",
};
/// EC2 has taken a spot machine back.
pub const SPOT_TERMINATION: StateReason = StateReason {
    code: "Server.SpotInstanceTermination",
    message: "Server.SpotInstanceTermination: Spot instance termination",
};
/// EC2 has failed.
pub const SERVER_INTERNAL_ERROR: StateReason = StateReason {
    code: "Server.InternalError",
    message: "Server.InternalError: Internal error on launch",
};
/// The account's settings do not let it boot, such as a key that its volume is encrypted with.
pub const CLIENT_INTERNAL_ERROR: StateReason = StateReason {
    code: "Client.InternalError",
    message: "Client.InternalError: Client error on launch",
};
/// The account has as many volumes as it may.
pub const VOLUME_LIMIT: StateReason = StateReason {
    code: "Client.VolumeLimitExceeded",
    message: "Client.VolumeLimitExceeded: Volume limit exceeded",
};

impl StateReason {
    /// Those with which EC2 ends a machine by itself.
    pub const OF_EC2: [Self; 4] = [
        CLIENT_INTERNAL_ERROR,
        SERVER_INTERNAL_ERROR,
        VOLUME_LIMIT,
        SPOT_TERMINATION,
    ];

    /// Whether EC2 itself has ended the machine.
    pub fn is_of_ec2(self) -> bool {
        Self::OF_EC2.contains(&self)
    }
}
