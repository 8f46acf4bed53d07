//! Whether what a plan terminates is backed by more than one answer that may be wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Violation;
use crate::model::id::{MachineId, PoolName};
use crate::model::machine::{Machine, Phase};
use crate::model::plan::{EndReason, MachineVerdict};
use crate::model::snapshot::Snapshot;
use crate::model::time::Timestamp;

/// How long an agent list that lacks many agents must have lacked them.
const LASTED: Duration = Duration::from_secs(300);
/// How many answers in a row must have lacked an agent.
const ANSWERS: u32 = 3;
/// How far two clocks may be apart.
const APART_MAX: Duration = Duration::from_secs(60);

pub(super) fn check_evidence(
    snapshot: &Snapshot,
    verdicts: &[(&MachineId, &MachineVerdict)],
    now: Timestamp,
    found: &mut Vec<Violation>,
) {
    let offsets = [snapshot.clocks.hub, snapshot.clocks.cloud];
    let clocks_disagree = offsets.iter().flatten().any(|it| APART_MAX < it.span());
    let mut doubtful: BTreeMap<&PoolName, usize> = BTreeMap::new();
    for (id, verdict) in verdicts {
        let MachineVerdict::End { reason } = verdict else {
            continue;
        };
        if clocks_disagree {
            found.push(Violation::Clock((*id).clone()));
        }
        // A machine that is not listed is said elsewhere.
        let listed = snapshot.machines.as_ref();
        let Some(machine) = listed.and_then(|machines| machines.get(*id)) else {
            continue;
        };
        if !rests_on_the_agent_list(machine, *reason) {
            continue;
        }
        let sighting = snapshot.memory.sightings.get(*id).copied();
        let sighting = sighting.unwrap_or_default();
        let has_lasted = sighting
            .absent_since
            .is_some_and(|since| LASTED <= now.since(since));
        if is_contradicted(snapshot, machine) {
            found.push(Violation::Contradicted((*id).clone()));
        } else if sighting.absent_answers < ANSWERS && !has_lasted {
            found.push(Violation::FewAnswers(
                (*id).clone(),
                sighting.absent_answers,
            ));
        }
        if !has_lasted {
            *doubtful.entry(&machine.pool).or_default() += 1;
        }
    }
    for (pool, count) in doubtful {
        let machines = snapshot.machines.iter().flatten();
        let remembered = snapshot.memory.ledger.iter();
        let of_pool = machines.chain(remembered).map(|(_, machine)| machine);
        let of_pool = of_pool.filter(|machine| machine.pool == *pool);
        let alive = of_pool.filter(|machine| machine.phase != Phase::Gone);
        if 1 < count && alive.count() < count * 5 - 4 {
            found.push(Violation::Unconfirmed(pool.clone(), count));
        }
    }
}

/// Whether the console does not prove it and an agent that is not listed is the only evidence.
fn rests_on_the_agent_list(machine: &Machine, reason: EndReason) -> bool {
    match reason {
        EndReason::AgentLeft { .. } => machine.console.is_none_or(|marks| !marks.log_closed),
        EndReason::BootLimit { .. } => machine.console.is_none(),
        EndReason::Lifetime { .. } => false,
    }
}

/// Whether the hub did not count its agents, or counted more than it listed.
fn is_contradicted(snapshot: &Snapshot, machine: &Machine) -> bool {
    let view = snapshot.pools.get(&machine.pool);
    let listed = view
        .and_then(|view| view.agents.as_ref())
        .map(BTreeMap::len);
    let counts = view.and_then(|view| view.counts);
    let counted = counts.map(|counts| counts.idle as usize + counts.occupied as usize);
    match (listed, counted) {
        (Some(listed), Some(counted)) => listed < counted,
        (Some(_), None) | (None, _) => true,
    }
}
