//! What is remembered of launches that found no capacity, and for how long.

use std::time::Duration;

use dayfly::model::id::LaunchToken;
use dayfly::model::machine::Machine;
use dayfly::model::offer::Offer;
use dayfly::model::plan::LaunchOrder;
use dayfly::model::snapshot::Memory;
use dayfly::model::time::Timestamp;
use dayfly::ports::{LaunchError, Launched};
use dayfly::scaler::apply::Outcome;
use dayfly::scaler::memory;

use crate::plan::world::{machine, now, offer, pool, spot, spot_first};

fn after(seconds: u64) -> Timestamp {
    now().plus(Duration::from_secs(seconds))
}

fn order(count: u32, offers: &[&Offer]) -> LaunchOrder {
    let policy = spot_first(10, 0);
    LaunchOrder {
        token: LaunchToken::new("t"),
        pool: pool("linux"),
        count,
        template: policy.template,
        offers: offers.iter().copied().cloned().collect(),
        boot_limit: policy.boot_limit,
        lifetime: policy.lifetime,
        idle_timeout: policy.speculation.idle_timeout,
    }
}

/// What came of an order at that second: machines of these offers, and those that had none.
fn record(
    memory: &mut Memory,
    seconds: u64,
    order: LaunchOrder,
    came: &[&Offer],
    failed: &[&Offer],
) {
    let machines = came.iter().enumerate().map(|(index, offer)| Machine {
        offer: (*offer).clone(),
        ..machine(&format!("i-{seconds}-{index}"), "linux", 0)
    });
    let launched = Launched {
        machines: machines.collect(),
        unavailable: failed
            .iter()
            .map(|it| ((*it).clone(), "none".to_owned()))
            .collect(),
    };
    let outcome = Outcome::Launched { order, launched };
    memory::record(memory, None, &[outcome], after(seconds));
}

/// Since how many seconds after the start spot fails, as far as it does.
fn dry_since(memory: &Memory) -> Option<u64> {
    let drought = memory.droughts.get(&pool("linux"))?;
    Some(drought.since.since(now()).as_secs())
}

#[test]
fn a_drought_begins_with_the_first_shortage_and_ends_with_a_spot_machine() {
    let [first, second] = ["c7i.large", "m7i.large"].map(spot);
    let both = [&first, &second];
    let mut memory = Memory::default();
    record(&mut memory, 0, order(2, &both), &[], &both);
    assert_eq!(dry_since(&memory), Some(0));
    record(&mut memory, 60, order(2, &both), &[], &both);
    assert_eq!(dry_since(&memory), Some(0), "it goes on");
    let on_demand = offer("c7i.large");
    record(
        &mut memory,
        130,
        order(2, &[&on_demand]),
        &[&on_demand],
        &[],
    );
    assert_eq!(
        dry_since(&memory),
        Some(0),
        "an on-demand machine is no rain"
    );
    record(&mut memory, 140, order(1, &both), &[&second], &[&first]);
    assert_eq!(dry_since(&memory), None);
}

#[test]
fn a_part_that_comes_begins_the_wait_anew_for_the_rest() {
    let [first, second] = ["c7i.large", "m7i.large"].map(spot);
    let both = [&first, &second];
    let mut memory = Memory::default();
    record(&mut memory, 0, order(2, &both), &[], &both);
    record(&mut memory, 60, order(2, &both), &[&first], &[&second]);
    assert_eq!(dry_since(&memory), Some(60));
    // All came, and nothing is left to ask for: the next job must not wait for three minutes.
    record(&mut memory, 90, order(1, &both), &[&first], &both);
    assert_eq!(dry_since(&memory), Some(90));
    // One offer failed, and the other gave all that was asked for.
    record(&mut memory, 99, order(1, &both), &[&first], &[&second]);
    assert_eq!(dry_since(&memory), None);
}

#[test]
fn a_drought_is_forgotten_after_ten_minutes_without_an_attempt() {
    let offers = ["c7i.large", "m7i.large"].map(spot);
    let mut memory = Memory::default();
    let fail = |memory: &mut Memory, seconds| {
        let order = order(1, &offers.each_ref());
        let reason = "the quota is used up".to_owned();
        let error = LaunchError::NoCapacity { reason };
        let outcome = Outcome::LaunchFailed { order, error };
        memory::record(memory, None, &[outcome], after(seconds));
    };
    let look = |memory: &mut Memory, seconds| {
        memory::see(
            memory,
            &Default::default(),
            None,
            Default::default(),
            after(seconds),
        );
        dry_since(memory)
    };
    fail(&mut memory, 0);
    fail(&mut memory, 300);
    assert_eq!(memory.droughts[&pool("linux")].word, "the quota is used up");
    assert_eq!(look(&mut memory, 899), Some(0));
    assert_eq!(look(&mut memory, 900), None);
}

#[test]
fn an_offer_without_capacity_is_left_alone_for_three_minutes_with_the_clouds_word() {
    let failed = spot("c7i.large");
    let mut memory = Memory::default();
    record(&mut memory, 0, order(1, &[&failed]), &[], &[&failed]);
    let word = |memory: &Memory, seconds| {
        let shortage = memory.shortage(&failed, after(seconds));
        shortage.map(|shortage| shortage.word.clone())
    };
    assert_eq!(word(&memory, 179).as_deref(), Some("none"));
    assert_eq!(word(&memory, 180), None);
    memory::see(
        &mut memory,
        &Default::default(),
        None,
        Default::default(),
        after(180),
    );
    assert!(memory.unavailable.is_empty());
}
