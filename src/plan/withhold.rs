//! Step 4b: terminations that are withheld, because the evidence for them is weak, because the clocks
//! disagree, or because the cloud refuses them.
//!
//! The evidence of one machine does not tell a machine whose agent left from a list that is wrong
//! for the whole pool. Only the number of them does: so many agents do not leave in one minute,
//! and if they do, their machines power themselves off.

use crate::model::machine::Machine;
use crate::model::plan::{EndReason, KeepReason, MachineVerdict};
use crate::model::snapshot::{Memory, Sighting, Snapshot};
use crate::model::time::Timestamp;

use super::census::{ANSWERS_MIN, CONFIRMED_AFTER, Census, Counted, lasts};

/// How many of a pool's machines may be terminated in one tick without that confirmation.
pub fn share(alive: usize) -> usize {
    alive.div_ceil(5).max(1)
}

/// Turns the terminations of one pool that must wait into reasons to stay.
pub fn withhold(
    census: &Census<'_>,
    verdicts: &mut [MachineVerdict],
    snapshot: &Snapshot,
    now: Timestamp,
) {
    withhold_unconfirmed(census, verdicts, &snapshot.memory, now);
    for ((_, counted), verdict) in census.iter().zip(verdicts) {
        withhold_one(counted.machine, verdict, snapshot, now);
    }
}

/// Turns the termination of one machine into a reason to stay, where it must wait.
pub fn withhold_one(
    machine: &Machine,
    verdict: &mut MachineVerdict,
    snapshot: &Snapshot,
    now: Timestamp,
) {
    let MachineVerdict::End { reason: wanted } = *verdict else {
        return;
    };
    let refused = snapshot.memory.refused_terminations.get(&machine.id);
    let answers = answers(machine, wanted, &snapshot.memory, now);
    let reason = if snapshot.clocks.disagreement().is_some() {
        KeepReason::ClocksDisagree { wanted }
    } else if let Some(refused) = refused.filter(|refused| now < refused.retry_at) {
        KeepReason::TerminationRefused {
            wanted,
            refusal: refused.refusal.clone(),
            until: refused.retry_at,
        }
    } else if answers < ANSWERS_MIN {
        KeepReason::TooFewAnswers { wanted, answers }
    } else {
        return;
    };
    *verdict = MachineVerdict::Keep { reason };
}

fn withhold_unconfirmed(
    census: &Census<'_>,
    verdicts: &mut [MachineVerdict],
    memory: &Memory,
    now: Timestamp,
) {
    let until = |counted: &Counted<'_>, verdict: &MachineVerdict| {
        unconfirmed_until(counted.machine, verdict, memory, now)
    };
    let pairs = census.iter().zip(verdicts.iter());
    let unconfirmed = pairs.filter(|((_, counted), verdict)| until(counted, verdict).is_some());
    let unconfirmed = unconfirmed.count();
    if unconfirmed == 0 {
        return;
    }
    let machines = census.iter().map(|(_, counted)| counted.machine);
    let alive = machines.filter(|machine| machine.phase.is_alive()).count();
    if unconfirmed <= share(alive) {
        return;
    }
    let machines = u32::try_from(unconfirmed).unwrap_or(u32::MAX);
    for ((_, counted), verdict) in census.iter().zip(verdicts) {
        if let MachineVerdict::End { reason } = *verdict
            && let Some(until) = until(counted, verdict)
        {
            let reason = KeepReason::Unconfirmed {
                wanted: reason,
                machines,
                until,
            };
            *verdict = MachineVerdict::Keep { reason };
        }
    }
}

/// How many answers of the hub a termination rests on; enough, where it rests on something else or
/// has lasted for minutes.
fn answers(machine: &Machine, wanted: EndReason, memory: &Memory, now: Timestamp) -> u32 {
    let sighting = sighting(machine, memory);
    if rests_on_the_list(machine, wanted) && !lasts(sighting.absent_since, now) {
        sighting.absent_answers
    } else {
        ANSWERS_MIN
    }
}

fn sighting(machine: &Machine, memory: &Memory) -> Sighting {
    let sighting = memory.sightings.get(&machine.id).copied();
    sighting.unwrap_or_default()
}

/// Whether nothing but the hub's agent list says that the agent is missing.
fn rests_on_the_list(machine: &Machine, wanted: EndReason) -> bool {
    match wanted {
        EndReason::BootLimit { .. } => machine.console.is_none(),
        EndReason::AgentLeft { .. } => !machine.console.is_some_and(|marks| marks.log_closed),
        EndReason::Lifetime { .. } => false,
    }
}

/// When a termination that rests on the hub's agent list alone is confirmed; `None` for one that
/// is, for one that has other evidence, and for a machine that stays.
fn unconfirmed_until(
    machine: &Machine,
    verdict: &MachineVerdict,
    memory: &Memory,
    now: Timestamp,
) -> Option<Timestamp> {
    let MachineVerdict::End { reason } = *verdict else {
        return None;
    };
    if !rests_on_the_list(machine, reason) {
        return None;
    }
    let absent_since = sighting(machine, memory).absent_since;
    let until = absent_since.unwrap_or(now).plus(CONFIRMED_AFTER);
    (now < until).then_some(until)
}
