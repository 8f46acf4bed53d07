//! The product's own scaler over the world: the same `scaler::tick`, without a runtime.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::pin;
use std::rc::Rc;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use dayfly::model::id::{AgentType, Deployment, PoolName};
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::{Market, Offer};
use dayfly::model::pool::{BreakerPolicy, Policy, PoolPolicy, Speculation};
use dayfly::model::template::LaunchTemplate;
use dayfly::model::time::Timestamp;
use dayfly::scaler::{Scaler, Tick};

use super::contender::Terms;
use super::doors::Doors;
use super::nonsense::{Learned, learned};
use super::pipelines::Eyes;
use super::world::{Happening, Timer, World};

/// The one pool of a study.
const POOL: &str = "study";

/// The scaler and the world that it looks at.
#[derive(Debug)]
pub struct Ours {
    world: Rc<RefCell<World>>,
    scaler: Scaler<Doors, Doors, Doors>,
    tick: u64,
    learned: Option<(u64, Learned)>,
    /// Looks so far.
    pub ticks: u64,
}

impl Ours {
    /// A scaler that has seen nothing.
    pub fn new(
        world: Rc<RefCell<World>>,
        reserve: u32,
        speculation: Speculation,
        sees_pipelines: bool,
        terms: Terms,
    ) -> Self {
        let eyes = || Eyes::new(terms.seed, terms.kinds, PoolName::new(POOL));
        let doors = Doors::new(Rc::clone(&world), sees_pipelines.then(eyes));
        let policy = policy(reserve, speculation, terms.machines_max);
        Self {
            world,
            scaler: Scaler::new(doors.clone(), doors.clone(), doors, policy),
            tick: terms.tick,
            learned: terms.learned,
            ticks: 0,
        }
    }

    /// The first look.
    pub fn start(&mut self, world: &mut World) {
        // Off the beat of everything that comes at full seconds.
        world.timer(world.now() + self.tick / 2 + 137, Timer::Tick);
    }

    /// Looks when it is time.
    pub fn on(&mut self, happening: Happening) {
        if happening != Happening::Timer(Timer::Tick) {
            return;
        }
        self.believe();
        let tick = ready(self.scaler.tick());
        assert!(
            tick.violations.is_empty(),
            "a plan breaks an invariant: {:?}",
            tick.violations
        );
        self.ticks += 1;
        let mut world = self.world.borrow_mut();
        let next = world.now() + self.tick;
        world.timer(next, Timer::Tick);
    }

    /// Takes something else for learned, when it is time.
    fn believe(&mut self) {
        let now = self.world.borrow().now();
        let Some((_, what)) = self.learned.take_if(|(from, _)| *from <= now) else {
            return;
        };
        let own = self.scaler.forecast();
        let own = own.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let now = Timestamp::from_millis(now);
        let believed = learned(what, own, self.scaler.policy(), now);
        self.scaler.set_forecast(believed);
    }

    /// Looks without a change, to be told why.
    pub fn look(&mut self) -> Tick {
        ready(self.scaler.look())
    }
}

/// What a future gives whose every question is answered at once.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    // `join!` may let the others go first; a world without waiting is done in a few turns.
    for _ in 0..100 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
    panic!("a port of the study's world waits for something");
}

fn policy(reserve: u32, speculation: Speculation, machines_max: u32) -> Policy {
    let pool = PoolPolicy {
        agent_type: AgentType::new("s1-study"),
        machines_max,
        reserve,
        reserve_hours: Vec::new(),
        boot_limit: Duration::from_secs(300),
        lifetime: Duration::from_secs(90_000),
        template: LaunchTemplate::new("study", 1),
        offers: vec![Offer {
            instance_type: "any".to_owned(),
            subnet: "any".to_owned(),
            market: Market::OnDemand,
            hourly: MicroDollars(100_000),
        }],
        spot_patience: Duration::ZERO,
        breaker: BreakerPolicy {
            failures_max: 3,
            pause: Duration::from_secs(300),
        },
        speculation,
    };
    Policy {
        deployment: Deployment::new("study"),
        machines_max,
        // The study asks what waits and machines cost without this bound.
        launches_per_hour_max: u32::MAX,
        hourly_max: None,
        pools: BTreeMap::from([(PoolName::new(POOL), pool)]),
    }
}
