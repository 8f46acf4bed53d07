//! Invocations in virtual time: how many ticks fit before a deadline, and what counts as failed.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use dayfly::lambda::event::{Event, Happening, Messages, Notice, Oddity};
use dayfly::lambda::function::{Failure, Function, Summary};
use dayfly::model::id::MachineId;
use dayfly::model::plan::LaunchOrder;
use dayfly::model::snapshot::Machines;
use dayfly::model::time::Timestamp;
use dayfly::ports::{Claim, Clock, Cloud, CloudError, LaunchError, Launched, Lease, LeaseError};
use dayfly::scaler::lease::Terms;
use dayfly::scaler::{Pace, Scaler};
use tokio::time::{Instant, advance};

use crate::plan::world::{now, policy};
use crate::scaler::doubles::World;
use crate::scaler::log::Log;

const PACE: Pace = Pace {
    interval: Duration::from_secs(10),
    spacing: Duration::from_secs(1),
};

/// A clock that follows the test's virtual time.
#[derive(Clone, Copy)]
struct VirtualClock(Instant);

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        now().plus(self.0.elapsed())
    }
}

/// A cloud whose list takes its time.
#[derive(Clone)]
struct SlowCloud {
    world: World,
    takes: Rc<Cell<Duration>>,
}

impl Cloud for SlowCloud {
    async fn machines(&self) -> Result<Machines, CloudError> {
        advance(self.takes.get()).await;
        self.world.machines().await
    }

    async fn launch(&self, order: &LaunchOrder) -> Result<Launched, LaunchError> {
        self.world.launch(order).await
    }

    async fn end(&self, machines: &[MachineId]) -> BTreeMap<MachineId, Result<(), CloudError>> {
        self.world.end(machines).await
    }
}

/// A lease whose answer is set, and which counts how often it was given back.
#[derive(Clone)]
struct Desk {
    answer: Rc<RefCell<Result<Claim, LeaseError>>>,
    released: Rc<Cell<u32>>,
}

impl Lease for Desk {
    async fn claim(&self, _: Timestamp, _: Timestamp) -> Result<Claim, LeaseError> {
        self.answer.borrow().clone()
    }

    async fn release(&self) -> Result<(), LeaseError> {
        self.released.set(self.released.get() + 1);
        Ok(())
    }
}

/// A function, and the second of each of its ticks.
struct Stage {
    world: World,
    takes: Rc<Cell<Duration>>,
    clock: VirtualClock,
    function: Function<World, SlowCloud, VirtualClock>,
    ends: Vec<u64>,
}

impl Stage {
    fn new() -> Self {
        let (world, takes) = (World::default(), Rc::new(Cell::new(Duration::ZERO)));
        let clock = VirtualClock(Instant::now());
        let cloud = SlowCloud {
            world: world.clone(),
            takes: takes.clone(),
        };
        let scaler = Scaler::new(world.clone(), cloud, clock, policy(10, 0));
        Self {
            world,
            takes,
            clock,
            function: Function::new(scaler, clock, PACE),
            ends: Vec::new(),
        }
    }

    /// Invokes it with that many milliseconds to go.
    async fn invoke(&mut self, event: &Event, milliseconds: u64) -> Result<Summary, Failure> {
        let deadline = self.clock.now().plus(Duration::from_millis(milliseconds));
        let (start, ends) = (self.clock.0, &mut self.ends);
        let answer = self.function.serve(event, deadline, |_| {
            ends.push(start.elapsed().as_secs());
        });
        let answer = answer.await;
        assert!(
            self.clock.now() <= deadline,
            "kept waiting beyond the deadline"
        );
        answer
    }
}

fn notices(count: usize) -> Event {
    let notice = Notice {
        what: Happening::Interruption,
        machine: MachineId::new("i-1"),
    };
    Event::Messages(Messages {
        notices: vec![notice; count],
        oddities: Vec::new(),
    })
}

#[tokio::test(start_paused = true)]
async fn a_schedule_ticks_at_its_pace_until_shortly_before_the_deadline() {
    let mut stage = Stage::new();
    let summary = stage.invoke(&Event::Schedule, 58_000).await.unwrap();
    assert_eq!(stage.ends, [0, 10, 20, 30, 40, 50]);
    assert_eq!(summary.ticks, 6);
    assert_eq!(
        stage.clock.0.elapsed().as_secs(),
        50,
        "nobody waits for nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn the_longest_tick_decides_whether_another_is_begun() {
    let mut stage = Stage::new();
    stage.takes.set(Duration::from_secs(4));
    // Begun at 0, 10 and 20; the next would begin at 30, take 4 s, and leave no second to answer.
    stage.invoke(&Event::Schedule, 34_900).await.unwrap();
    assert_eq!(stage.ends, [4, 14, 24]);
    let mut stage = Stage::new();
    stage.takes.set(Duration::from_secs(4));
    stage.invoke(&Event::Schedule, 35_000).await.unwrap();
    assert_eq!(stage.ends, [4, 14, 24, 34]);
}

#[tokio::test(start_paused = true)]
async fn a_tick_that_took_long_holds_back_no_first_tick() {
    let mut stage = Stage::new();
    stage.takes.set(Duration::from_secs(50));
    stage.invoke(&Event::Schedule, 58_000).await.unwrap();
    stage.takes.set(Duration::from_secs(1));
    for _ in 0..3 {
        let summary = stage.invoke(&Event::Schedule, 20_000).await.unwrap();
        assert_eq!(summary.ticks, 1, "another could take 50 seconds again");
    }
    // Thirty ticks later nobody remembers the slow one.
    for _ in 0..30 {
        stage.invoke(&notices(1), 20_000).await.unwrap();
    }
    let summary = stage.invoke(&Event::Schedule, 20_000).await.unwrap();
    assert_eq!(summary.ticks, 2);
}

#[tokio::test(start_paused = true)]
async fn without_time_there_is_no_tick_and_an_error_that_says_why() {
    let mut stage = Stage::new();
    for (left, shown) in [(0, "0 ms"), (999, "999 ms")] {
        let failure = stage.invoke(&Event::Schedule, left).await.unwrap_err();
        assert!(matches!(failure, Failure::NoTime { .. }));
        assert!(failure.to_string().contains(shown), "{failure}");
    }
    assert_eq!(stage.world.looks.get(), 0);
    let summary = stage.invoke(&Event::Schedule, 1000).await.unwrap();
    assert_eq!(summary.ticks, 1);
}

#[tokio::test(start_paused = true)]
async fn a_pace_slower_than_the_deadline_is_one_tick_and_no_waiting() {
    let mut stage = Stage::new();
    let pace = Pace {
        interval: Duration::from_secs(60),
        ..PACE
    };
    let cloud = stage.function.scaler().cloud().clone();
    let scaler = Scaler::new(stage.world.clone(), cloud, stage.clock, policy(10, 0));
    stage.function = Function::new(scaler, stage.clock, pace);
    let summary = stage.invoke(&Event::Schedule, 58_000).await.unwrap();
    assert_eq!((summary.ticks, stage.clock.0.elapsed().as_secs()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn notices_are_one_tick_and_a_burst_of_batches_keeps_its_distance() {
    let mut stage = Stage::new();
    stage.world.queued.set(2);
    let summary = stage.invoke(&notices(5), 58_000).await.unwrap();
    assert_eq!((summary.ticks, summary.launched), (1, 2));
    stage.invoke(&notices(1), 58_000).await.unwrap();
    stage.invoke(&notices(1), 58_000).await.unwrap();
    assert_eq!(stage.ends, [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn messages_about_nothing_are_no_tick_and_a_success() {
    let mut stage = Stage::new();
    let (log, _guard) = Log::start();
    let oddity = Oddity {
        message: "m-1".to_owned(),
        reason: "a message is no JSON".to_owned(),
    };
    let odd = Event::Messages(Messages {
        notices: Vec::new(),
        oddities: vec![oddity],
    });
    assert_eq!(
        stage.invoke(&notices(0), 58_000).await,
        Ok(Summary::default())
    );
    assert_eq!(stage.invoke(&odd, 0).await, Ok(Summary::default()));
    assert_eq!(stage.world.looks.get(), 0);
    assert_eq!(
        log.lines(),
        ["WARN a message is left alone id=m-1 reason=a message is no JSON"]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_remembered_outlives_the_invocation() {
    let mut stage = Stage::new();
    stage.world.queued.set(3);
    stage.invoke(&Event::Schedule, 5000).await.unwrap();
    // The cloud's list lags behind; only the memory keeps this from launching again.
    let summary = stage.invoke(&Event::Schedule, 5000).await.unwrap();
    assert_eq!((summary.ticks, summary.launched), (1, 0));
    assert_eq!(stage.world.orders.borrow().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_trouble_is_not_said_again_by_the_next_invocation() {
    let mut stage = Stage::new();
    let (log, _guard) = Log::start();
    stage.world.queued.set(1);
    let reason = "no such image".to_owned();
    *stage.world.refusal.borrow_mut() = Some(LaunchError::Refused { reason });
    for _ in 0..20 {
        stage.invoke(&Event::Schedule, 58_000).await.unwrap();
    }
    assert_eq!(log.lines().len(), 1, "{:#?}", log.lines());
}

#[tokio::test(start_paused = true)]
async fn silence_all_around_is_a_failure_and_half_of_it_is_not() {
    let mut stage = Stage::new();
    stage.world.hub_is_silent.set(true);
    let summary = stage.invoke(&Event::Schedule, 5000).await.unwrap();
    assert_eq!(summary.silent, 1);
    stage.world.cloud_is_silent.set(true);
    // This hub still lists its jobs.
    stage.invoke(&Event::Schedule, 5000).await.unwrap();
    stage.world.hub_is_dead.set(true);
    let failure = stage.invoke(&Event::Schedule, 5000).await.unwrap_err();
    assert_eq!(
        failure.to_string(),
        "neither the hub nor the cloud answers: no counts of pool linux: hub.test cannot be \
         reached: linux is behind a black hole, and 3 more questions"
    );
    stage.world.hub_is_dead.set(false);
    stage.world.hub_is_silent.set(false);
    stage.world.cloud_is_silent.set(false);
    stage.invoke(&Event::Schedule, 5000).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn only_the_holder_of_the_lease_applies_and_gives_it_back_at_the_end() {
    let stage = Stage::new();
    let desk = Desk {
        answer: Rc::new(RefCell::new(Ok(Claim::Held { by: None }))),
        released: Rc::default(),
    };
    stage.world.queued.set(2);
    let cloud = stage.function.scaler().cloud().clone();
    let scaler = Scaler::new(stage.world.clone(), cloud, stage.clock, policy(10, 0))
        .with_lease(desk.clone(), Terms::new(PACE.interval, PACE.interval));
    let mut function = Function::new(scaler, stage.clock, PACE);
    let deadline = || stage.clock.now().plus(Duration::from_secs(25));

    let standby = function.serve(&Event::Schedule, deadline(), |_| {}).await;
    let standby = standby.expect("it is no failure to stand by");
    assert_eq!((standby.ticks, standby.launched), (3, 0));
    assert_eq!(standby.standing.as_deref(), Some("standby"));
    assert_eq!(
        desk.released.get(),
        0,
        "what is another's is not given back"
    );

    *desk.answer.borrow_mut() = Ok(Claim::Granted);
    let holder = function.serve(&Event::Schedule, deadline(), |_| {}).await;
    let holder = holder.expect("it applies");
    assert_eq!((holder.ticks, holder.launched), (3, 2));
    assert_eq!(holder.standing.as_deref(), Some("holder"));
    assert_eq!(desk.released.get(), 1, "once an invocation");

    let (place, reason) = ("table leases".to_owned(), "no route".to_owned());
    *desk.answer.borrow_mut() = Err(LeaseError { place, reason });
    let failure = function.serve(&Event::Schedule, deadline(), |_| {}).await;
    assert!(matches!(failure, Err(Failure::Lease(_))), "{failure:?}");
}

#[test]
fn the_answer_is_small_and_tells_sqs_that_nothing_has_to_come_again() {
    let summary = Summary {
        ticks: 6,
        launched: 2,
        ..Summary::default()
    };
    assert_eq!(
        serde_json::to_string(&summary).unwrap(),
        r#"{"ticks":6,"launched":2,"ended":0,"failed":0,"silent":0,"standing":null,"batchItemFailures":[]}"#
    );
}
