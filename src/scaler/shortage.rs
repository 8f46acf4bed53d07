//! What is remembered of offers that have no capacity, and of pools that get no spot machine.

use std::time::Duration;

use crate::model::machine::Machine;
use crate::model::offer::Offer;
use crate::model::plan::LaunchOrder;
use crate::model::snapshot::{Drought, Memory, Shortage};
use crate::model::time::Timestamp;

/// How long an offer without capacity is left alone (design.md section 7).
pub const UNAVAILABLE_FOR: Duration = Duration::from_secs(180);
/// How long a drought is remembered while nobody asks for spot machines: after ten minutes the
/// market may be another, and spot gets its chance again before on-demand is paid for.
pub const DROUGHT_REMEMBERED: Duration = Duration::from_secs(600);

/// Forgets what is over.
pub fn forget(memory: &mut Memory, now: Timestamp) {
    memory
        .unavailable
        .retain(|_, shortage| now < shortage.until);
    memory
        .droughts
        .retain(|_, drought| now.since(drought.asked_at) < DROUGHT_REMEMBERED);
}

/// Takes in what came of an order that the cloud answered, and which offers had no capacity.
pub fn record(
    memory: &mut Memory,
    order: &LaunchOrder,
    machines: &[Machine],
    unavailable: &[(Offer, String)],
    now: Timestamp,
) {
    let until = now.plus(UNAVAILABLE_FOR);
    for (offer, word) in unavailable {
        let word = word.clone();
        memory
            .unavailable
            .insert(offer.clone(), Shortage { until, word });
    }
    record_drought(memory, order, machines, unavailable, now);
}

/// A drought begins with the first shortage of spot that leaves somebody without a machine, or
/// leaves no spot offer to ask for; a spot machine that comes ends it.
fn record_drought(
    memory: &mut Memory,
    order: &LaunchOrder,
    machines: &[Machine],
    unavailable: &[(Offer, String)],
    now: Timestamp,
) {
    let mut spot = order
        .offers
        .iter()
        .filter(|offer| offer.is_spot())
        .peekable();
    if spot.peek().is_none() {
        return;
    }
    if machines.iter().any(|machine| machine.offer.is_spot()) {
        memory.droughts.remove(&order.pool);
    }
    let is_dry = spot.all(|offer| unavailable.iter().any(|(failed, _)| failed == offer));
    let is_short = machines.len() < order.count as usize;
    let failed = unavailable.iter().find(|(offer, _)| offer.is_spot());
    if let (Some((_, word)), true) = (failed, is_dry || is_short) {
        let drought = memory.droughts.entry(order.pool.clone());
        drought
            .or_insert_with(|| Drought {
                since: now,
                asked_at: now,
                word: String::new(),
            })
            .word
            .clone_from(word);
    }
    if let Some(drought) = memory.droughts.get_mut(&order.pool) {
        drought.asked_at = now;
    }
}
