//! What a process remembers from tick to tick: hints, whose loss costs money, never correctness.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::beside::beside;
use crate::model::clock::ClockOffsets;
use crate::model::id::{MachineId, PoolName};
use crate::model::job::AgentState;
use crate::model::machine::{Machine, Phase};
use crate::model::plan::EndReason;
use crate::model::roll::{Heard, Roll};
use crate::model::snapshot::{Memory, PoolView, Refusal, Sighting};
use crate::model::time::Timestamp;
use crate::ports::{CloudError, LaunchError, Launched};

use super::apply::Outcome;
use super::{boots, clock_step, queue, quota, shortage};

/// How long a launched machine may be missing from the cloud's list before it is given up
/// (design.md section 7: an id that is not found yet is not gone).
pub const LEDGER_LIMIT: Duration = Duration::from_secs(300);
/// How long a pool is stopped whose configuration the cloud refuses. Long enough to be no storm,
/// short enough that a repaired template is picked up without a restart.
pub const REFUSED_FOR: Duration = Duration::from_secs(300);
/// How long a machine is left alone that the cloud refuses to terminate: the first time, and at most.
const TERMINATION_RETRY_FIRST: Duration = Duration::from_secs(30);
pub(super) const TERMINATION_RETRY_MAX: Duration = Duration::from_secs(240);
/// How long the hub's agent list may fail to come within a row of answers that lack an agent.
const GAP_MAX: Duration = Duration::from_secs(30);
/// How long launches are remembered for the hourly limit.
const LAUNCHES_REMEMBERED: Duration = Duration::from_secs(3600);

/// Takes in what was just seen, before it is decided upon.
pub fn see(
    memory: &mut Memory,
    pools: &BTreeMap<PoolName, PoolView>,
    machines: Option<&BTreeMap<MachineId, Machine>>,
    clocks: ClockOffsets,
    now: Timestamp,
) {
    // One failed request ends no row of answers, and neither does a long pause between ticks.
    let gap_max = now.since(memory.ticked_at).max(GAP_MAX);
    clock_step::forget_the_future(memory, now);
    // While clocks disagree nobody knows how long ago anything was.
    let is_aged = clocks.disagreement().is_none();
    // The oldest come first, and mostly there is none to forget.
    while let Some(oldest) = memory.launches.first_entry() {
        if !is_aged || now.since(*oldest.key()) < LAUNCHES_REMEMBERED {
            break;
        }
        oldest.remove();
    }
    shortage::forget(memory, now);
    boots::note_signs(memory, pools, now);
    queue::see(memory, pools, now);
    memory.refused.retain(|_, refusal| now < refusal.until);
    let Some(machines) = machines else { return };
    memory.refused_terminations.retain(|id, _| {
        let listed = machines.get(id);
        listed.is_some_and(|machine| machine.phase != Phase::Gone)
    });
    memory.ledger.retain(|id, machine| {
        let is_given_up = is_aged && LEDGER_LIMIT <= now.since(machine.launched_at);
        !machines.contains_key(id) && !is_given_up
    });
    // Most ticks list the same machines as the last, and then no map is made anew.
    if !memory.sightings.keys().eq(machines.keys()) {
        let listed = beside(machines, &memory.sightings);
        let listed =
            listed.map(|(id, _, before)| (id.clone(), before.copied().unwrap_or_default()));
        memory.sightings = listed.collect();
    }
    let mut roll = Roll::new(pools);
    for (machine, sighting) in machines.values().zip(memory.sightings.values_mut()) {
        look_at_agent(sighting, machine, roll.heard(machine), gap_max, now);
        let signs = memory.agent_signs.get(&machine.pool);
        let seen_at = signs.and_then(|signs| signs.seen_at);
        boots::observe(sighting, machine, seen_at, &mut memory.boots, now);
    }
    quota::observe(memory, pools, machines, now);
}

/// Takes in what became of the plan.
pub fn record(
    memory: &mut Memory,
    machines: Option<&BTreeMap<MachineId, Machine>>,
    outcomes: &[Outcome],
    now: Timestamp,
) {
    for outcome in outcomes {
        match outcome {
            Outcome::Launched { order, launched } => {
                let Launched {
                    machines,
                    unavailable,
                } = launched;
                shortage::record(memory, order, machines, unavailable, now);
                record_launch(memory, launched, now);
            }
            Outcome::LaunchFailed { order, error } => match error {
                LaunchError::NoCapacity { reason } => {
                    let offers = order.offers.iter().cloned();
                    let unavailable: Vec<_> = offers.map(|it| (it, reason.clone())).collect();
                    shortage::record(memory, order, &[], &unavailable, now);
                }
                LaunchError::Refused { reason } => {
                    let refusal = Refusal {
                        reason: reason.clone(),
                        until: now.plus(REFUSED_FOR),
                    };
                    memory.refused.insert(order.pool.clone(), refusal);
                }
                // The next tick asks again, with the same token if nothing has changed.
                LaunchError::Throttled | LaunchError::Unknown { .. } => {}
            },
            Outcome::Ended {
                machine,
                reason: EndReason::BootLimit { .. },
            } => {
                // What is ended has been listed, or nobody could have known its boot limit.
                if let Some(machine) = machines.and_then(|machines| machines.get(machine)) {
                    record_boot_limit(memory, machine, now);
                }
            }
            Outcome::EndFailed {
                machine,
                error: CloudError::Refused(refusal),
                ..
            } => record_refused_termination(memory, machine, refusal, now),
            Outcome::Ended { .. } | Outcome::EndFailed { .. } => {}
        }
    }
}

/// Attempts get rarer, so that a machine that stays protected costs no call in every tick.
fn record_refused_termination(
    memory: &mut Memory,
    machine: &MachineId,
    refusal: &str,
    now: Timestamp,
) {
    let refusals = &mut memory.refused_terminations;
    let record = refusals.entry(machine.clone()).or_default();
    let doublings = record.refusals.min(16);
    let pause = TERMINATION_RETRY_FIRST.saturating_mul(1 << doublings);
    record.refusals = record.refusals.saturating_add(1);
    record.refusal = refusal.to_owned();
    record.retry_at = now.plus(pause.min(TERMINATION_RETRY_MAX));
}

fn record_launch(memory: &mut Memory, launched: &Launched, now: Timestamp) {
    let new = launched
        .machines
        .iter()
        .filter(|machine| !memory.sightings.contains_key(&machine.id))
        .cloned()
        .map(|machine| (machine.id.clone(), machine));
    let before = memory.ledger.len();
    memory.ledger.extend(new);
    // A repeated token gives machines that the ledger has already; they were launched once.
    let added = u32::try_from(memory.ledger.len() - before).unwrap_or(u32::MAX);
    if 0 < added {
        *memory.launches.entry(now).or_default() += added;
    }
}

fn look_at_agent(
    sighting: &mut Sighting,
    machine: &Machine,
    heard: Heard,
    gap_max: Duration,
    now: Timestamp,
) {
    let console = machine.console.unwrap_or_default();
    if console.registered || console.log_closed {
        sighting.registered_at.get_or_insert(now);
    }
    match heard {
        Heard::Present(report) => {
            sighting.registered_at.get_or_insert(now);
            sighting.missing_since = None;
            forget_absence(sighting);
            if report.state == AgentState::Running {
                sighting.running_since.get_or_insert(now);
            }
        }
        Heard::Absent => {
            note_unlisted(sighting, gap_max, now);
            sighting.absent_since.get_or_insert(now);
            sighting.absent_answers = sighting.absent_answers.saturating_add(1);
            if sighting.registered_at.is_some() {
                sighting.missing_since.get_or_insert(now);
            }
        }
        Heard::Unlisted | Heard::Nothing => {
            if heard == Heard::Unlisted {
                note_unlisted(sighting, gap_max, now);
            }
            if console.log_closed {
                sighting.missing_since.get_or_insert(now);
            }
        }
    }
}

/// The list came without the agent. After a gap the row begins anew: what was seen before the gap
/// and after it does not show what was in between.
fn note_unlisted(sighting: &mut Sighting, gap_max: Duration, now: Timestamp) {
    let is_gap = sighting
        .unlisted_at
        .is_some_and(|at| gap_max < now.since(at));
    if is_gap {
        forget_absence(sighting);
        sighting.missing_since = None;
    }
    sighting.unlisted_since.get_or_insert(now);
    sighting.unlisted_at = Some(now);
}

fn forget_absence(sighting: &mut Sighting) {
    sighting.absent_since = None;
    sighting.absent_answers = 0;
    sighting.unlisted_since = None;
    sighting.unlisted_at = None;
}

fn record_boot_limit(memory: &mut Memory, machine: &Machine, now: Timestamp) {
    let sighting = memory.sightings.entry(machine.id.clone()).or_default();
    if !sighting.boot_failed {
        sighting.boot_failed = true;
        sighting.boot_failed_at = Some(now);
        boots::count_failure(&mut memory.boots, machine, now);
    }
}
