//! One emulated machine, and all of them with what they are looked up by.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Code;
pub use super::reason::StateReason;
use super::template::ShutdownBehavior;
use dayfly::model::offer::Market;
use dayfly::model::time::Timestamp;

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

/// A machine's place in the order of launches; pages go by it.
pub(super) type Key = u64;

/// All machines that are listed.
#[derive(Debug, Default)]
pub(super) struct Machines {
    next: Key,
    all: BTreeMap<Key, MachineRecord>,
    by_id: BTreeMap<String, Key>,
    by_tag: BTreeMap<(String, String), BTreeSet<Key>>,
}

impl Machines {
    pub(super) fn add(&mut self, machine: MachineRecord) -> Key {
        let key = self.next;
        self.next += 1;
        self.by_id.insert(machine.id.clone(), key);
        for tag in pairs(&machine.tags) {
            self.by_tag.entry(tag).or_default().insert(key);
        }
        self.all.insert(key, machine);
        key
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<MachineRecord> {
        self.set_tags(key, TagMap::new());
        let machine = self.all.remove(&key)?;
        self.by_id.remove(&machine.id);
        Some(machine)
    }

    pub(super) fn set_tags(&mut self, key: Key, tags: TagMap) {
        let Some(machine) = self.all.get_mut(&key) else {
            return;
        };
        for tag in pairs(&machine.tags) {
            if let Some(keys) = self.by_tag.get_mut(&tag) {
                keys.remove(&key);
                if keys.is_empty() {
                    self.by_tag.remove(&tag);
                }
            }
        }
        for tag in pairs(&tags) {
            self.by_tag.entry(tag).or_default().insert(key);
        }
        machine.tags = tags;
    }

    pub(super) fn get(&self, key: Key) -> Option<&MachineRecord> {
        self.all.get(&key)
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut MachineRecord> {
        self.all.get_mut(&key)
    }

    pub(super) fn key(&self, id: &str) -> Option<Key> {
        self.by_id.get(id).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, &MachineRecord)> {
        self.all.iter().map(|(key, machine)| (*key, machine))
    }

    /// From `from` on, in the order of launches.
    pub(super) fn from(&self, from: Key) -> impl Iterator<Item = (Key, &MachineRecord)> {
        let range = self.all.range(from..);
        range.map(|(key, machine)| (*key, machine))
    }

    /// From `from` on, those with this tag.
    pub(super) fn tagged(
        &self,
        tag: &(String, String),
        from: Key,
    ) -> impl Iterator<Item = (Key, &MachineRecord)> {
        let keys = self.by_tag.get(tag).into_iter();
        let keys = keys.flat_map(move |keys| keys.range(from..));
        keys.filter_map(|key| Some((*key, self.all.get(key)?)))
    }
}

fn pairs(tags: &TagMap) -> impl Iterator<Item = (String, String)> {
    let pairs = tags.iter();
    pairs.map(|(key, value)| (key.clone(), value.clone()))
}
