//! The lease through the real client, against the emulated table: alone, and with two scalers.

use std::time::Duration;

use dayfly::aws::{Ec2Cloud, TableLease};
use dayfly::doctor::account::Table;
use dayfly::model::id::{Deployment, Replica};
use dayfly::model::offer::Market;
use dayfly::ports::{Claim, Clock, Lease};
use dayfly::scaler::lease::{Standing, Terms};
use dayfly::scaler::{Pace, Scaler, run};
use dayfly_lab::emulator::dynamo::Operation;
use dayfly_lab::emulator::ec2::faults::{Fault, Scope, Travel};
use dayfly_lab::emulator::ec2::settings::Ec2Settings as Account;
use dayfly_lab::emulator::ec2::{Ec2, error};
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::{Instant, advance};

use super::wire::{VirtualClock, Wire};
use super::world::{account, offers, policy};
use crate::scaler::doubles::World;

const MINUTE: Duration = Duration::from_secs(60);

fn wire() -> Wire {
    Wire::new(Ec2::new(Account {
        tables: [("leases".to_owned(), "deployment".to_owned())].into(),
        ..account()
    }))
}

fn lease(wire: &Wire, table: &str, me: &str) -> TableLease {
    let deployment = Deployment::new("ci");
    TableLease::new(
        wire.clients().dynamodb,
        table,
        &deployment,
        Replica::new(me),
    )
}

fn row(wire: &Wire) -> String {
    format!("{:?}", wire.ec2().tables().item("leases", "ci"))
}

#[tokio::test(start_paused = true)]
async fn one_replica_gets_it_keeps_it_and_gives_it_back() {
    let wire = wire();
    let (one, other) = (lease(&wire, "leases", "a"), lease(&wire, "leases", "b"));
    let now = wire.clock.now();
    let until = now.plus(MINUTE);
    assert_eq!(one.look().await, Ok(Table::Writable(None)));
    assert_eq!(row(&wire), "None", "a look writes nothing");
    assert_eq!(one.claim(now, until).await, Ok(Claim::Granted));
    let by = Some((Replica::new("a"), until));
    assert_eq!(other.look().await, Ok(Table::Writable(by.clone())));
    assert_eq!(other.claim(now, until).await, Ok(Claim::Held { by }));
    // What another holds is not given back by us.
    assert_eq!(other.release().await, Ok(()));
    let longer = until.plus(MINUTE);
    assert_eq!(one.claim(until, longer).await, Ok(Claim::Granted));
    // It is over after its last moment, and not at it.
    let by = Some((Replica::new("a"), longer));
    assert_eq!(
        other.claim(longer, longer.plus(MINUTE)).await,
        Ok(Claim::Held { by })
    );
    let after = longer.plus(Duration::from_millis(1));
    assert_eq!(
        other.claim(after, after.plus(MINUTE)).await,
        Ok(Claim::Granted)
    );
    assert_eq!(other.release().await, Ok(()));
    assert_eq!(row(&wire), "None");
    assert_eq!(
        one.release().await,
        Ok(()),
        "one that is gone is given back"
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_waited_for_as_long_as_a_tick_can_bear() {
    let wire = wire();
    let lease = lease(&wire, "leases", "a");
    let (now, until) = (wire.clock.now(), wire.clock.now().plus(MINUTE));
    let scope = Scope::on_table(Operation::UpdateItem);
    wire.ec2().add_fault(scope.times(1), Fault::BlackHole);
    let asked_at = Instant::now();
    let silence = lease.claim(now, until).await.expect_err("no answer");
    assert_eq!(
        silence.to_string(),
        "table leases did not answer: no answer within 3 seconds"
    );
    assert_eq!(asked_at.elapsed(), Duration::from_secs(3));
    let scope = Scope::on_table(Operation::DeleteItem);
    wire.ec2().add_fault(scope, Fault::BlackHole);
    assert!(lease.release().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_claim_whose_answer_was_lost_is_ours_when_it_is_asked_again() {
    let wire = wire();
    let (one, other) = (lease(&wire, "leases", "a"), lease(&wire, "leases", "b"));
    let (now, until) = (wire.clock.now(), wire.clock.now().plus(MINUTE));
    let scope = Scope::on_table(Operation::UpdateItem);
    wire.ec2()
        .add_fault(scope.times(1), Fault::Travel(Travel::Dropped));
    assert!(one.claim(now, until).await.is_err());
    assert!(matches!(
        other.claim(now, until).await,
        Ok(Claim::Held { .. })
    ));
    assert_eq!(one.claim(now, until).await, Ok(Claim::Granted));
}

#[tokio::test(start_paused = true)]
async fn a_table_that_is_not_there_or_not_ours_is_said_in_awss_words() {
    let wire = wire();
    let lost = lease(&wire, "lost", "a");
    let now = wire.clock.now();
    let error = lost
        .claim(now, now.plus(MINUTE))
        .await
        .expect_err("no such table");
    assert!(
        error
            .to_string()
            .starts_with("table lost did not answer: ResourceNotFoundException"),
        "{error}"
    );
    let Ok(Table::Refused(word)) = lost.look().await else {
        panic!("a refusal");
    };
    assert!(word.starts_with("ResourceNotFoundException"), "{word}");
}

type Replicas = Scaler<World, Ec2Cloud<VirtualClock>, VirtualClock, TableLease>;

fn replica(wire: &Wire, hub: &World, me: &str) -> Replicas {
    let policy = policy(offers(Market::OnDemand));
    let cloud = Ec2Cloud::new(wire.clients(), &policy, wire.clock);
    let terms = Terms::new(Duration::from_secs(10), Duration::from_secs(30));
    Scaler::new(hub.clone(), cloud, wire.clock, policy).with_lease(lease(wire, "leases", me), terms)
}

/// Two whole scalers for five minutes, of which the table is gone for two, and the holder for the
/// last two: what is missing is launched once, by one of them, all the time.
#[tokio::test(start_paused = true)]
async fn two_scalers_on_ec2_launch_what_is_missing_once_also_while_the_table_is_gone() {
    let (wire, hub) = (wire(), World::default());
    let (mut first, mut second) = (replica(&wire, &hub, "a"), replica(&wire, &hub, "b"));
    let launched = || wire.ec2().machines().count();
    let began = wire.clock.now();
    let minutes = |from: u32, until: u32| (began.plus(MINUTE * from), began.plus(MINUTE * until));
    let (from, until) = minutes(1, 3);
    let gone = Scope::on_table(Operation::UpdateItem).between(from, until);
    wire.ec2()
        .add_fault(gone, Fault::Refused(error::TABLE_THROTTLED));
    let mut history: Vec<(u64, String, String, usize)> = Vec::new();
    for tick in 0..30_u32 {
        hub.queued.set(match tick {
            0..3 => 0,
            3..8 => 5,
            _ => 12,
        });
        let one = match tick {
            0..18 => first.tick().await.standing.to_string(),
            _ => "vanished".to_owned(),
        };
        let other = second.tick().await.standing.to_string();
        let seconds = wire.clock.now().since(began).as_secs();
        let now = (seconds, one, other, launched());
        let is_new = |last: &(u64, String, String, usize)| {
            (&last.1, &last.2, last.3) != (&now.1, &now.2, now.3)
        };
        if history.last().is_none_or(is_new) {
            history.push(now);
        }
        advance(Duration::from_secs(10)).await;
    }
    let history: Vec<String> = history
        .iter()
        .map(|(at, one, other, machines)| format!("{at} s: {one}, {other}, {machines} machines"))
        .collect();
    assert_eq!(
        history,
        [
            "0 s: holder, standby, 0 machines",
            "30 s: holder, standby, 5 machines",
            "60 s: unconfirmed, without, 5 machines",
            "80 s: unconfirmed, without, 12 machines",
            "100 s: without, without, 12 machines",
            "180 s: vanished, holder, 12 machines",
        ]
    );
}

/// A stop hands over: the other's next tick applies.
#[tokio::test(start_paused = true)]
async fn a_scaler_that_is_stopped_leaves_no_row() {
    let (wire, hub) = (wire(), World::default());
    let mut first = replica(&wire, &hub, "a");
    let (stop, stopped) = oneshot::channel::<()>();
    let pace = Pace {
        interval: Duration::from_secs(10),
        spacing: Duration::from_secs(1),
    };
    let (_change, policy) = watch::channel(first.policy().clone());
    let mut stop = Some(stop);
    let stopped = async { stopped.await.unwrap_or(()) };
    run(&mut first, pace, &Notify::new(), policy, stopped, |tick| {
        assert!(matches!(tick.standing, Standing::Holder { .. }));
        assert!(row(&wire).contains("\"a\""), "{}", row(&wire));
        stop.take();
    })
    .await;
    assert_eq!(row(&wire), "None");
}
