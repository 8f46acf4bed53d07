//! The world behind the scaler's ports: the scaler cannot tell it from a hub and a cloud.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use dayfly::model::id::{JobId, LaunchToken, MachineId, PoolName};
use dayfly::model::job::{AgentReport, AgentState, QueueCounts};
use dayfly::model::machine::{Machine, Phase};
use dayfly::model::pipeline::Look;
use dayfly::model::plan::LaunchOrder;
use dayfly::model::pool::Speculation;
use dayfly::model::snapshot::Machines;
use dayfly::model::time::Timestamp;
use dayfly::ports::{Clock, Cloud, CloudError, Hub, HubError, LaunchError, Launched};

use super::pipelines::Eyes;
use super::world::{State, World};

/// The hub's list of jobs has so many entries at most.
const JOBS_LISTED: usize = 500;
/// How long the cloud lists a machine that has ended. EC2 does so for an hour; what a policy can
/// see of it is over after a tick.
const LISTED_FOR: u64 = 15_000;

/// A hub, a cloud and a clock over one world.
#[derive(Clone, Debug)]
pub struct Doors {
    world: Rc<RefCell<World>>,
    /// What the cloud lists; it is copied when it changes while a tick has it.
    listed: Rc<RefCell<Machines>>,
    /// What each token has launched: a token is honored once.
    honored: Rc<RefCell<BTreeMap<LaunchToken, Vec<usize>>>>,
    /// What the hub calls each job, by its number in the world.
    names: Rc<RefCell<Vec<JobId>>>,
    /// Who may see pipelines sees them by these.
    eyes: Option<Rc<RefCell<Eyes>>>,
}

impl Doors {
    /// Doors to a world; its pipelines are shown to those who have eyes for them.
    pub fn new(world: Rc<RefCell<World>>, eyes: Option<Eyes>) -> Self {
        Self {
            world,
            listed: Rc::default(),
            honored: Rc::default(),
            names: Rc::default(),
            eyes: eyes.map(|eyes| Rc::new(RefCell::new(eyes))),
        }
    }

    fn machine(order: &LaunchOrder, number: usize, launched_at: u64) -> Machine {
        Machine {
            id: MachineId::new(format!("m{number:07}")),
            pool: order.pool.clone(),
            token: order.token.clone(),
            template: order.template.tag(),
            offer: order.offers[0].clone(),
            phase: Phase::Running,
            launched_at: Timestamp::from_millis(launched_at),
            boot_limit: order.boot_limit,
            lifetime: order.lifetime,
            held: false,
            impaired: false,
            ended_by: None,
            console: None,
        }
    }
}

impl Clock for Doors {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.world.borrow().now())
    }
}

impl Hub for Doors {
    async fn counts(&self, _: &PoolName) -> Result<QueueCounts, HubError> {
        let world = self.world.borrow();
        Ok(QueueCounts {
            queued: world.queued(),
            running: world.running(),
            idle: u32::try_from(world.idle().len()).unwrap_or(u32::MAX),
            occupied: world.running(),
        })
    }

    async fn jobs(&self, _: &PoolName) -> Result<Vec<JobId>, HubError> {
        let world = self.world.borrow();
        let listed = world.queue().take(JOBS_LISTED);
        let mut names = self.names.borrow_mut();
        Ok(listed.map(|job| name(&mut names, job)).collect())
    }

    async fn agents(
        &self,
        _: &PoolName,
    ) -> Result<Option<BTreeMap<MachineId, AgentReport>>, HubError> {
        let world = self.world.borrow();
        let report = |id: &MachineId| {
            let berth = world.machine(number(id)?);
            let state = match berth.state {
                State::Idle => AgentState::Waiting,
                State::Busy => AgentState::Running,
                State::Booting | State::Leaving | State::Gone => return None,
            };
            let connected_at = Timestamp::from_millis(berth.ready_at);
            let report = AgentReport {
                state,
                connected_at,
            };
            Some((id.clone(), report))
        };
        let listed = self.listed.borrow();
        let mut reports = Vec::with_capacity(listed.len());
        reports.extend(listed.keys().filter_map(report));
        Ok(Some(reports.into_iter().collect()))
    }

    async fn pipelines(&self, _: Timestamp) -> Result<Option<Arc<Look>>, HubError> {
        let world = self.world.borrow();
        let eyes = self.eyes.as_ref();
        Ok(eyes.map(|eyes| eyes.borrow_mut().look(&world)))
    }
}

impl Cloud for Doors {
    async fn machines(&self) -> Result<Machines, CloudError> {
        let world = self.world.borrow();
        let mut listed = self.listed.borrow_mut();
        listed.retain(|id, machine| {
            let berth = number(id).map(|number| world.machine(number));
            let Some(gone) = berth.filter(|berth| berth.state == State::Gone) else {
                return true;
            };
            machine.phase = Phase::Gone;
            gone.ends_at
                .is_none_or(|ended| world.now() < ended + LISTED_FOR)
        });
        Ok(listed.clone())
    }

    async fn launch(&self, order: &LaunchOrder) -> Result<Launched, LaunchError> {
        let mut honored = self.honored.borrow_mut();
        let numbers = match honored.get(&order.token) {
            Some(numbers) => numbers.clone(),
            None => {
                let waits = |boot| {
                    let boot = Duration::from_millis(boot);
                    let waits = Speculation::idle_timeout_at(order.idle_timeout, boot);
                    u64::try_from(waits.as_millis()).unwrap_or(u64::MAX)
                };
                let mut world = self.world.borrow_mut();
                let numbers = world.launch_waiting(order.count, waits);
                let numbers: Vec<usize> = numbers.collect();
                if numbers.is_empty() {
                    return Err(LaunchError::Throttled);
                }
                // A token means the same for two minutes; older ones are never seen again.
                if 1000 < honored.len() {
                    honored.clear();
                }
                honored.insert(order.token.clone(), numbers.clone());
                numbers
            }
        };
        let world = self.world.borrow();
        let mut machines = Vec::new();
        for number in numbers {
            let machine = Self::machine(order, number, world.machine(number).launched_at);
            let mut listed = self.listed.borrow_mut();
            listed.insert(machine.id.clone(), machine.clone());
            machines.push(machine);
        }
        Ok(Launched {
            machines,
            unavailable: Vec::new(),
        })
    }

    async fn end(&self, machines: &[MachineId]) -> BTreeMap<MachineId, Result<(), CloudError>> {
        let mut world = self.world.borrow_mut();
        let of = |id: &MachineId| Some((id.clone(), number(id)?));
        let known = machines.iter().filter_map(of);
        known
            .map(|(id, number)| {
                world.end(number);
                (id, Ok(()))
            })
            .collect()
    }
}

/// Which machine of the world is called so.
fn number(id: &MachineId) -> Option<usize> {
    id.as_str().strip_prefix('m')?.parse().ok()
}

/// What a job is called. Jobs are numbered as they are queued, and named once.
fn name(names: &mut Vec<JobId>, job: usize) -> JobId {
    while names.len() <= job {
        names.push(JobId::new(names.len().to_string()));
    }
    names[job].clone()
}

/// How long the study's scaler waits between two looks, as a span.
pub fn span(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
