//! The door `ports::Cloud`, onto this computer.

use std::collections::BTreeMap;
use std::io;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use rustix::process::Signal;
use tokio::process::{Child, Command};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::faults::{Faults, take};
use super::folder::{Folder, Tags};
use super::registry::{Handle, Registry};
use super::settings::{AgentSettings, ProcessCloudError, ProcessSettings};
use super::tree;
use super::watch::{INIT_ENDS_WITHIN, clear_abandoned, watch_machine};
use dayfly::model::id::{MachineId, PoolName};
use dayfly::model::machine::{Machine, Phase};
use dayfly::model::offer::Offer;
use dayfly::model::plan::LaunchOrder;
use dayfly::model::secret::Secret;
use dayfly::model::snapshot::Machines;
use dayfly::model::time::Timestamp;
use dayfly::ports::{Clock, Cloud, CloudError, LaunchError, Launched};
use dayfly_agent::process::become_subreaper;

/// Machines on this computer. Clones share them; they end when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct ProcessCloud<K> {
    settings: Arc<ProcessSettings>,
    registry: Registry,
    watchers: Arc<Mutex<JoinSet<()>>>,
    clock: K,
}

impl<K: Clock + Clone + Send + 'static> ProcessCloud<K> {
    /// Proves that machines can be made here. Has to be called within a tokio runtime.
    pub fn new(settings: ProcessSettings, clock: K) -> Result<Self, ProcessCloudError> {
        settings.prepare()?;
        become_subreaper().map_err(ProcessCloudError::Subreaper)?;
        let cloud = Self::reader(settings, clock);
        cloud
            .watchers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .spawn(clear_abandoned(cloud.settings.clone()));
        Ok(cloud)
    }

    /// For looking alone: proves nothing and makes nothing.
    pub fn reader(settings: ProcessSettings, clock: K) -> Self {
        Self {
            settings: Arc::new(settings.absolute()),
            registry: Registry::default(),
            watchers: Arc::default(),
            clock,
        }
    }

    /// Rings whenever a machine was launched, has registered, or is gone.
    pub fn listen(&self) -> watch::Receiver<()> {
        self.registry.listen()
    }

    /// Sets what goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.registry.lock().faults = faults;
    }

    /// Gives the agents of machines from now on these tokens; those of other pools stay.
    pub fn set_registration_tokens(&self, tokens: &BTreeMap<PoolName, Secret>) {
        let known = &mut self.registry.lock().registration_tokens;
        known.extend(
            tokens
                .iter()
                .map(|(pool, token)| (pool.clone(), token.clone())),
        );
    }

    /// When a machine was gone: no process of it was left.
    pub fn gone_at(&self, id: &MachineId) -> Option<Timestamp> {
        self.registry.lock().gone.get(id).map(|(_, at)| *at)
    }

    /// Machines of this process: launched in all, alive at once at most, alive now.
    pub fn totals(&self) -> (u32, u32, u32) {
        let state = self.registry.lock();
        (state.launched, state.peak, state.alive())
    }

    /// Ends every machine of this process and returns when none is left, or after a bounded time.
    pub async fn shutdown(&self) {
        let ids: Vec<MachineId> = self.registry.lock().children.keys().cloned().collect();
        for id in &ids {
            self.registry.lock().ask_to_end(id);
        }
        let watchers =
            std::mem::take(&mut *self.watchers.lock().unwrap_or_else(PoisonError::into_inner));
        if timeout(INIT_ENDS_WITHIN * 2, all_done(watchers))
            .await
            .is_err()
        {
            tracing::error!(alive = self.totals().2, "machines are left over");
        }
        // Other controllers' machines may be in it, and then it stays.
        let _ = std::fs::remove_dir(&self.settings.root);
    }

    /// Whether it knows what the agents of a pool are told.
    pub fn has_pool(&self, pool: &PoolName) -> bool {
        self.settings.pools.contains_key(pool)
    }

    /// Launches one machine of the order's first offer that has its name from elsewhere: it is
    /// the body of an emulated one. One that is there already is left alone.
    pub fn launch_named(&self, id: MachineId, order: &LaunchOrder) -> io::Result<Machine> {
        if let Some(handle) = self.registry.lock().children.get(&id) {
            return Ok(handle.machine.clone());
        }
        let offer = order.offers.first();
        let offer = offer.ok_or_else(|| io::Error::other("the order names no offer"))?;
        let machine = self.start(id, order, offer)?;
        self.registry.ring();
        Ok(machine)
    }

    /// Starts one machine; its watcher owns its init from then on.
    fn start(&self, id: MachineId, order: &LaunchOrder, offer: &Offer) -> io::Result<Machine> {
        let now = self.clock.now();
        let agent = self.agent_settings(&order.pool).ok_or_else(|| {
            io::Error::other(format!("pool {} is not configured here", order.pool))
        })?;
        let machine = Machine {
            id: id.clone(),
            pool: order.pool.clone(),
            token: order.token.clone(),
            template: order.template.tag(),
            offer: offer.clone(),
            phase: Phase::Pending,
            launched_at: now,
            boot_limit: order.boot_limit,
            lifetime: order.lifetime,
            held: false,
            impaired: false,
            ended_by: None,
            console: None,
        };
        let tags = Tags {
            deployment: self.settings.deployment.clone(),
            machine: machine.clone(),
            agent_command: self.settings.agent_command.clone(),
            path: self.settings.path.clone(),
            boot_delay: boot_delay(self.settings.boot_delay, &id),
            boot: self.registry.lock().faults.next_boot(),
        };
        let folder = Folder::of(&self.settings.root, &id);
        let started = folder
            .create(&tags, &agent, order.idle_timeout)
            .and_then(|()| self.start_init(&folder));
        let init = started.inspect_err(|_| folder.remove())?;
        let ending = Arc::new(Notify::new());
        let handle = Handle {
            machine: machine.clone(),
            ending: ending.clone(),
            is_ending: false,
        };
        {
            let mut state = self.registry.lock();
            state.children.insert(id, handle);
            state.launched += 1;
            state.peak = state.peak.max(state.alive());
        }
        let watched = watch_machine(
            init,
            tags,
            folder,
            ending,
            self.registry.clone(),
            self.clock.clone(),
        );
        self.watchers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .spawn(watched);
        Ok(machine)
    }

    /// What the agents of a pool are told at this moment.
    fn agent_settings(&self, pool: &PoolName) -> Option<AgentSettings> {
        let mut agent = self.settings.pools.get(pool)?.clone();
        if let Some(token) = self.registry.lock().registration_tokens.get(pool) {
            agent.registration_token = token.clone();
        }
        Some(agent)
    }

    fn start_init(&self, folder: &Folder) -> io::Result<Child> {
        let [program, arguments @ ..] = self.settings.init_command.as_slice() else {
            return Err(io::Error::other("the init's command is empty"));
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .args(["machine", "--folder"])
            .arg(folder.path())
            .env_clear()
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        tree::spawn_init(&mut command)
    }

    /// Every machine that is not gone: those of this process, and those that other processes
    /// launched under the same root and deployment.
    fn present(&self) -> io::Result<BTreeMap<MachineId, Machine>> {
        let mut machines = BTreeMap::new();
        let entries = match std::fs::read_dir(&self.settings.root) {
            // Nothing was ever launched here.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(machines),
            entries => entries?,
        };
        for entry in entries {
            let folder = Folder::at(entry?.path());
            let Some(machine) = folder.list(&self.settings.deployment) else {
                continue;
            };
            // A folder without a living init is what a killed controller left. In doubt it counts.
            if folder.has_living_init().unwrap_or(true) {
                machines.insert(machine.id.clone(), machine);
            }
        }
        for (id, handle) in &self.registry.lock().children {
            let folder = Folder::of(&self.settings.root, id);
            let listed = folder.list(&self.settings.deployment);
            // Its folder goes before its last process has: it counts until its watcher says so.
            let is_going = handle.is_ending || listed.is_none();
            let mut machine = listed.unwrap_or_else(|| handle.machine.clone());
            if is_going {
                machine.phase = Phase::Stopping;
            }
            machines.insert(id.clone(), machine);
        }
        Ok(machines)
    }
}

impl<K: Clock + Clone + Send + 'static> Cloud for ProcessCloud<K> {
    async fn machines(&self) -> Result<Machines, CloudError> {
        if take(&mut self.registry.lock().faults.listings_that_fail) {
            return Err(CloudError::Failed(
                "this listing was made to fail".to_owned(),
            ));
        }
        let mut machines = self
            .present()
            .map_err(|error| CloudError::Failed(error.to_string()))?;
        let state = self.registry.lock();
        let gone = state
            .gone
            .iter()
            .map(|(id, (machine, _))| (id.clone(), machine.clone()));
        machines.extend(gone);
        Ok(machines.into())
    }

    async fn launch(&self, order: &LaunchOrder) -> Result<Launched, LaunchError> {
        if let Some(machines) = self.registry.lock().launches.get(&order.token).cloned() {
            return Ok(Launched {
                machines,
                unavailable: Vec::new(),
            });
        }
        let Some(offer) = order.offers.first() else {
            return Err(LaunchError::Refused {
                reason: "the order names no offer".to_owned(),
            });
        };
        let mut launched = Launched::default();
        for _ in 0..order.count {
            let (alive, capacity) = {
                let state = self.registry.lock();
                (state.alive(), state.faults.capacity)
            };
            if capacity.is_some_and(|capacity| capacity <= alive) {
                launched
                    .unavailable
                    .push((offer.clone(), "this computer is full".to_owned()));
                break;
            }
            match machine_id().and_then(|id| self.start(id, order, offer)) {
                Ok(machine) => launched.machines.push(machine),
                Err(error) if launched.machines.is_empty() => {
                    return Err(LaunchError::Refused {
                        reason: error.to_string(),
                    });
                }
                Err(error) => {
                    launched
                        .unavailable
                        .push((offer.clone(), error.to_string()));
                    break;
                }
            }
        }
        self.registry.ring();
        if launched.machines.is_empty() {
            let reason = "this computer is full".to_owned();
            return Err(LaunchError::NoCapacity { reason });
        }
        let mut state = self.registry.lock();
        state
            .launches
            .insert(order.token.clone(), launched.machines.clone());
        if take(&mut state.faults.launch_answers_lost) {
            let reason = "this answer was made to be lost".to_owned();
            return Err(LaunchError::Unknown { reason });
        }
        Ok(launched)
    }

    async fn end(&self, machines: &[MachineId]) -> BTreeMap<MachineId, Result<(), CloudError>> {
        let one = |id: &MachineId| {
            if !self.registry.lock().ask_to_end(id) {
                Folder::of(&self.settings.root, id).signal_init(Signal::TERM);
            }
            (id.clone(), Ok(()))
        };
        machines.iter().map(one).collect()
    }
}

async fn all_done(mut tasks: JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}

/// A new id, in EC2's form. It is random, because everything of a machine is found by it: two
/// machines of one name, launched by two clouds at the same moment, would end each other.
fn machine_id() -> io::Result<MachineId> {
    let mut bytes = [0; 9];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| io::Error::other("this computer has no randomness"))?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(MachineId::new(format!("i-{}", &digits[..17])))
}

/// A delay between the shortest and the longest, the same for the same machine.
fn boot_delay((shortest, longest): (Duration, Duration), id: &MachineId) -> Duration {
    let hash = digest(&SHA256, id.as_str().as_bytes());
    let share = u32::from(hash.as_ref().first().copied().unwrap_or_default());
    shortest + longest.saturating_sub(shortest) * share / 255
}
