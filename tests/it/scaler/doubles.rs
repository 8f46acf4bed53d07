//! A hub and a cloud that a test sets as it likes.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::rc::Rc;

use dayfly::model::id::{JobId, LaunchToken, MachineId, PoolName};
use dayfly::model::job::{AgentReport, QueueCounts};
use dayfly::model::machine::Machine;
use dayfly::model::plan::LaunchOrder;
use dayfly::model::snapshot::Machines;
use dayfly::model::time::Timestamp;
use dayfly::ports::{Clock, Cloud, CloudError, Hub, HubError, LaunchError, Launched};
use dayfly::scaler::Scaler;

use crate::plan::world::{machine, now, policy};

/// The test's own world; clones see the same one.
#[derive(Clone)]
pub struct World {
    pub queued: Rc<Cell<u32>>,
    /// The number of the oldest queued job.
    pub first_job: Rc<Cell<u32>>,
    /// It does not give its counts.
    pub hub_is_silent: Rc<Cell<bool>>,
    /// It does not answer anything.
    pub hub_is_dead: Rc<Cell<bool>>,
    pub cloud_is_silent: Rc<Cell<bool>>,
    pub machines: Rc<RefCell<BTreeMap<MachineId, Machine>>>,
    /// Launched machines show in the list only once this is set.
    pub lists_at_once: Rc<Cell<bool>>,
    pub refuses_to_end: Rc<Cell<bool>>,
    /// The cloud refuses to terminate these.
    pub protected: Rc<RefCell<BTreeSet<MachineId>>>,
    /// Machines in each call that terminates some.
    pub ends: Rc<RefCell<Vec<Vec<MachineId>>>>,
    /// Agents that the hub lists; `None` without an API token.
    pub agents: Rc<RefCell<Option<BTreeMap<MachineId, AgentReport>>>>,
    /// Agents that the hub counts, with and without a job.
    pub counted: Rc<Cell<(u32, u32)>>,
    /// By how many seconds this host's clock is ahead of the hub's, if the hub tells.
    pub clock_ahead_seconds: Rc<Cell<Option<u64>>>,
    pub refusal: Rc<RefCell<Option<LaunchError>>>,
    pub orders: Rc<RefCell<Vec<LaunchOrder>>>,
    /// What each token has given: a repeat gives the same, as `ports::Cloud` asks.
    pub given: Rc<RefCell<BTreeMap<LaunchToken, Launched>>>,
    pub looks: Rc<Cell<u32>>,
    pub elapsed_seconds: Rc<Cell<u64>>,
    /// For so long the process is frozen before the cloud's next answer.
    pub frozen_seconds: Rc<Cell<u64>>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            queued: Rc::default(),
            first_job: Rc::default(),
            hub_is_silent: Rc::default(),
            hub_is_dead: Rc::default(),
            cloud_is_silent: Rc::default(),
            machines: Rc::default(),
            lists_at_once: Rc::default(),
            refuses_to_end: Rc::default(),
            protected: Rc::default(),
            ends: Rc::default(),
            agents: Rc::new(RefCell::new(Some(BTreeMap::new()))),
            counted: Rc::default(),
            clock_ahead_seconds: Rc::default(),
            refusal: Rc::default(),
            orders: Rc::default(),
            given: Rc::default(),
            looks: Rc::default(),
            elapsed_seconds: Rc::default(),
            frozen_seconds: Rc::default(),
        }
    }
}

impl World {
    pub fn scaler(&self, machines_max: u32) -> Scaler<Self, Self, Self> {
        Scaler::new(
            self.clone(),
            self.clone(),
            self.clone(),
            policy(machines_max, 0),
        )
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        now().plus(std::time::Duration::from_secs(self.elapsed_seconds.get()))
    }
}

fn unreachable(pool: &PoolName) -> HubError {
    HubError::Unreachable {
        endpoint: "hub.test".into(),
        reason: format!("{pool} is behind a black hole"),
    }
}

impl Hub for World {
    fn counts(&self, pool: &PoolName) -> impl Future<Output = Result<QueueCounts, HubError>> {
        let answer = if self.hub_is_silent.get() || self.hub_is_dead.get() {
            Err(unreachable(pool))
        } else {
            let (idle, occupied) = self.counted.get();
            Ok(QueueCounts {
                queued: self.queued.get(),
                running: occupied,
                idle,
                occupied,
            })
        };
        async { answer }
    }

    fn jobs(&self, pool: &PoolName) -> impl Future<Output = Result<Vec<JobId>, HubError>> {
        let first = self.first_job.get();
        let jobs = first..first + self.queued.get();
        let jobs = jobs.map(|number| JobId::new(format!("job-{number}")));
        let answer = if self.hub_is_dead.get() {
            Err(unreachable(pool))
        } else {
            Ok(jobs.collect())
        };
        async { answer }
    }

    async fn agents(
        &self,
        pool: &PoolName,
    ) -> Result<Option<BTreeMap<MachineId, AgentReport>>, HubError> {
        if self.hub_is_dead.get() {
            return Err(unreachable(pool));
        }
        Ok(self.agents.borrow().clone())
    }

    fn time(&self) -> Option<Timestamp> {
        let ahead = self.clock_ahead_seconds.get()?;
        Some(self.now().minus(std::time::Duration::from_secs(ahead)))
    }
}

impl Cloud for World {
    fn machines(&self) -> impl Future<Output = Result<Machines, CloudError>> {
        self.looks.set(self.looks.get() + 1);
        let frozen = self.frozen_seconds.take();
        self.elapsed_seconds
            .set(self.elapsed_seconds.get() + frozen);
        let answer = if self.cloud_is_silent.get() {
            Err(CloudError::Failed("behind a black hole".into()))
        } else {
            Ok(self.machines.borrow().clone().into())
        };
        async { answer }
    }

    fn launch(&self, order: &LaunchOrder) -> impl Future<Output = Result<Launched, LaunchError>> {
        self.orders.borrow_mut().push(order.clone());
        let first = self.orders.borrow().len();
        let before = self.given.borrow().get(&order.token).cloned();
        let answer = match (self.refusal.borrow().clone(), before) {
            (Some(error), _) => Err(error),
            (None, Some(launched)) => Ok(launched),
            (None, None) => {
                let machines = (0..order.count).map(|index| Machine {
                    launched_at: self.now(),
                    ..machine(&format!("i-{first}-{index}"), order.pool.as_str(), 0)
                });
                Ok(Launched {
                    machines: machines.collect(),
                    unavailable: Vec::new(),
                })
            }
        };
        if let Ok(launched) = &answer {
            let token = order.token.clone();
            self.given.borrow_mut().insert(token, launched.clone());
        }
        if let (Ok(launched), true) = (&answer, self.lists_at_once.get()) {
            let listed = launched
                .machines
                .iter()
                .map(|it| (it.id.clone(), it.clone()));
            self.machines.borrow_mut().extend(listed);
        }
        async { answer }
    }

    fn end(
        &self,
        machines: &[MachineId],
    ) -> impl Future<Output = BTreeMap<MachineId, Result<(), CloudError>>> {
        self.ends.borrow_mut().push(machines.to_vec());
        let ended = machines.iter().map(|id| {
            if self.protected.borrow().contains(id) {
                let word = format!("OperationNotPermitted: {id} may not be terminated");
                return (id.clone(), Err(CloudError::Refused(word)));
            }
            if self.refuses_to_end.get() {
                return (id.clone(), Err(CloudError::Throttled));
            }
            self.machines.borrow_mut().remove(id);
            (id.clone(), Ok(()))
        });
        let ended = ended.collect();
        async { ended }
    }
}
