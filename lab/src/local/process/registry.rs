//! What the process that launched machines knows of them beside their folders: its own children,
//! and those that are gone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::faults::Faults;
use dayfly::model::id::{LaunchToken, MachineId, PoolName};
use dayfly::model::machine::{ConsoleMarks, Machine, Phase};
use dayfly::model::secret::Secret;
use dayfly::model::time::Timestamp;

/// For how long ended machines are listed, as EC2 does.
const GONE_LISTED: Duration = Duration::from_secs(3600);
/// How many ended machines are listed at most.
const GONE_LISTED_MAX: usize = 2000;

/// Shared between the cloud and the tasks that watch its machines.
#[derive(Clone, Debug, Default)]
pub(super) struct Registry {
    state: Arc<Mutex<State>>,
    bell: watch::Sender<()>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// Machines of this process that are not gone.
    pub(super) children: BTreeMap<MachineId, Handle>,
    /// Machines of this process that are gone, and since when.
    pub(super) gone: BTreeMap<MachineId, (Machine, Timestamp)>,
    /// What each launch gave, so that a repeat gives the same.
    pub(super) launches: BTreeMap<LaunchToken, Vec<Machine>>,
    pub(super) faults: Faults,
    /// Registration tokens that came after those of the settings.
    pub(super) registration_tokens: BTreeMap<PoolName, Secret>,
    /// Machines launched in all, and alive at once at most.
    pub(super) launched: u32,
    pub(super) peak: u32,
}

/// One machine of this process.
#[derive(Clone, Debug)]
pub(super) struct Handle {
    /// As it was launched.
    pub(super) machine: Machine,
    pub(super) ending: Arc<Notify>,
    pub(super) is_ending: bool,
}

impl Registry {
    /// The state; a task that panicked leaves it usable, because every change is one assignment.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn ring(&self) {
        self.bell.send_replace(());
    }

    pub(super) fn listen(&self) -> watch::Receiver<()> {
        self.bell.subscribe()
    }

    /// A machine's console shows a line. What it says is kept here, because the file goes when the
    /// machine ends, and a boot that worked must not look like one that failed.
    pub(super) fn heard(&self, id: &MachineId, line: &str) {
        if let Some(handle) = self.lock().children.get_mut(id) {
            let seen = handle.machine.console.unwrap_or_default();
            handle.machine.console = Some(seen.and(ConsoleMarks::read(line)));
        }
        self.ring();
    }

    /// A machine has ended: it is listed as gone for a while.
    pub(super) fn gone(&self, id: &MachineId, now: Timestamp) {
        let mut state = self.lock();
        let Some(Handle { machine, .. }) = state.children.remove(id) else {
            return;
        };
        state.gone.retain(|_, (_, at)| now.since(*at) < GONE_LISTED);
        let oldest = state
            .gone
            .iter()
            .min_by_key(|(_, (_, at))| *at)
            .map(|(id, _)| id.clone());
        if GONE_LISTED_MAX <= state.gone.len()
            && let Some(oldest) = oldest
        {
            state.gone.remove(&oldest);
        }
        let machine = Machine {
            phase: Phase::Gone,
            console: Some(machine.console.unwrap_or_default()),
            ..machine
        };
        state.gone.insert(machine.id.clone(), (machine, now));
        state.forget_launches();
        drop(state);
        self.ring();
    }
}

impl State {
    pub(super) fn alive(&self) -> u32 {
        u32::try_from(self.children.len()).unwrap_or(u32::MAX)
    }

    /// A launch is remembered as long as one of its machines is listed.
    fn forget_launches(&mut self) {
        let (children, gone) = (&self.children, &self.gone);
        let is_listed = |id: &MachineId| children.contains_key(id) || gone.contains_key(id);
        self.launches
            .retain(|_, machines| machines.iter().any(|machine| is_listed(&machine.id)));
    }

    /// Asks a machine to end; whether it is one of ours.
    pub(super) fn ask_to_end(&mut self, id: &MachineId) -> bool {
        let Some(handle) = self.children.get_mut(id) else {
            return false;
        };
        handle.is_ending = true;
        handle.ending.notify_one();
        true
    }
}
