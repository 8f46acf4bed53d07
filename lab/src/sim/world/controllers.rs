//! Controllers: processes that tick, crash, and are frozen. A new process remembers nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::{DEPLOYMENT, Happening, World};
use crate::sim::chance::Chance;
use crate::sim::door::{Answer, Line, SimClock, SimCloud, SimHub, SimLease};
use dayfly::model::clock::TOLERANCE;
use dayfly::model::id::Deployment;
use dayfly::model::pool::{Policy, PoolPolicy};
use dayfly::model::time::Timestamp;
use dayfly::scaler::lease::Terms;
use dayfly::scaler::{Scaler, Tick};

/// What `questions` of the lease's terms is: the longest that a tick may ask.
const QUESTIONS: Duration = Duration::from_secs(30);
/// A clock that is off by less is right enough for two replicas.
const CLOCKS_APART: Duration = Duration::from_secs(5);

type SimScaler = Scaler<SimHub, SimCloud, SimClock, Option<SimLease>>;
type Ticking = Pin<Box<dyn Future<Output = (SimScaler, Tick)>>>;

/// One process that scales.
pub(super) struct Controller {
    pub(super) replica: usize,
    pub(super) process: u64,
    pub(super) line: Line,
    doing: Doing,
    /// When its tick began.
    pub(super) began_at: Timestamp,
    /// Whether its clock was wrong at any moment of the tick: what it decided then may rest on that.
    pub(super) clock_was_wrong: bool,
    /// What it was told to want when its tick began.
    pub(super) policy: Policy,
    /// Killed when it is woken for that many more times.
    pub(super) crashes_after: Option<u32>,
    /// Frozen until then.
    pub(super) frozen_until: Timestamp,
    /// The tick to begin when it is no longer frozen.
    pub(super) tick_waits: bool,
}

enum Doing {
    Nothing(Box<SimScaler>),
    Ticking(Ticking),
    /// Between one poll and the next.
    Moving,
}

impl fmt::Debug for Controller {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "process {} of replica {}",
            self.process, self.replica
        )
    }
}

impl Controller {
    /// Its name in the table of leases.
    pub(super) fn holder(&self) -> String {
        format!("{}/{}", self.replica, self.process)
    }

    /// What it was told to keep waiting at a moment; a pool that is drained keeps nothing.
    fn reserves(&self, now: Timestamp) -> Vec<(String, u32)> {
        let drained = self.policy.machines_max == 0;
        let pools = self.policy.pools.iter();
        let reserve = |it: &PoolPolicy| if drained { 0 } else { it.reserve_at(now) };
        pools
            .map(|(name, it)| (name.to_string(), reserve(it)))
            .collect()
    }
}

/// All processes that scale.
#[derive(Debug, Default)]
pub(super) struct Controllers {
    all: Vec<Controller>,
    /// How many were ever started, which numbers them.
    started: u64,
}

impl Controllers {
    /// The number of a process that starts.
    fn number(&mut self) -> u64 {
        self.started += 1;
        self.started
    }

    fn index(&self, process: u64) -> Option<usize> {
        let mut all = self.all.iter();
        all.position(|controller| controller.process == process)
    }

    pub(super) fn get(&self, process: u64) -> Option<&Controller> {
        self.all.iter().find(|it| it.process == process)
    }

    fn get_mut(&mut self, process: u64) -> Option<&mut Controller> {
        self.all.iter_mut().find(|it| it.process == process)
    }

    pub(super) fn line(&self, process: u64) -> Option<Line> {
        self.get(process).map(|it| it.line.clone())
    }

    /// When its tick began; now, where the process is gone.
    pub(super) fn began_at(&self, process: u64, now: Timestamp) -> Timestamp {
        self.get(process).map_or(now, |it| it.began_at)
    }

    /// Whether its clock has been right since its tick began.
    pub(super) fn clock_was_right(&self, process: u64) -> bool {
        self.get(process).is_some_and(|it| !it.clock_was_wrong)
    }

    /// How wrong a controller's clock may be without its noticing it by those of hub and cloud.
    pub(super) fn clock_error(&self, process: u64) -> Duration {
        let skew = self.get(process).map(|it| it.line.skew());
        skew.unwrap_or_default().min(TOLERANCE)
    }

    /// Whether all clocks are right enough for two replicas.
    pub(super) fn clocks_agree(&self) -> bool {
        let skews = self.all.iter().map(|it| it.line.skew());
        skews.max().unwrap_or_default() <= CLOCKS_APART
    }

    /// Has each killed after some more of its answers.
    pub(super) fn crash_soon(&mut self, chance: &mut Chance) {
        for controller in &mut self.all {
            controller.crashes_after = Some(chance.count(0, 12));
        }
    }

    /// Freezes most of them; gives which.
    pub(super) fn freeze(&mut self, until: Timestamp, chance: &mut Chance) -> Vec<u64> {
        let mut frozen = Vec::new();
        for controller in &mut self.all {
            if chance.per_mille(700) {
                controller.frozen_until = until;
                frozen.push(controller.process);
            }
        }
        frozen
    }

    /// Sets each clock wrong by that many milliseconds.
    pub(super) fn set_clocks_wrong(&mut self, mut skew_ms: impl FnMut() -> i64) {
        for controller in &mut self.all {
            controller.line.set_skew_ms(skew_ms());
            controller.clock_was_wrong = true;
        }
    }

    pub(super) fn set_clocks_right(&self) {
        self.all.iter().for_each(|it| it.line.set_skew_ms(0));
    }

    /// None crashes or is frozen any more; gives all processes.
    pub(super) fn heal(&mut self, now: Timestamp) -> Vec<u64> {
        for controller in &mut self.all {
            controller.crashes_after = None;
            controller.frozen_until = now;
        }
        self.all.iter().map(|it| it.process).collect()
    }
}

impl World {
    /// A new process of a replica, which ticks as soon as it is up.
    pub(super) fn start_controller(&mut self, replica: usize) {
        let process = self.controllers.number();
        let line = Line::default();
        line.set_now(self.agenda.now);
        let scaler = self.scaler(replica, process, &line);
        self.controllers.all.push(Controller {
            replica,
            process,
            line,
            doing: Doing::Nothing(Box::new(scaler)),
            began_at: self.agenda.now,
            clock_was_wrong: false,
            policy: self.operator.policy.clone(),
            crashes_after: None,
            frozen_until: self.agenda.now,
            tick_waits: false,
        });
        let start = self.chances.controllers.millis(100, 3000);
        self.agenda.after(start, Happening::Tick { process });
        self.trace.note(self.agenda.now, || {
            format!("process {process} of replica {replica} starts")
        });
    }

    fn scaler(&self, replica: usize, process: u64, line: &Line) -> SimScaler {
        let pools = self.operator.pools.iter().map(|pool| {
            let agent_type = pool.agent_type.to_string();
            (pool.name.clone(), (agent_type, pool.token.clone()))
        });
        let hub = SimHub {
            line: line.clone(),
            pools: pools.collect(),
            api_token: self.operator.api_token.clone(),
            mutant: self.mutant,
            listed: Rc::default(),
        };
        let deployment = Deployment::new(DEPLOYMENT);
        let prices: BTreeMap<_, _> = self.operator.prices.clone();
        let cloud = SimCloud::new(line.clone(), deployment, prices, self.mutant);
        let clock = SimClock(line.clone());
        let lease = self.options.lease.then(|| SimLease {
            line: line.clone(),
            replica: format!("{replica}/{process}"),
            mutant: self.mutant,
        });
        let interval = Duration::from_secs(self.options.interval_seconds);
        Scaler::new(hub, cloud, clock, self.operator.policy_for(self.mutant))
            .with_lease(lease, Terms::new(interval, QUESTIONS))
    }

    pub(super) fn begin_tick(&mut self, process: u64) {
        let policy = self.operator.policy_for(self.mutant);
        let (now, wanted) = (self.agenda.now, self.operator.policy.clone());
        let Some(controller) = self.controllers.get_mut(process) else {
            return;
        };
        if now < controller.frozen_until {
            controller.tick_waits = true;
            return;
        }
        match std::mem::replace(&mut controller.doing, Doing::Moving) {
            Doing::Nothing(mut scaler) => {
                scaler.set_policy(policy);
                controller.policy = wanted;
                controller.began_at = now;
                controller.clock_was_wrong = controller.line.skew() != Duration::ZERO;
                controller.line.set_now(now);
                controller.doing = Doing::Ticking(Box::pin(async move {
                    let tick = scaler.tick().await;
                    (*scaler, tick)
                }));
                self.poll(process);
            }
            busy => controller.doing = busy,
        }
    }

    /// Something may have come, or a moment that was waited for.
    pub(super) fn wake(&mut self, process: u64) {
        let now = self.agenda.now;
        let Some(controller) = self.controllers.get_mut(process) else {
            return;
        };
        if now < controller.frozen_until {
            return;
        }
        if std::mem::take(&mut controller.tick_waits) {
            self.begin_tick(process);
            return;
        }
        if let Doing::Ticking(_) = controller.doing {
            controller.line.set_now(now);
            controller.line.wake_all();
            self.poll(process);
        }
    }

    /// An answer has come to a process; to one that is gone, to nobody.
    pub(super) fn deliver(&mut self, process: u64, call: u64, answer: Answer) {
        let now = self.agenda.now;
        let Some(controller) = self.controllers.get_mut(process) else {
            return;
        };
        controller.line.set_now(now);
        let crashes = controller.crashes_after == Some(0);
        let line = controller.line.clone();
        if !crashes && line.expects(call) {
            self.heard(process, call, &answer);
        }
        line.answer(call, answer);
        let Some(controller) = self.controllers.get_mut(process) else {
            return;
        };
        if let Some(left) = &mut controller.crashes_after {
            if *left == 0 {
                self.crash(process);
                return;
            }
            *left -= 1;
        }
        if controller.frozen_until <= now {
            self.poll(process);
        }
    }

    /// Kills a process in the middle of whatever it does, and starts another one.
    fn crash(&mut self, process: u64) {
        let Some(index) = self.controllers.index(process) else {
            return;
        };
        let controller = self.controllers.all.swap_remove(index);
        self.trace.note(self.agenda.now, || {
            format!("process {} is killed", controller.process)
        });
        self.oracles.economy.crashed();
        self.start_controller(controller.replica);
    }

    fn poll(&mut self, process: u64) {
        let Some(controller) = self.controllers.get_mut(process) else {
            return;
        };
        let Doing::Ticking(ticking) = &mut controller.doing else {
            return;
        };
        let done = match ticking
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready((scaler, tick)) => {
                controller.doing = Doing::Nothing(Box::new(scaler));
                Some(tick)
            }
            Poll::Pending => None,
        };
        self.carry(process);
        if let Some(tick) = done {
            self.end_tick(process, &tick);
        }
    }

    fn end_tick(&mut self, process: u64, tick: &Tick) {
        self.trace.tick(self.agenda.now, process, tick);
        let wanted = self.controllers.get(process);
        let reserves = wanted.map(|it| it.reserves(tick.at)).unwrap_or_default();
        self.oracles
            .see_tick(process, tick, &reserves, self.agenda.now);
        let interval = Duration::from_secs(self.options.interval_seconds);
        let began_at = self.controllers.began_at(process, self.agenda.now);
        let next = began_at.plus(interval);
        // A tick that takes longer than the interval is followed at once by the next.
        let spacing = Duration::from_millis(200);
        let next = next.max(self.agenda.now.plus(spacing));
        self.agenda.at(next, Happening::Tick { process });
    }
}
