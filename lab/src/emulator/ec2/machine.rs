//! One emulated machine.

use std::collections::BTreeMap;
use std::time::Duration;

use super::api::ConsoleOutput;
use super::error::Code;
pub use super::reason::StateReason;
use super::template::ShutdownBehavior;
use dayfly::model::offer::Market;
use dayfly::model::time::Timestamp;

/// How much of a console is kept.
const CONSOLE_BYTES_MAX: usize = 64 * 1024;

/// A machine's place in the order of launches; pages go by it.
pub(super) type Key = u64;

/// Tags, by their keys.
pub type TagMap = BTreeMap<String, String>;

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

/// How a machine may ask for its metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetadataOptions {
    /// Whether it answers at all.
    pub endpoint: Switch,
    /// Whether a session token is required.
    pub tokens_required: Switch,
    /// How many hops an answer may go.
    pub hops_max: u32,
    /// Whether tags can be read there.
    pub tags: Switch,
}

impl Default for MetadataOptions {
    fn default() -> Self {
        Self {
            endpoint: Switch::On,
            tokens_required: Switch::Off,
            hops_max: 1,
            tags: Switch::Off,
        }
    }
}

/// Where a machine is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Launched, not yet there.
    Pending,
    /// There.
    Running,
    /// On its way to its end.
    ShuttingDown,
    /// At its end, and still listed for an hour.
    Terminated,
    /// On its way to being stopped.
    Stopping,
    /// Powered off by itself, where its launch did not say that this ends it.
    Stopped,
}

impl State {
    /// EC2's number for it.
    pub const fn code(self) -> u32 {
        match self {
            Self::Pending => 0,
            Self::Running => 16,
            Self::ShuttingDown => 32,
            Self::Terminated => 48,
            Self::Stopping => 64,
            Self::Stopped => 80,
        }
    }

    /// EC2's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::ShuttingDown => "shutting-down",
            Self::Terminated => "terminated",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
        }
    }

    /// Whether it takes capacity and quota.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Pending | Self::Running)
    }

    /// Whether it is there, powered on or not, and not on its way to its end.
    pub const fn is_kept(self) -> bool {
        match self {
            Self::Pending | Self::Running | Self::Stopping | Self::Stopped => true,
            Self::ShuttingDown | Self::Terminated => false,
        }
    }
}

/// Whether the hardware and the system answer, as `DescribeInstanceStatus` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// They do.
    Ok,
    /// They do not.
    Impaired,
}

/// One machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineRecord {
    /// `i-…`.
    pub id: String,
    /// The launch that it came with.
    pub reservation: String,
    /// Its place within that launch, from 0.
    pub launch_index: u32,
    /// The size.
    pub instance_type: String,
    /// What it booted.
    pub image: String,
    /// `x86_64` or `arm64`.
    pub architecture: &'static str,
    /// Where it stands.
    pub subnet: String,
    /// The subnet's zone.
    pub zone: String,
    /// How it is paid for.
    pub market: Market,
    /// Its address in the subnet.
    pub address: String,
    /// In base64.
    pub user_data: Option<String>,
    /// What powering off does.
    pub shutdown: ShutdownBehavior,
    /// Whether calls may not end it (`DisableApiTermination`).
    pub protection: Switch,
    /// The code with which each call that would end it is refused, by a fault.
    pub end_refused: Option<Code>,
    /// How it may ask for its metadata.
    pub metadata: MetadataOptions,
    /// Its tags.
    pub tags: TagMap,
    /// The token of its launch.
    pub client_token: Option<String>,
    /// Where it is in its life.
    pub state: State,
    /// Why.
    pub reason: Option<StateReason>,
    /// When it began to end.
    pub ended_at: Option<Timestamp>,
    /// Its status checks.
    pub health: Health,
    /// What it has written on its console, and when.
    pub console: Vec<(Timestamp, String)>,
    /// When it was launched.
    pub launched_at: Timestamp,
    /// From when calls know it.
    pub seen_from: Timestamp,
    /// When a spot machine is taken away, once it was told.
    pub spot_ends_at: Option<Timestamp>,
    /// When a spot machine was advised to be replaced.
    pub rebalance_at: Option<Timestamp>,
    /// When it was terminated.
    pub terminated_at: Option<Timestamp>,
}

impl MachineRecord {
    /// What both of its status checks say.
    pub(super) const fn status_word(&self) -> &'static str {
        match (self.state, self.health) {
            (State::Running, Health::Ok) => "ok",
            (State::Running, Health::Impaired) => "impaired",
            (State::Pending, _) => "initializing",
            (State::ShuttingDown | State::Terminated | State::Stopping | State::Stopped, _) => {
                "not-applicable"
            }
        }
    }

    /// What calls can read of its console; without `latest`, only what was posted: what is older
    /// than `delay`, and all of it once the machine has ended.
    pub(super) fn console_output(
        &self,
        latest: bool,
        delay: Duration,
        now: Timestamp,
    ) -> ConsoleOutput {
        let is_posted = latest || self.state == State::Terminated;
        let is_shown = |at: Timestamp| is_posted || at.plus(delay) <= now;
        let shown = self.console.iter().filter(|(at, _)| is_shown(*at));
        let text: String = shown.clone().map(|(_, text)| text.as_str()).collect();
        let from = text.len().saturating_sub(CONSOLE_BYTES_MAX);
        let written_at = shown.map(|(at, _)| *at).max();
        ConsoleOutput {
            machine: self.id.clone(),
            written_at: written_at.unwrap_or(self.launched_at),
            output: text.as_bytes()[from..].to_vec(),
        }
    }
}
