//! What a process remembers from tick to tick: hints, whose loss costs money, never correctness.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::beside::beside;
use crate::model::id::{MachineId, PoolName, TemplateVersion};
use crate::model::job::AgentState;
use crate::model::machine::{Machine, Phase};
use crate::model::plan::EndReason;
use crate::model::roll::{Heard, Roll};
use crate::model::snapshot::{BootRecord, Memory, PoolView, Refusal, Sighting};
use crate::model::time::Timestamp;
use crate::ports::{LaunchError, Launched};

use super::apply::Outcome;
use super::{queue, shortage};

/// How long a launched machine may be missing from the cloud's list before it is given up
/// (design.md section 7: an id that is not found yet is not gone).
pub const LEDGER_LIMIT: Duration = Duration::from_secs(300);
/// How long a pool is stopped whose configuration the cloud refuses. Long enough to be no storm,
/// short enough that a repaired template is picked up without a restart.
pub const REFUSED_FOR: Duration = Duration::from_secs(300);
/// How long launches are remembered for the hourly limit.
const LAUNCHES_REMEMBERED: Duration = Duration::from_secs(3600);

/// Takes in what was just seen, before it is decided upon.
pub fn see(
    memory: &mut Memory,
    pools: &BTreeMap<PoolName, PoolView>,
    machines: Option<&BTreeMap<MachineId, Machine>>,
    now: Timestamp,
) {
    // The oldest come first, and mostly there is none to forget.
    while let Some(oldest) = memory.launches.first_entry() {
        if now.since(*oldest.key()) < LAUNCHES_REMEMBERED {
            break;
        }
        oldest.remove();
    }
    shortage::forget(memory, now);
    queue::see(memory, pools, now);
    memory.refused.retain(|_, refusal| now < refusal.until);
    let Some(machines) = machines else { return };
    memory.ledger.retain(|id, machine| {
        !machines.contains_key(id) && now.since(machine.launched_at) < LEDGER_LIMIT
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
        look_at_agent(sighting, machine, roll.heard(machine), now);
        look_at_boot(sighting, machine, &mut memory.boots, now);
    }
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
            Outcome::Ended { .. } | Outcome::EndFailed { .. } => {}
        }
    }
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

fn look_at_agent(sighting: &mut Sighting, machine: &Machine, heard: Heard, now: Timestamp) {
    let console = machine.console.unwrap_or_default();
    if console.registered || console.log_closed {
        sighting.registered_at.get_or_insert(now);
    }
    match heard {
        Heard::Present(report) => {
            sighting.registered_at.get_or_insert(now);
            sighting.missing_since = None;
            if report.state == AgentState::Running {
                sighting.running_since.get_or_insert(now);
            }
        }
        Heard::Absent if sighting.registered_at.is_some() => {
            sighting.missing_since.get_or_insert(now);
        }
        Heard::Nothing if console.log_closed => {
            sighting.missing_since.get_or_insert(now);
        }
        Heard::Absent | Heard::Nothing => {}
    }
}

/// One boot that succeeds closes the breaker; one that ends without an agent counts against it,
/// once. Only its console proves that a machine which is gone never had an agent: it may have
/// run a short job between two looks.
fn look_at_boot(sighting: &mut Sighting, machine: &Machine, boots: &mut Boots, now: Timestamp) {
    if sighting.registered_at == Some(now) {
        boots
            .entry(machine.pool.clone())
            .or_default()
            .remove(&machine.template);
        return;
    }
    let has_ended = match machine.phase {
        Phase::Stopping | Phase::Gone => true,
        Phase::Pending | Phase::Running => false,
    };
    let unregistered = machine.console.is_some_and(|marks| !marks.registered);
    if has_ended && unregistered && sighting.registered_at.is_none() && !sighting.boot_failed {
        sighting.boot_failed = true;
        sighting.boot_failed_at = Some(now);
        count_failure(boots, machine, now);
    }
}

fn record_boot_limit(memory: &mut Memory, machine: &Machine, now: Timestamp) {
    let sighting = memory.sightings.entry(machine.id.clone()).or_default();
    if !sighting.boot_failed {
        sighting.boot_failed = true;
        sighting.boot_failed_at = Some(now);
        count_failure(&mut memory.boots, machine, now);
    }
}

type Boots = BTreeMap<PoolName, BTreeMap<TemplateVersion, BootRecord>>;

fn count_failure(boots: &mut Boots, machine: &Machine, now: Timestamp) {
    let record = boots
        .entry(machine.pool.clone())
        .or_default()
        .entry(machine.template.clone())
        .or_default();
    record.failures = record.failures.saturating_add(1);
    record.failed_at = now;
}
