//! What is remembered, after this host's clock was set back.
//!
//! A clock that was a day ahead has left moments of tomorrow behind. A back-off that ends tomorrow
//! would stop a pool for a day, and launches of tomorrow would use up the hourly limit for as long.

use std::time::Duration;

use crate::model::snapshot::{Memory, Sighting};
use crate::model::time::Timestamp;

use super::memory::{REFUSED_FOR, TERMINATION_RETRY_MAX};
use super::shortage::UNAVAILABLE_FOR;

/// Moves every moment that lies ahead to `now`, and every deadline to the latest that it could
/// have been set to now, if the clock shows an earlier moment than in the last tick.
pub(super) fn forget_the_future(memory: &mut Memory, now: Timestamp) {
    let is_set_back = now < memory.ticked_at;
    memory.ticked_at = now;
    if !is_set_back {
        return;
    }
    let past = |at: &mut Timestamp| *at = (*at).min(now);
    let deadline = |at: &mut Timestamp, span: Duration| *at = (*at).min(now.plus(span));
    let of_tomorrow = memory.launches.split_off(&now);
    let launched: u32 = of_tomorrow
        .values()
        .fold(0, |sum, it| sum.saturating_add(*it));
    if 0 < launched {
        memory.launches.insert(now, launched);
    }
    memory
        .ledger
        .values_mut()
        .for_each(|it| past(&mut it.launched_at));
    for shortage in memory.unavailable.values_mut() {
        deadline(&mut shortage.until, UNAVAILABLE_FOR);
    }
    for drought in memory.droughts.values_mut() {
        past(&mut drought.since);
        past(&mut drought.asked_at);
    }
    for refusal in memory.refused.values_mut() {
        deadline(&mut refusal.until, REFUSED_FOR);
    }
    for refused in memory.refused_terminations.values_mut() {
        deadline(&mut refused.retry_at, TERMINATION_RETRY_MAX);
    }
    let boots = memory.boots.values_mut().flat_map(|it| it.values_mut());
    boots.for_each(|record| past(&mut record.failed_at));
    memory
        .agent_quota
        .iter_mut()
        .for_each(|it| past(&mut it.refused_at));
    let signs = memory.agent_signs.values_mut();
    signs.flat_map(|it| it.seen_at.iter_mut()).for_each(past);
    let waiting = memory.waiting.values_mut().flat_map(|it| it.values_mut());
    waiting.for_each(past);
    memory
        .sightings
        .values_mut()
        .flat_map(moments)
        .for_each(past);
}

/// Every moment of a sighting.
fn moments(sighting: &mut Sighting) -> impl Iterator<Item = &mut Timestamp> {
    let Sighting {
        registered_at,
        running_since,
        missing_since,
        absent_since,
        absent_answers: _,
        unlisted_since,
        unlisted_at,
        boot_failed: _,
        boot_unknown: _,
        refused_by_hub: _,
        boot_failed_at,
        console_read_at,
        console_reads: _,
    } = sighting;
    let all = [
        registered_at,
        running_since,
        missing_since,
        absent_since,
        unlisted_since,
        unlisted_at,
        boot_failed_at,
        console_read_at,
    ];
    all.into_iter().flatten()
}
