//! Spot first, on-demand after spot has failed for a while, and what spot costs.

use std::collections::BTreeMap;
use std::time::Duration;

use dayfly::model::money::MicroDollars;
use dayfly::model::offer::Offer;
use dayfly::model::plan::WaitReason;
use dayfly::model::pool::Policy;
use dayfly::model::snapshot::{Drought, Snapshot};
use dayfly::plan::explain;

use super::decided::{launched, plan};
use super::world::{World, now, offer, policy, pool, seconds_ago, shortage, spot, spot_first};

const CAPACITY: &str = "InsufficientInstanceCapacity";

fn both_markets() -> Policy {
    Policy {
        pools: BTreeMap::from([(pool("linux"), spot_first(10, 0))]),
        ..policy(10, 0)
    }
}

/// One job, and spot failing for that many seconds.
fn dry_for(seconds: u64) -> World {
    let mut world = World::new().queued(1);
    let drought = Drought {
        since: seconds_ago(seconds),
        asked_at: seconds_ago(seconds),
        word: CAPACITY.to_owned(),
    };
    world
        .snapshot
        .memory
        .droughts
        .insert(pool("linux"), drought);
    world
}

/// Both spot offers are left alone for that long.
fn without_spot(mut world: World, seconds: u64) -> World {
    let until = now().plus(Duration::from_secs(seconds));
    for instance_type in ["c7i.large", "m7i.large"] {
        let shortage = shortage(CAPACITY, until);
        let shortages = &mut world.snapshot.memory.unavailable;
        shortages.insert(spot(instance_type), shortage);
    }
    world
}

fn offers(world: &World, policy: &Policy) -> Vec<Offer> {
    let plan = plan(world, policy);
    let order = plan.pools[&pool("linux")].launch.clone();
    order.map(|order| order.offers).unwrap_or_default()
}

#[test]
fn on_demand_is_left_out_until_spot_has_failed_for_as_long_as_it_may() {
    let policy = both_markets();
    let spot_alone = [spot("c7i.large"), spot("m7i.large")];
    assert_eq!(offers(&World::new().queued(1), &policy), spot_alone);
    assert_eq!(offers(&dry_for(119), &policy), spot_alone);
    let all = spot_first(10, 0).offers;
    assert_eq!(offers(&dry_for(120), &policy), all);
    let without_spot = without_spot(dry_for(120), 60);
    let on_demand_alone = [offer("c7i.large"), offer("m7i.large")];
    assert_eq!(offers(&without_spot, &policy), on_demand_alone);
}

#[test]
fn no_patience_asks_for_both_at_once() {
    let mut policy = both_markets();
    for pool in policy.pools.values_mut() {
        pool.spot_patience = Duration::ZERO;
    }
    let offers = offers(&World::new().queued(1), &policy);
    assert_eq!(offers, spot_first(10, 0).offers);
}

#[test]
fn a_pool_of_spot_alone_waits_for_spot_and_never_promises_on_demand() {
    let mut policy = both_markets();
    for pool in policy.pools.values_mut() {
        pool.offers.retain(Offer::is_spot);
    }
    let world = without_spot(dry_for(40), 140);
    let until = now().plus(Duration::from_secs(140));
    let word = CAPACITY.to_owned();
    assert_eq!(
        launched(&world, &policy),
        (0, Some(WaitReason::NoCapacity { until, word }))
    );
}

#[test]
fn whoever_waits_for_spot_is_told_why_and_until_when() {
    let world = without_spot(dry_for(40), 140);
    let plan = plan(&world, &both_markets());
    let sentence = explain::pool(&plan, &pool("linux"), now()).expect("a pool");
    assert_eq!(
        sentence,
        "Pool linux: 1 queued + 0 reserve against 0 booting + 0 waiting (0 running, 0 alive); \
         1 missing, none launched, because spot has had no capacity for 40 s \
         (InsufficientInstanceCapacity); on-demand is tried after 2 min."
    );
}

#[test]
fn an_offer_that_comes_back_sooner_than_patience_ends_is_named_instead() {
    let world = without_spot(dry_for(40), 20);
    let plan = plan(&world, &both_markets());
    let obstacle = plan.pools[&pool("linux")].obstacle.as_ref();
    let obstacle = obstacle.expect("nothing can be launched");
    assert_eq!(
        explain::reasons::wait_reason(obstacle, now()),
        "no offer can be had (InsufficientInstanceCapacity); the first is tried again in 20 s"
    );
}

#[test]
fn on_demand_that_is_tried_at_the_same_moment_is_not_named_and_neither_is_it_afterwards() {
    // Spot comes back just when on-demand would be tried.
    let until = now().plus(Duration::from_secs(80));
    let word = CAPACITY.to_owned();
    assert_eq!(
        launched(&without_spot(dry_for(40), 80), &both_markets()),
        (0, Some(WaitReason::NoCapacity { until, word }))
    );
    // Patience has just ended, or long ago, and no offer can be had on either market.
    for dry_for_seconds in [120, 500] {
        let mut world = without_spot(dry_for(dry_for_seconds), 60);
        let until = now().plus(Duration::from_secs(60));
        for instance_type in ["c7i.large", "m7i.large"] {
            let shortages = &mut world.snapshot.memory.unavailable;
            shortages.insert(offer(instance_type), shortage(CAPACITY, until));
        }
        let word = CAPACITY.to_owned();
        assert_eq!(
            launched(&world, &both_markets()),
            (0, Some(WaitReason::NoCapacity { until, word }))
        );
    }
}

#[test]
fn a_pool_without_spot_does_not_wait_for_it() {
    let mut policy = both_markets();
    for pool in policy.pools.values_mut() {
        pool.offers.retain(|offer| !offer.is_spot());
    }
    let on_demand = [offer("c7i.large"), offer("m7i.large")];
    assert_eq!(offers(&World::new().queued(1), &policy), on_demand);
    assert_eq!(offers(&dry_for(10), &policy), on_demand);
}

#[test]
fn spot_is_counted_at_its_price_and_never_above_on_demand() {
    let mut policy = both_markets();
    let linux = policy.pools.get_mut(&pool("linux")).expect("it");
    linux.offers[1].hourly = MicroDollars(0);
    let key = |instance_type: &str| (instance_type.to_owned(), "subnet-a".to_owned());
    let prices = BTreeMap::from([
        (key("c7i.large"), MicroDollars(31_000)),
        (key("m7i.large"), MicroDollars(55_000)),
    ]);
    let hourly = |policy: &Policy| -> Vec<u64> {
        let offers = policy.pools[&pool("linux")].offers.iter();
        offers.map(|offer| offer.hourly.0).collect()
    };
    let lowered = policy.with_spot_prices(&prices);
    assert_eq!(hourly(&lowered), [31_000, 55_000, 100_000, 100_000]);
    let dear = BTreeMap::from([(key("c7i.large"), MicroDollars(900_000))]);
    let bound = both_markets().with_spot_prices(&dear);
    assert_eq!(hourly(&bound), [40_000, 40_000, 100_000, 100_000]);
}

#[test]
fn a_price_that_moves_does_not_make_an_offer_look_new() {
    let mut world = World::new().queued(1);
    for offer in spot_first(1, 0).offers {
        let shortage = shortage(CAPACITY, now().plus(Duration::from_secs(60)));
        world.snapshot.memory.unavailable.insert(offer, shortage);
    }
    let moved = [(
        ("c7i.large".to_owned(), "subnet-a".to_owned()),
        MicroDollars(39_000),
    )];
    let policy = both_markets().with_spot_prices(&BTreeMap::from(moved));
    assert_eq!(offers(&world, &policy), []);
}

#[test]
fn a_budget_counts_with_spot_while_on_demand_waits() {
    // Given a budget of two machines on demand, or five on spot.
    let policy = Policy {
        hourly_max: Some(MicroDollars(200_000)),
        ..both_markets()
    };
    let world = World::new().queued(9);
    let budget = Some(WaitReason::Budget);
    assert_eq!(launched(&world, &policy), (5, budget.clone()));
    let mut dry = dry_for(120);
    dry.snapshot.pools = world.snapshot.pools;
    assert_eq!(launched(&dry, &policy), (2, budget));
}

#[test]
fn what_is_remembered_can_be_written_and_read_again() {
    let snapshot = without_spot(dry_for(40), 140).snapshot;
    let text = serde_json::to_string(&snapshot).expect("JSON");
    let read: Snapshot = serde_json::from_str(&text).expect("the same");
    assert_eq!(read, snapshot);
    assert_eq!(read.memory.unavailable.len(), 2);
}
