//! A whole site in virtual time: a queue of jobs, the emulated EC2, and machines whose agents
//! register, take a job, and power off. The scaler in front of it is the real one.

use std::cell::{RefCell, RefMut};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use dayfly::aws::Ec2Cloud;
use dayfly::model::id::{JobId, MachineId, PoolName};
use dayfly::model::job::{AgentReport, AgentState, QueueCounts};
use dayfly::model::pool::Policy;
use dayfly::model::time::Timestamp;
use dayfly::ports::{Clock, Hub, HubError};
use dayfly::scaler::{Scaler, Tick};
use dayfly_lab::emulator::ec2::Ec2;
use dayfly_lab::emulator::ec2::machine::State as MachineState;
use dayfly_lab::emulator::ec2::settings::Ec2Settings as Account;

use super::wire::{VirtualClock, Wire};

/// From tick to tick.
pub const TICK: Duration = Duration::from_secs(10);
/// How long an agent waits for a job.
const IDLE: Duration = Duration::from_secs(300);

pub type SiteScaler = Scaler<Site, Ec2Cloud<VirtualClock>, VirtualClock>;

/// Clones share it.
#[derive(Clone, Debug)]
pub struct Site {
    pub wire: Wire,
    state: Rc<RefCell<State>>,
}

#[derive(Debug)]
pub struct State {
    pub queue: VecDeque<JobId>,
    pub done: Vec<JobId>,
    agents: BTreeMap<MachineId, Agent>,
    /// From launch to a registered agent.
    pub boot: Duration,
    /// How long a job takes.
    pub work: Duration,
    /// Machines launched while this is set boot an image that nobody made an agent start in.
    pub image_is_wrong: bool,
    broken: BTreeMap<MachineId, ()>,
    pub live_most: usize,
}

#[derive(Clone, Debug)]
struct Agent {
    connected_at: Timestamp,
    job: Option<(JobId, Timestamp)>,
}

impl Site {
    pub fn new(account: Account) -> Self {
        let state = State {
            queue: VecDeque::new(),
            done: Vec::new(),
            agents: BTreeMap::new(),
            boot: Duration::from_secs(40),
            work: Duration::from_secs(60),
            image_is_wrong: false,
            broken: BTreeMap::new(),
            live_most: 0,
        };
        Self {
            wire: Wire::new(Ec2::new(account)),
            state: Rc::new(RefCell::new(state)),
        }
    }

    pub fn state(&self) -> RefMut<'_, State> {
        self.state.borrow_mut()
    }

    pub fn enqueue(&self, jobs: usize) {
        let mut state = self.state();
        let first = state.queue.len() + state.done.len();
        let named = (first..first + jobs).map(|number| JobId::new(format!("job-{number}")));
        state.queue.extend(named);
    }

    /// A scaler that knows nothing yet.
    pub fn scaler(&self, policy: Policy) -> SiteScaler {
        let clients = self.wire.clients();
        let cloud = Ec2Cloud::new(clients, &policy, self.wire.clock);
        Scaler::new(self.clone(), cloud, self.wire.clock, policy)
    }

    /// Machines that were ever launched.
    pub fn launched(&self) -> usize {
        self.wire.ec2().machines().count()
    }

    /// Machines that are pending or running.
    pub fn live(&self) -> usize {
        let ec2 = self.wire.ec2();
        ec2.machines().filter(|it| it.state.is_live()).count()
    }

    /// What machines and their agents do meanwhile.
    pub fn happen(&self) {
        let now = self.wire.clock.now();
        let mut ec2 = self.wire.ec2();
        let mut state = self.state();
        let machines: Vec<(MachineId, MachineState, Timestamp)> = ec2
            .machines()
            .filter(|it| it.state.is_live())
            .map(|it| (MachineId::new(&it.id), it.state, it.launched_at))
            .collect();
        state.live_most = state.live_most.max(machines.len());
        state
            .agents
            .retain(|id, _| machines.iter().any(|(live, _, _)| live == id));
        let mut gone = Vec::new();
        for (id, machine, launched_at) in machines {
            if state.image_is_wrong && !state.agents.contains_key(&id) {
                state.broken.insert(id.clone(), ());
            }
            let is_up = machine == MachineState::Running && state.boot <= now.since(launched_at);
            if is_up && !state.broken.contains_key(&id) && state.lead(&id, now) {
                gone.push(id);
            }
        }
        for id in gone {
            ec2.power_off(id.as_str(), now);
            state.agents.remove(&id);
        }
    }

    /// Lets time pass, with a tick of the scaler every ten seconds, and a look at the
    /// machines ten times between two ticks.
    pub async fn pass(&self, scaler: &mut SiteScaler, span: Duration) -> Vec<Tick> {
        self.pass_slowly(scaler, span, TICK).await
    }

    /// The same with ticks further apart, where there is much to list or a long time to pass.
    pub async fn pass_slowly(
        &self,
        scaler: &mut SiteScaler,
        span: Duration,
        tick: Duration,
    ) -> Vec<Tick> {
        let mut ticks = Vec::new();
        let until = self.wire.clock.now().plus(span);
        let mut next = self.wire.clock.now();
        while self.wire.clock.now() < until {
            self.happen();
            if next <= self.wire.clock.now() {
                ticks.push(scaler.tick().await);
                next = next.plus(tick);
            }
            tokio::time::advance(tick / 10).await;
        }
        ticks
    }
}

impl State {
    /// What one agent does now; whether it leaves.
    fn lead(&mut self, id: &MachineId, now: Timestamp) -> bool {
        let agent = self.agents.entry(id.clone()).or_insert(Agent {
            connected_at: now,
            job: None,
        });
        match &agent.job {
            Some((job, until)) if *until <= now => {
                self.done.push(job.clone());
                true
            }
            Some(_) => false,
            None => match self.queue.pop_front() {
                Some(job) => {
                    agent.job = Some((job, now.plus(self.work)));
                    false
                }
                None => IDLE <= now.since(agent.connected_at),
            },
        }
    }
}

impl Hub for Site {
    async fn counts(&self, _: &PoolName) -> Result<QueueCounts, HubError> {
        let state = self.state();
        let count = |number: usize| u32::try_from(number).expect("few");
        let occupied = state.agents.values().filter(|it| it.job.is_some()).count();
        Ok(QueueCounts {
            queued: count(state.queue.len()),
            running: count(occupied),
            idle: count(state.agents.len() - occupied),
            occupied: count(occupied),
        })
    }

    async fn jobs(&self, _: &PoolName) -> Result<Vec<JobId>, HubError> {
        Ok(self.state().queue.iter().take(500).cloned().collect())
    }

    async fn agents(
        &self,
        _: &PoolName,
    ) -> Result<Option<BTreeMap<MachineId, AgentReport>>, HubError> {
        let state = self.state();
        let report = |agent: &Agent| AgentReport {
            state: match agent.job {
                Some(_) => AgentState::Running,
                None => AgentState::Waiting,
            },
            connected_at: agent.connected_at,
        };
        let agents = state.agents.iter();
        Ok(Some(
            agents
                .map(|(id, agent)| (id.clone(), report(agent)))
                .collect(),
        ))
    }
}
