//! Two replicas and one lease, in virtual time: never two that apply.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use dayfly::model::id::{MachineId, Replica};
use dayfly::model::plan::LaunchOrder;
use dayfly::model::snapshot::Machines;
use dayfly::model::time::Timestamp;
use dayfly::ports::{Claim, Clock, Cloud, CloudError, LaunchError, Launched, Lease, LeaseError};
use dayfly::scaler::apply::Outcome;
use dayfly::scaler::lease::{Standing, Terms};
use dayfly::scaler::{Pace, Scaler, run};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, advance, timeout};

use super::doubles::World;
use crate::plan::world::{now, policy};

const SECOND: Duration = Duration::from_secs(1);
const TERMS: Terms = Terms {
    length: Duration::from_secs(60),
    margin: Duration::from_secs(10),
};

/// The table of leases, with one row; clones are the same table.
#[derive(Clone, Default)]
struct Table {
    row: Rc<RefCell<Option<(Replica, Timestamp)>>>,
    is_silent: Rc<Cell<bool>>,
    questions: Rc<Cell<u32>>,
}

/// The table as one replica uses it.
#[derive(Clone)]
struct Desk {
    table: Table,
    me: Replica,
}

impl Desk {
    fn ask(&self) -> Result<(), LeaseError> {
        self.table.questions.set(self.table.questions.get() + 1);
        if self.table.is_silent.get() {
            let (place, reason) = (
                "the table".to_owned(),
                "it is behind a black hole".to_owned(),
            );
            return Err(LeaseError { place, reason });
        }
        Ok(())
    }
}

impl Lease for Desk {
    async fn claim(&self, now: Timestamp, until: Timestamp) -> Result<Claim, LeaseError> {
        self.ask()?;
        let mut row = self.table.row.borrow_mut();
        match row.clone() {
            Some((holder, ends)) if holder != self.me && now <= ends => Ok(Claim::Held {
                by: Some((holder, ends)),
            }),
            Some(_) | None => {
                *row = Some((self.me.clone(), until));
                Ok(Claim::Granted)
            }
        }
    }

    async fn release(&self) -> Result<(), LeaseError> {
        self.ask()?;
        let mut row = self.table.row.borrow_mut();
        row.take_if(|(holder, _)| *holder == self.me);
        Ok(())
    }
}

/// A computer's clock, which may go ahead of the true time.
#[derive(Clone, Copy)]
struct Watch {
    start: Instant,
    ahead: Duration,
}

impl Clock for Watch {
    fn now(&self) -> Timestamp {
        now().plus(self.start.elapsed()).plus(self.ahead)
    }
}

/// A cloud of which every launch takes long and is three calls, one after the other.
#[derive(Clone)]
struct SlowCloud {
    world: World,
    start: Instant,
    me: &'static str,
    /// Who began a call, and in which second.
    calls: Rc<RefCell<Vec<(&'static str, u64)>>>,
}

impl Cloud for SlowCloud {
    async fn machines(&self) -> Result<Machines, CloudError> {
        self.world.machines().await
    }

    async fn launch(&self, order: &LaunchOrder) -> Result<Launched, LaunchError> {
        for _ in 0..3 {
            let call = (self.me, self.start.elapsed().as_secs());
            self.calls.borrow_mut().push(call);
            let _ = timeout(20 * SECOND, std::future::pending::<()>()).await;
        }
        self.world.launch(order).await
    }

    async fn end(&self, machines: &[MachineId]) -> BTreeMap<MachineId, Result<(), CloudError>> {
        self.world.end(machines).await
    }
}

/// One world, one table, and the replicas that share them.
struct Stage {
    world: World,
    table: Table,
    start: Instant,
}

impl Stage {
    fn new(queued: u32) -> Self {
        let world = World::default();
        world.queued.set(queued);
        let (table, start) = (Table::default(), Instant::now());
        Self {
            world,
            table,
            start,
        }
    }

    fn desk(&self, me: &str) -> Desk {
        let (table, me) = (self.table.clone(), Replica::new(me));
        Desk { table, me }
    }

    fn watch(&self, ahead: Duration) -> Watch {
        let start = self.start;
        Watch { start, ahead }
    }

    fn replica(&self, me: &str) -> Scaler<World, World, Watch, Desk> {
        let (hub, cloud, clock) = (
            self.world.clone(),
            self.world.clone(),
            self.watch(Duration::ZERO),
        );
        Scaler::new(hub, cloud, clock, policy(100, 0)).with_lease(self.desk(me), TERMS)
    }

    fn orders(&self) -> usize {
        self.world.orders.borrow().len()
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_holder_applies_and_the_other_plans_all_the_same() {
    let stage = Stage::new(3);
    let (mut first, mut second) = (stage.replica("a"), stage.replica("b"));
    assert!(matches!(
        first.tick().await.standing,
        Standing::Holder { .. }
    ));
    assert_eq!(stage.orders(), 1);
    let tick = second.tick().await;
    let holder = Some((Replica::new("a"), now().plus(TERMS.length)));
    assert_eq!(tick.standing, Standing::Standby { holder });
    assert_eq!((tick.outcomes.len(), stage.orders()), (0, 1));
    let plan = tick.plan.pools.values().next().expect("one pool");
    assert_eq!(plan.launch.as_ref().map(|order| order.count), Some(3));
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_stops_hands_over_at_the_others_next_tick() {
    let stage = Stage::new(0);
    let (mut first, mut second) = (stage.replica("a"), stage.replica("b"));
    let pace = Pace {
        interval: 10 * SECOND,
        spacing: SECOND,
    };
    let (_change, policy) = watch::channel(first.policy().clone());
    run(&mut first, pace, &Notify::new(), policy, async {}, |_| {}).await;
    assert_eq!(*stage.table.row.borrow(), None);
    assert!(matches!(
        second.tick().await.standing,
        Standing::Holder { .. }
    ));
    // One that has nothing to give back does not ask.
    let questions = stage.table.questions.get();
    assert_eq!(first.release().await, Ok(()));
    assert_eq!(stage.table.questions.get(), questions);
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_vanished_is_replaced_when_its_lease_has_ended() {
    let stage = Stage::new(0);
    let mut second = stage.replica("b");
    stage.replica("a").tick().await;
    stage.world.queued.set(3);
    advance(60 * SECOND).await;
    assert!(matches!(
        second.tick().await.standing,
        Standing::Standby { .. }
    ));
    assert_eq!(stage.orders(), 0);
    advance(Duration::from_millis(1)).await;
    assert!(matches!(
        second.tick().await.standing,
        Standing::Holder { .. }
    ));
    assert_eq!(stage.orders(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_the_table_the_holder_goes_on_until_its_lease_ends_and_then_stops() {
    let stage = Stage::new(0);
    let (mut first, mut second) = (stage.replica("a"), stage.replica("b"));
    first.tick().await;
    stage.table.is_silent.set(true);
    advance(49 * SECOND).await;
    stage.world.queued.set(3);
    assert!(matches!(
        second.tick().await.standing,
        Standing::Without { error: Some(_) }
    ));
    assert_eq!(
        stage.orders(),
        0,
        "who has no lease does not take silence for one"
    );
    assert!(matches!(
        first.tick().await.standing,
        Standing::Unconfirmed { .. }
    ));
    assert_eq!(stage.orders(), 1);
    stage.world.queued.set(9);
    advance(SECOND).await;
    let tick = first.tick().await;
    assert!(matches!(
        tick.standing,
        Standing::Without { error: Some(_) }
    ));
    assert_eq!((tick.outcomes.len(), stage.orders()), (0, 1));
    stage.table.is_silent.set(false);
    assert!(matches!(
        first.tick().await.standing,
        Standing::Holder { .. }
    ));
    assert_eq!(stage.orders(), 2);
}

#[tokio::test(start_paused = true)]
async fn launches_that_outlive_the_lease_start_no_call_after_it() {
    let stage = Stage::new(3);
    let calls = Rc::new(RefCell::new(Vec::new()));
    // The second one's clock goes ahead by almost all that the margin allows for.
    let replica = |me, ahead: Duration| {
        let (world, start, calls) = (stage.world.clone(), stage.start, calls.clone());
        let cloud = SlowCloud {
            world,
            start,
            me,
            calls,
        };
        Scaler::new(
            stage.world.clone(),
            cloud,
            stage.watch(ahead),
            policy(100, 0),
        )
        .with_lease(stage.desk(me), TERMS)
    };
    let (mut first, mut second) = (replica("a", Duration::ZERO), replica("b", 9 * SECOND));
    let tick = first.tick().await;
    let [
        Outcome::LaunchFailed {
            error: LaunchError::Unknown { .. },
            ..
        },
    ] = &tick.outcomes[..]
    else {
        panic!("a launch that was dropped: {:?}", tick.outcomes);
    };
    assert_eq!(stage.start.elapsed(), 50 * SECOND);
    assert!(matches!(
        second.tick().await.standing,
        Standing::Standby { .. }
    ));
    advance(2 * SECOND).await;
    assert!(matches!(
        second.tick().await.standing,
        Standing::Holder { .. }
    ));
    assert_eq!(
        *calls.borrow(),
        [
            ("a", 0),
            ("a", 20),
            ("a", 40),
            ("b", 52),
            ("b", 72),
            ("b", 92)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_seen_under_anothers_lease_is_not_carried_out() {
    /// A hub that lets the lease go free while it is asked.
    #[derive(Clone)]
    struct Releasing(World, Desk);
    impl dayfly::ports::Hub for Releasing {
        async fn counts(
            &self,
            pool: &dayfly::model::id::PoolName,
        ) -> Result<dayfly::model::job::QueueCounts, dayfly::ports::HubError> {
            self.1.release().await.expect("the table answers");
            self.0.counts(pool).await
        }

        async fn jobs(
            &self,
            pool: &dayfly::model::id::PoolName,
        ) -> Result<Vec<dayfly::model::id::JobId>, dayfly::ports::HubError> {
            self.0.jobs(pool).await
        }

        async fn agents(
            &self,
            pool: &dayfly::model::id::PoolName,
        ) -> Result<
            Option<BTreeMap<MachineId, dayfly::model::job::AgentReport>>,
            dayfly::ports::HubError,
        > {
            self.0.agents(pool).await
        }
    }
    let stage = Stage::new(3);
    let granted = stage.desk("a").claim(now(), now().plus(TERMS.length)).await;
    assert_eq!(granted, Ok(Claim::Granted));
    let hub = Releasing(stage.world.clone(), stage.desk("a"));
    let (cloud, clock) = (stage.world.clone(), stage.watch(Duration::ZERO));
    let mut second =
        Scaler::new(hub, cloud, clock, policy(100, 0)).with_lease(stage.desk("b"), TERMS);
    assert_eq!(second.tick().await.outcomes.len(), 0);
    assert_eq!(second.tick().await.outcomes.len(), 1);
}

#[tokio::test]
async fn two_that_both_believe_launch_one_batch_for_the_same_causes_and_one_more_each_otherwise() {
    let world = World::default();
    world.queued.set(3);
    let (mut first, mut second) = (world.scaler(100), world.scaler(100));
    let machines = || -> usize {
        let given = world.given.borrow();
        given.values().map(|launched| launched.machines.len()).sum()
    };
    first.tick().await;
    second.tick().await;
    assert_eq!((world.orders.borrow().len(), machines()), (2, 3));
    // Two more jobs, and the list of the cloud still lags: each launches for what it remembers.
    world.queued.set(5);
    first.tick().await;
    second.tick().await;
    assert_eq!(machines(), 5, "both remember the three");
    let mut newcomer = world.scaler(100);
    newcomer.tick().await;
    assert_eq!(
        machines(),
        10,
        "one that remembers nothing launches what is missing, once"
    );
    // The list has caught up: nobody launches.
    let given = world.given.borrow().clone();
    let listed = given.into_values().flat_map(|launched| launched.machines);
    world
        .machines
        .borrow_mut()
        .extend(listed.map(|machine| (machine.id.clone(), machine)));
    for scaler in [&mut first, &mut second, &mut newcomer] {
        assert_eq!(scaler.tick().await.outcomes.len(), 0);
    }
}
