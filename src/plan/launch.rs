//! Step 3: whom to start. Every pool asks for what it misses, and all share the room that is left.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::id::PoolName;
use crate::model::money::MicroDollars;
use crate::model::offer::Offer;
use crate::model::plan::WaitReason;
use crate::model::pool::{Policy, PoolPolicy};
use crate::model::snapshot::{BootRecord, Memory, Snapshot};
use crate::model::time::Timestamp;

use super::caps::Room;
use super::supply::Supply;

/// What one pool needs beyond what it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Machines for queued jobs and the reserve.
    pub missing: u32,
    /// How many of them may be for the reserve.
    pub reserve: u32,
    /// Machines that are worth launching ahead of demand, beyond those.
    pub ahead: u32,
}

/// What one pool would like to launch, and what it may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Machines that are needed and not there.
    pub missing: u32,
    /// How many of them jobs wait for; the rest is reserve.
    pub urgent: u32,
    /// Machines of the pool that count against the caps already.
    pub alive: u32,
    /// How many of the missing ones the pool's own limits allow.
    pub allowed: u32,
    /// How many it may launch ahead of demand, if all the others come.
    pub ahead: u32,
    /// Which of those limits is the tightest, if it allows less than what is missing.
    pub obstacle: Option<WaitReason>,
    /// Offers that are not known to be without capacity, the best first.
    pub offers: Vec<Offer>,
}

impl Request {
    /// Whether nothing is to be launched.
    fn is_empty(&self) -> bool {
        self.allowed == 0 && self.ahead == 0
    }
}

/// What one pool gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// Machines to launch.
    pub count: u32,
    /// What stood in the way of launching all that is missing.
    pub obstacle: Option<WaitReason>,
}

/// What one pool may ask for, by its own limits alone.
pub fn request(
    name: &PoolName,
    policy: &PoolPolicy,
    memory: &Memory,
    supply: Supply,
    need: Need,
    now: Timestamp,
) -> Request {
    let missing = need.missing;
    let offers = available_offers(name, policy, memory, now);
    let limits = [
        refusal_limit(name, memory, now),
        offer_limit(name, policy, &offers, memory, now),
        breaker_limit(name, policy, memory, supply, now),
        Some(pool_limit(policy, supply)),
    ];
    let tightest = limits
        .into_iter()
        .flatten()
        .min_by_key(|(allowed, _)| *allowed);
    let (allowed, obstacle) = match tightest {
        Some((allowed, reason)) if allowed < missing => (allowed, Some(reason)),
        Some(_) | None => (missing, None),
    };
    let is_free = obstacle.is_none() && !is_troubled(name, policy, &offers, memory);
    let ahead = if is_free {
        need.ahead.min(speculative_room(
            policy.machines_max,
            supply.alive.saturating_add(missing),
        ))
    } else {
        0
    };
    Request {
        missing,
        urgent: missing.saturating_sub(need.reserve),
        alive: supply.alive,
        allowed,
        ahead,
        obstacle,
        offers,
    }
}

/// What may be launched ahead of demand next to so many machines: the last fifth of a cap is
/// kept for jobs.
pub fn speculative_room(machines_max: u32, there: u32) -> u32 {
    (machines_max - machines_max.div_ceil(5)).saturating_sub(there)
}

/// Whether launching has failed lately: then jobs are served first, and nothing is guessed.
fn is_troubled(name: &PoolName, policy: &PoolPolicy, offers: &[Offer], memory: &Memory) -> bool {
    let boots = memory
        .boots
        .get(name)
        .and_then(|boots| boots.get(&policy.template.tag()));
    let has_failed = boots
        .is_some_and(|record| 0 < record.failures || policy.breaker.failures_max <= record.unknown);
    has_failed || memory.refused.contains_key(name) || offers.is_empty()
}

/// Shares the room among the pools, one machine a turn: jobs before reserves, and whoever has the
/// fewest machines first, so that no pool starves another. Without the cloud's list nothing is
/// launched: what cannot be counted cannot be capped. Each grant stands where its request does.
pub fn share(
    requests: &[Request],
    snapshot: &Snapshot,
    policy: &Policy,
    now: Timestamp,
) -> Vec<Grant> {
    let grant = |request: &Request| Grant {
        count: 0,
        obstacle: request.obstacle.clone(),
    };
    let mut grants: Vec<Grant> = requests.iter().map(grant).collect();
    // What nobody asks for need not be counted either, and most ticks launch nothing.
    if requests.iter().all(Request::is_empty) {
        return grants;
    }
    let mut room = Room::left(snapshot, policy, now);
    let mut turns: BTreeSet<Turn> = requests
        .iter()
        .enumerate()
        .filter(|(_, request)| 0 < request.allowed)
        .map(|(at, request)| turn(at, request, 0))
        .collect();
    while let Some((_, _, at)) = turns.pop_first() {
        let (request, grant) = (&requests[at], &mut grants[at]);
        match room.take(dearest(&request.offers)) {
            Ok(()) => grant.count += 1,
            Err(reason) => {
                grant.obstacle = Some(reason);
                continue;
            }
        }
        if grant.count < request.allowed {
            turns.insert(turn(at, request, grant.count));
        }
    }
    share_ahead(requests, &mut room, &mut grants);
    grants
}

/// A pool's place in the row: those for whose jobs nothing is launched yet come first, among them
/// those with the fewest machines, and of equals the first.
type Turn = (bool, u32, usize);

fn turn(at: usize, request: &Request, granted: u32) -> Turn {
    let is_reserve = request.urgent <= granted;
    (is_reserve, request.alive.saturating_add(granted), at)
}

/// What is left after every pool's jobs, down to the share that is kept for jobs to come.
fn share_ahead(requests: &[Request], room: &mut Room, grants: &mut [Grant]) {
    let open = requests.iter().zip(grants);
    let open = open.filter(|(_, grant)| grant.obstacle.is_none());
    let open = open.map(|(request, grant)| (request, grant, request.ahead));
    let mut open: Vec<_> = open.filter(|(_, _, left)| 0 < *left).collect();
    while !open.is_empty() {
        open.retain_mut(|(request, grant, left)| {
            if !room.take_ahead(dearest(&request.offers)) {
                return false;
            }
            grant.count += 1;
            *left -= 1;
            0 < *left
        });
    }
}

/// What a machine costs at most: which offer the cloud takes is not known before.
fn dearest(offers: &[Offer]) -> MicroDollars {
    offers
        .iter()
        .map(|offer| offer.hourly)
        .max()
        .unwrap_or_default()
}

/// Offers that are not left alone; while spot is waited for, no on-demand ones.
fn available_offers(
    name: &PoolName,
    policy: &PoolPolicy,
    memory: &Memory,
    now: Timestamp,
) -> Vec<Offer> {
    let waits_for_spot = waits_for_spot(name, policy, memory, now);
    let is_early = |offer: &Offer| waits_for_spot && !offer.is_spot();
    let offers = policy.offers.iter();
    offers
        .filter(|offer| !is_early(offer) && memory.shortage(offer, now).is_none())
        .cloned()
        .collect()
}

/// Whether on-demand offers have to wait: there are spot offers too, and those have not failed for
/// as long as they may.
fn waits_for_spot(name: &PoolName, policy: &PoolPolicy, memory: &Memory, now: Timestamp) -> bool {
    let failing = memory.droughts.get(name).map(|drought| drought.since);
    let failing_for = failing.map_or(Duration::ZERO, |since| now.since(since));
    policy.offers.iter().any(Offer::is_spot) && failing_for < policy.spot_patience
}

fn pool_limit(policy: &PoolPolicy, supply: Supply) -> (u32, WaitReason) {
    let machines_max = policy.machines_max;
    let reason = if machines_max == 0 {
        WaitReason::Draining
    } else {
        WaitReason::PoolCap { machines_max }
    };
    (machines_max.saturating_sub(supply.alive), reason)
}

/// Nothing, if every offer is left alone or waits for spot.
fn offer_limit(
    name: &PoolName,
    policy: &PoolPolicy,
    offers: &[Offer],
    memory: &Memory,
    now: Timestamp,
) -> Option<(u32, WaitReason)> {
    if !offers.is_empty() {
        return None;
    }
    let shortages = policy.offers.iter();
    let shortages = shortages.filter_map(|offer| memory.shortage(offer, now));
    let first = shortages.min().cloned().unwrap_or_default();
    let has_on_demand = policy.offers.iter().any(|offer| !offer.is_spot());
    let drought = memory.droughts.get(name).filter(|drought| {
        let on_demand_at = drought.since.plus(policy.spot_patience);
        has_on_demand && now < on_demand_at && on_demand_at < first.until
    });
    let reason = match drought {
        Some(drought) => WaitReason::SpotPatience {
            since: drought.since,
            patience: policy.spot_patience,
            word: drought.word.clone(),
        },
        None => WaitReason::NoCapacity {
            until: first.until,
            word: first.word,
        },
    };
    Some((0, reason))
}

fn refusal_limit(name: &PoolName, memory: &Memory, now: Timestamp) -> Option<(u32, WaitReason)> {
    let refusal = memory
        .refused
        .get(name)
        .filter(|refusal| now < refusal.until)?;
    Some((
        0,
        WaitReason::Refused {
            word: refusal.reason.clone(),
            until: refusal.until,
        },
    ))
}

/// Closed: no limit. Open: nothing. Half-open, after the pause: one machine at a time, as long as
/// also machines that ended without evidence are followed by others.
fn breaker_limit(
    name: &PoolName,
    policy: &PoolPolicy,
    memory: &Memory,
    supply: Supply,
    now: Timestamp,
) -> Option<(u32, WaitReason)> {
    let BootRecord {
        failures,
        failed_at,
        unknown,
    } = *memory.boots.get(name)?.get(&policy.template.tag())?;
    let one_at_a_time = 1_u32.saturating_sub(supply.booting);
    if failures < policy.breaker.failures_max {
        let is_unknown = policy.breaker.failures_max <= unknown;
        return is_unknown.then_some((one_at_a_time, WaitReason::BootsUnknown { unknown }));
    }
    let until = failed_at.plus(policy.breaker.pause);
    if now < until {
        return Some((0, WaitReason::BreakerOpen { until, failures }));
    }
    Some((one_at_a_time, WaitReason::BreakerProbing))
}
